"""All threads wait for ever, and one of a library in C looks for work now and then: that is no progress."""

from __future__ import annotations

import _thread
import ctypes
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.timekeeping import Stalled, VirtualClock, stillness

if TYPE_CHECKING:
    from collections.abc import Iterator

_libc = ctypes.CDLL(None)


def real() -> float:
    """Return the real time."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


@pytest.fixture
def ticking() -> Iterator[None]:
    """A thread that Python's `threading` does not know, as those of libraries, and that wakes 20 times a second."""
    end = threading.Event()
    ended = threading.Event()

    def tick() -> None:
        while not end.is_set():
            _libc.usleep(50_000)
        ended.set()

    _thread.start_new_thread(tick, ())
    yield
    end.set()
    assert ended.wait(5)


@pytest.mark.usefixtures("ticking")
def test_a_deadlock_is_told_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stillness, "_FOR_LIBRARIES", 0.8)
    began = real()
    with VirtualClock(stall=0.2), pytest.raises(Stalled, match="every thread waits for ever"):
        threading.Event().wait()
    assert 0.8 <= real() - began < 8


def test_without_it_the_deadlock_is_told_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stillness, "_FOR_LIBRARIES", 600)
    with VirtualClock(stall=0.2), pytest.raises(Stalled, match="every thread waits for ever"):
        threading.Event().wait()


@pytest.mark.usefixtures("ticking")
def test_what_a_library_brings_in_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes later than a deadlock would be told, were nobody there."""
    monkeypatch.setattr(stillness, "_FOR_LIBRARIES", 30)
    came = threading.Event()

    def bring() -> None:
        _libc.usleep(600_000)
        came.set()

    _thread.start_new_thread(bring, ())
    with VirtualClock(stall=0.2) as clock:
        assert came.wait()
        assert clock.now == 0
