"""Threads that wait for threads."""

from __future__ import annotations

import concurrent.futures as cf
import queue
import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from pytest_integrations import FakeRest
    from pytest_integrations.timekeeping import VirtualClock


def test_two_sleeps_at_once_do_not_add_up(virtual_clock: VirtualClock) -> None:
    threads = [threading.Thread(target=time.sleep, args=(seconds,)) for seconds in (3, 5, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert virtual_clock.now == 5.0


def test_a_heartbeat_beats_in_time(virtual_clock: VirtualClock) -> None:
    beats, stop = [], threading.Event()

    def run() -> None:
        while not stop.wait(1):
            beats.append(virtual_clock.now)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(10.5)
    stop.set()
    thread.join()

    assert beats == list(range(1, 11))
    assert virtual_clock.now == 10.5


def test_a_full_queue_pushes_back(virtual_clock: VirtualClock) -> None:
    jobs: queue.Queue[int] = queue.Queue(maxsize=2)
    seen = []

    def consume() -> None:
        for _ in range(3):
            time.sleep(4)
            jobs.get()

    thread = threading.Thread(target=consume)
    thread.start()
    for job in range(5):
        try:
            jobs.put(job, timeout=3)
            seen.append(("put", virtual_clock.now))
        except queue.Full:
            seen.append(("full", virtual_clock.now))
    thread.join()

    assert seen == [("put", 0), ("put", 0), ("full", 3), ("put", 4), ("full", 7)]


def test_futures(virtual_clock: VirtualClock) -> None:
    with cf.ThreadPoolExecutor(4) as pool:
        short, long = pool.submit(time.sleep, 3), pool.submit(time.sleep, 8)
        with pytest.raises(cf.TimeoutError):
            long.result(timeout=5)
        assert virtual_clock.now == 5.0
        done, waiting = cf.wait([short, long], timeout=1)
        assert (done, waiting, virtual_clock.now) == ({short}, {long}, 6.0)
        with pytest.raises(cf.TimeoutError):
            list(cf.as_completed([short, long], timeout=1.5))
        assert virtual_clock.now == 7.5

    assert virtual_clock.now == 8.0


def test_a_timer_and_join(virtual_clock: VirtualClock) -> None:
    timer = threading.Timer(12, lambda: None)
    timer.start()
    timer.join(timeout=5)
    assert timer.is_alive()
    assert virtual_clock.now == 5.0

    timer.join(timeout=60)
    assert not timer.is_alive()
    assert virtual_clock.now == 12.0


def test_a_notification_is_not_lost(virtual_clock: VirtualClock) -> None:
    condition, seen = threading.Condition(), []

    def wait() -> None:
        with condition:
            seen.append((condition.wait(10), virtual_clock.now))

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(4)
    with condition:
        condition.notify(2)
    for thread in threads:
        thread.join()

    assert sorted(seen) == [(False, 10.0), (True, 4.0), (True, 4.0)]


def test_a_condition_that_is_not_held_is_refused(virtual_clock: VirtualClock) -> None:
    with pytest.raises(RuntimeError, match="un-acquired"):
        threading.Condition().wait(1)


def test_eight_clients_at_once(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    """Each with a backoff of its own: the time is the longest, not the sum."""
    shop.get("/<int:client>").reply(503)

    def run(client: int) -> float:
        for attempt in range(3):
            requests.get(f"{shop.url}/{client}", timeout=5)
            time.sleep((client + 1) * 2**attempt / 10)
        return virtual_clock.now

    with cf.ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(run, range(8)))

    assert ends == [round((client + 1) * 0.7, 4) for client in range(8)]
    assert len(shop.calls) == 24
