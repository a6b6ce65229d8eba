"""Deadlocks, clocks that never stop, and waits out of reach: each is told, with who waits where."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from _thread import allocate_lock
from contextlib import suppress

import pytest
import requests

from pytest_integrations import FakeRest
from pytest_integrations.faults import hang
from pytest_integrations.timekeeping import Stalled, VirtualClock
from pytest_integrations.timekeeping.idle import FramesProbe


def test_a_deadlock_names_who_waits_where() -> None:
    gate, jobs = threading.Event(), queue.Queue[int]()

    def consume() -> None:
        jobs.get()

    with VirtualClock(stall=0.1, explain=lambda: ["fakes: nothing is held back"]):
        threading.Thread(target=consume, name="consumer", daemon=True).start()
        time.sleep(7)
        with pytest.raises(Stalled) as caught:
            gate.wait()
    jobs.put(1)

    text = str(caught.value)
    assert text.startswith("virtual clock at 7 s: every thread waits for ever")
    assert f"consumer: {__file__}:" in text
    assert "in consume: jobs.get() (waits in wait, " in text
    assert "MainThread: " in text
    assert "gate.wait()" in text
    assert "fakes: nothing is held back" in text


def test_a_client_without_a_timeout() -> None:
    """It would hang for ever in reality as well."""
    with VirtualClock(stall=0.1), FakeRest() as fake:
        fake.get("/").reply(text="ok")
        fake.inject(hang())
        with pytest.raises(Stalled, match=r"requests.get\(fake.url\)"):
            requests.get(fake.url)


def test_tasks_of_asyncio_that_wait_for_ever_are_named_with_their_lines() -> None:
    """Their thread waits in the selector of the loop, which a framework runs: that says nothing of who waits."""

    async def consume(jobs: asyncio.Queue[int]) -> int:
        return await jobs.get()

    async def main() -> None:
        await asyncio.create_task(consume(asyncio.Queue()), name="consumer")

    with VirtualClock(stall=0.1), pytest.raises(Stalled) as caught:
        asyncio.run(main())

    text = str(caught.value)
    assert f"  consumer: {__file__}:" in text
    assert "in consume: return await jobs.get()" in text
    assert 'in main: await asyncio.create_task(consume(asyncio.Queue()), name="consumer")' in text


def test_it_is_not_swallowed_by_who_retries_whatever_fails() -> None:
    assert not issubclass(Stalled, Exception)


def test_the_limit() -> None:
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(10):
            pass

    with VirtualClock(limit=100) as clock:
        threading.Thread(target=beat, daemon=True).start()
        with pytest.raises(Stalled, match="would take more than 100 virtual seconds"):
            threading.Event().wait()
        assert clock.now == 100
        stop.set()
        clock.sleep(50)  # what cleans up may wait


def test_a_loop_that_polls_the_clock_without_waiting() -> None:
    def spin() -> None:  # until it has been noticed, which may take its time on a busy machine
        end = time.clock_gettime(time.CLOCK_MONOTONIC) + 30
        while not caught and time.clock_gettime(time.CLOCK_MONOTONIC) < end:
            time.monotonic()

    def look_on(clock: VirtualClock) -> None:
        threading.Thread(target=spin, name="spinner").start()
        clock.sleep(5)
        assert clock.now == 5

    with (
        VirtualClock(busy=0.05) as clock,
        pytest.warns(UserWarning, match=r"time cannot move: .* at work") as caught,
    ):
        look_on(clock)
    assert len(caught) == 1
    assert "spinner: " in str(caught[0].message)


@pytest.mark.parametrize("kind", ["lock", "simple queue"])
def test_a_wait_out_of_reach_is_named(kind: str) -> None:
    lock, jobs = allocate_lock(), queue.SimpleQueue[int]()
    lock.acquire()

    def wait() -> None:
        if kind == "lock":
            lock.acquire(timeout=0.3)
        else:
            with suppress(queue.Empty):
                jobs.get(timeout=0.3)

    with VirtualClock() as clock:
        thread = threading.Thread(target=wait, name="waiter")
        thread.start()
        with pytest.warns(UserWarning, match=r"thread 'waiter' waits with a timeout") as caught:
            clock.sleep(5)
        thread.join()
    assert "(timeout=0.3)" in str(caught[0].message)


@pytest.mark.filterwarnings("error")
def test_a_warning_that_is_an_error_is_raised_in_the_test() -> None:
    """And the driver lives on."""
    lock = allocate_lock()
    lock.acquire()
    with VirtualClock() as clock:
        thread = threading.Thread(target=lambda: lock.acquire(timeout=0.1))
        thread.start()
        with pytest.raises(UserWarning, match="virtual time cannot reach"):
            clock.sleep(5)
        clock.sleep(1)
        thread.join()


def test_a_driver_that_fails_is_told() -> None:
    class Broken(FramesProbe):
        def is_idle(self) -> bool:
            return bool(1 / 0)

    with VirtualClock(probe=Broken()) as clock, pytest.raises(Stalled, match="its driver failed: ZeroDivisionError"):
        clock.sleep(1)


def test_outside_the_main_thread_it_is_a_warning() -> None:
    """There is no way to interrupt another thread: its waits are let go with the clock."""
    seen: list[str] = []

    def run() -> None:
        with VirtualClock(limit=10) as clock, pytest.warns(UserWarning, match="more than 10 virtual") as caught:
            clock.sleep(11)
        seen.extend(str(each.message) for each in caught)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(seen) == 1
