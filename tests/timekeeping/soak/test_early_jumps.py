"""Time does not move while a thread computes; and the test of that can see a clock that is wrong."""

from __future__ import annotations

import threading
import time

import pytest

from pytest_integrations.timekeeping import VirtualClock
from pytest_integrations.timekeeping.idle import LinuxProbe
from tests.timekeeping.soak.bench import busy_machine

LONG = pytest.param(600, marks=pytest.mark.soak)


class OneLook(LinuxProbe):
    """A probe that looks once: a thread that waits for the GIL seems to be idle."""

    def is_idle(self) -> bool:
        self.seen = self._look(threading.get_native_id()) or {}
        return bool(self.seen)


def compute(clock: VirtualClock, seen: list[float], number: int) -> None:
    """Compute for a while, and let go of the GIL now and then: else all take turns with the probe, in step."""
    for step in range(20):
        sum(range(2000 * (1 + (number * 7 + step) % 5)))
        time.sleep(0)
        seen.append(clock.now)


def early_jumps(times: int, probe: type[LinuxProbe] = LinuxProbe) -> int:
    """Have six threads compute while one waits; return in how many of so many rounds time moved meanwhile."""
    early = 0
    for _ in range(times):
        seen: list[float] = []
        with VirtualClock(probe=probe()) as clock:
            threads = [threading.Thread(target=compute, args=(clock, seen, number)) for number in range(6)]
            for thread in threads:
                thread.start()
            clock.sleep(1)
            for thread in threads:
                thread.join()
        assert len(seen) == 120
        early += any(seen)
    return early


@pytest.mark.parametrize("times", [60, LONG])
def test_no_early_jump(times: int) -> None:
    """One that waits for the GIL sleeps in the kernel as well, and is not idle."""
    assert early_jumps(times) == 0


@pytest.mark.soak
def test_no_early_jump_on_a_busy_machine() -> None:
    """Nor one that waits for a processor."""
    with busy_machine(8):
        assert early_jumps(100) == 0


@pytest.mark.filterwarnings("ignore:virtual clock at")  # it also takes the GIL for a wait out of reach
def test_a_probe_that_looks_once_is_found_out() -> None:
    """The guard of the tests above: without the second look they fail, here in about every third round."""
    assert any(early_jumps(20, OneLook) for _ in range(10))


def wait(clock: VirtualClock, ended: list[float], seconds: float) -> None:
    time.sleep(seconds)
    ended.append(clock.now)


@pytest.mark.parametrize("times", [20, pytest.param(400, marks=pytest.mark.soak)])
def test_a_thread_left_behind_is_let_go(times: int) -> None:
    """However close the end of the clock is to the end of its wait, and time does not go on after it."""
    for number in range(times):
        ended: list[float] = []
        with VirtualClock() as clock:
            threads = [threading.Thread(target=wait, args=(clock, ended, seconds)) for seconds in (1, 3000)]
            for thread in threads:
                thread.start()
            clock.sleep(number % 2)
        for thread in threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in threads)
        assert len(ended) == 2
        assert max(ended) <= 1
