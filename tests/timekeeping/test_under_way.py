"""Work that no thread can be seen at: time waits for it, though not for ever."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.core.under_way import UNDER_WAY
from pytest_integrations.timekeeping import VirtualClock, driver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def real() -> float:
    """Return the real time."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


@pytest.fixture
def say() -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Say that there is such work, for the length of the test."""
    said = list(UNDER_WAY)
    yield UNDER_WAY.append
    UNDER_WAY[:] = said


def test_time_waits_for_what_is_under_way(say: Callable[[Callable[[], bool]], None]) -> None:
    began = real()
    say(lambda: real() - began < 0.2)
    with VirtualClock() as clock:
        time.sleep(10)
        assert clock.now == 10
    assert 0.2 <= real() - began < 2


def test_time_does_not_wait_for_ever(
    say: Callable[[Callable[[], bool]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each jump it waits as long."""
    monkeypatch.setattr(driver, "_CREDIT", 0.2)
    say(lambda: True)
    began = real()
    with VirtualClock() as clock:
        time.sleep(10)
        time.sleep(10)
        assert clock.now == 20
    assert 0.4 <= real() - began < 5


def test_it_waits_though_threads_wake_now_and_then(
    say: Callable[[Callable[[], bool]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of grpcio do, which look whether there is work; they bring no further time."""
    monkeypatch.setattr(driver, "_CREDIT", 0.3)
    say(lambda: True)
    end = threading.Event()
    out = threading.Lock()
    out.acquire()

    def look() -> None:
        while not end.is_set():
            out.acquire(timeout=0.05)

    looking = threading.Thread(target=look)
    looking.start()
    began = real()
    try:
        with VirtualClock() as clock:
            time.sleep(10)
            assert clock.now == 10
    finally:
        end.set()
        looking.join()
    assert 0.3 <= real() - began < 5


def test_nobody_is_stuck_while_something_is_under_way(say: Callable[[Callable[[], bool]], None]) -> None:
    began = real()
    done = threading.Event()

    def is_at_work() -> bool:
        if real() - began > 0.5:
            done.set()
        return not done.is_set()

    say(is_at_work)
    with VirtualClock(stall=0.1):
        assert done.wait()


def test_it_costs_nothing_where_nothing_is(say: Callable[[Callable[[], bool]], None]) -> None:
    say(lambda: False)
    began = real()
    with VirtualClock() as clock:
        for _ in range(100):
            time.sleep(1)
        assert clock.now == 100
    assert real() - began < 2
