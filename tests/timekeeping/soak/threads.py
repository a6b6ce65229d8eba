"""Threads that wait for threads, and a queue in memory."""

from __future__ import annotations

import concurrent.futures as cf
import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import requests

from tests.timekeeping.soak.bench import scenario

if TYPE_CHECKING:
    from pytest_integrations import FakeRest
    from pytest_integrations.timekeeping import VirtualClock


@scenario(([round((client + 1) * 0.7, 4) for client in range(8)], 24, 5.6))
def eight_clients_in_a_pool(fake: FakeRest, clock: VirtualClock) -> object:
    """The time is the longest, not the sum."""
    fake.get("/<int:client>").reply(503)

    def run(client: int) -> float:
        for attempt in range(3):
            requests.get(f"{fake.url}/{client}", timeout=5)
            time.sleep((client + 1) * 2**attempt / 10)
        return clock.now

    with cf.ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(run, range(8)))
    return ends, len(fake.calls), clock.now


@scenario([("result", 5.0), (1, 1, 6.0), ("done", True, 6.0), ("as completed", 7.5), 8.0])
def timeouts_of_futures(_: FakeRest, clock: VirtualClock) -> object:
    seen: list[object] = []
    with cf.ThreadPoolExecutor(4) as pool:
        short, long = pool.submit(time.sleep, 3), pool.submit(time.sleep, 8)
        try:
            long.result(timeout=5)
        except cf.TimeoutError:
            seen.append(("result", clock.now))
        done, waiting = cf.wait([short, long], timeout=1)
        seen.append((len(done), len(waiting), clock.now))
        try:
            for future in cf.as_completed([short, long], timeout=1.5):
                seen.append(("done", future is short, clock.now))  # noqa: PERF401 -- it is the loop that times out
        except cf.TimeoutError:
            seen.append(("as completed", clock.now))
    return [*seen, clock.now]


@scenario(([float(beat) for beat in range(1, 11)], 10.5))
def heartbeats(_: FakeRest, clock: VirtualClock) -> object:
    beats, stop = [], threading.Event()

    def run() -> None:
        while not stop.wait(1):
            beats.append(clock.now)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(10.5)
    stop.set()
    thread.join()
    return beats, clock.now


@scenario(([0.0, 30.0, 60.0], [("m", 3)], 90.0))
def visibility_timeout(_: FakeRest, clock: VirtualClock) -> object:
    """A message that nobody acknowledges comes back after 30 s, and goes to the dead letters after the third time."""
    changed = threading.Condition()
    ready, dead, received = [("m", 0)], [], []
    in_flight: dict[str, tuple[float, int]] = {}

    def sweep() -> None:
        with changed:
            while not dead:
                due = min((until for until, _ in in_flight.values()), default=None)
                changed.wait(None if due is None else max(due - time.monotonic(), 0))
                for key, (until, count) in list(in_flight.items()):
                    if until <= time.monotonic():
                        del in_flight[key]
                        (dead if count >= 3 else ready).append((key, count))
                        changed.notify_all()

    def receive(seconds: float) -> None:
        end = time.monotonic() + seconds
        with changed:
            while not ready:
                left = end - time.monotonic()
                if left <= 0:
                    return
                changed.wait(left)
            key, count = ready.pop()
            in_flight[key] = (time.monotonic() + 30, count + 1)
            changed.notify_all()
            received.append(clock.now)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    while not dead:
        receive(25)
    sweeper.join()
    return received, dead, min(clock.now, 90.0)


@scenario([("put", 0.0), ("put", 0.0), ("full", 3.0), ("put", 4.0), ("full", 7.0)])
def full_queue(_: FakeRest, clock: VirtualClock) -> object:
    jobs: queue.Queue[int] = queue.Queue(maxsize=2)
    seen = []

    def consume() -> None:
        for _ in range(3):
            time.sleep(4)
            jobs.get()

    thread = threading.Thread(target=consume)
    thread.start()
    for job in range(5):
        word = "full"
        with suppress(queue.Full):
            jobs.put(job, timeout=3)
            word = "put"
        seen.append((word, clock.now))
    thread.join()
    return seen


@scenario([(True, 5.0), 12.0, (False, 12.0)])
def timer_and_join(_: FakeRest, clock: VirtualClock) -> object:
    seen: list[object] = []
    timer = threading.Timer(12, lambda: seen.append(clock.now))
    timer.start()
    timer.join(timeout=5)
    seen.append((timer.is_alive(), clock.now))
    timer.join()
    return [*seen, (timer.is_alive(), clock.now)]
