"""Other tools that deal with time."""

from __future__ import annotations

import select
import selectors
import subprocess
import sys
import time
from types import ModuleType
from typing import Any

import pytest
import time_machine

from pytest_integrations.core.clock import IN_FORCE
from pytest_integrations.timekeeping import VirtualClock, VirtualTimeUnavailable
from pytest_integrations.timekeeping.neighbours import REAL_MODULES

NEW_YEAR = 1893456000.0  # 2030-01-01


@pytest.mark.parametrize("tick", [True, False])
def test_time_machine_outside_is_moved_along(*, tick: bool) -> None:
    with time_machine.travel(NEW_YEAR, tick=tick), VirtualClock():
        time.sleep(3600)
        assert time.time() == pytest.approx(NEW_YEAR + 3600, abs=5)


@pytest.mark.parametrize("tick", [True, False])
def test_time_machine_inside_is_moved_along(*, tick: bool) -> None:
    with VirtualClock() as clock, time_machine.travel(NEW_YEAR, tick=tick):
        clock.sleep(60)
        assert time.time() == pytest.approx(NEW_YEAR + 60, abs=5)
        assert IN_FORCE.wall().year == 2030


def test_a_start_of_its_own_goes_before_a_traveller() -> None:
    with time_machine.travel(NEW_YEAR, tick=False), VirtualClock(start=0):
        assert time.time() == 0


def test_freezegun_inside_is_moved_along() -> None:
    freezegun = pytest.importorskip("freezegun")
    with VirtualClock() as clock, freezegun.freeze_time("2030-01-01"):
        clock.sleep(60)
        assert time.time() == pytest.approx(NEW_YEAR + 60, abs=0.01)


def test_freezegun_outside_is_refused() -> None:
    freezegun = pytest.importorskip("freezegun")
    replaced = r"fake_monotonic.* stands in the place|freezegun is active"
    with freezegun.freeze_time("2030-01-01"), pytest.raises(RuntimeError, match=replaced), VirtualClock():
        pass
    assert time.time() < NEW_YEAR


def test_modules_that_bound_the_run_keep_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("hypothesis.made_up")
    module.monotonic, module.time = time.monotonic, time
    monkeypatch.setitem(sys.modules, module.__name__, module)
    before = dict(vars(module))

    with VirtualClock():
        time.sleep(10_000 / 10)
        assert module.monotonic() == pytest.approx(time.clock_gettime(time.CLOCK_MONOTONIC), abs=1)
        assert module.time.perf_counter() == pytest.approx(time.clock_gettime(time.CLOCK_MONOTONIC), abs=1)
        assert module.time.time() < time.time() - 900

    assert all(vars(module)[name] is value for name, value in before.items())
    assert "_pytest" in REAL_MODULES


@pytest.mark.parametrize("name", ["gevent", "eventlet"])
def test_patched_threads_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType(name)
    module.is_module_patched = module.is_monkey_patched = lambda _: True
    monkeypatch.setitem(sys.modules, f"{name}.monkey" if name == "gevent" else f"{name}.patcher", module)
    with pytest.raises(VirtualTimeUnavailable, match=f"{name} has replaced threads"), VirtualClock():
        pass


def test_uvloop_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", ModuleType("uvloop"))
    with VirtualClock():  # it is there, but not in use
        pass
    monkeypatch.setattr("pytest_integrations.timekeeping.neighbours._asyncio_policy", lambda: "uvloop")
    with pytest.raises(VirtualTimeUnavailable, match="uvloop keeps time in C"), VirtualClock():
        pass


def test_trio() -> None:
    trio = pytest.importorskip("trio")

    async def main() -> float:
        with trio.move_on_after(5):
            await trio.sleep_forever()
        await trio.sleep(0.25)
        return clock.now

    with VirtualClock() as clock:
        assert trio.run(main) == 5.25


def test_a_deadlock_in_trio_is_one() -> None:
    """It looks in once a day where nobody waits for a time, which is no more than asyncio's wait without an end.

    In a process of its own: trio leaves its tasks where they wait, and what becomes of them is told at any time.
    """
    pytest.importorskip("trio")
    program = """
import trio
from pytest_integrations.timekeeping import Stalled, VirtualClock

async def main():
    await trio.sleep(7)
    await trio.sleep_forever()

with VirtualClock(stall=0.1, limit=1e6) as clock:
    try:
        trio.run(main)
    except Stalled as stalled:
        print(clock.now, stalled)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    first, where = done.stdout.splitlines()
    assert first.startswith("7.0 virtual clock at 7 s: every thread waits for ever, and no wait has a timeout")
    assert "MainThread: " in where
    assert "in get_events" in where


def test_more_than_a_day_in_trio_is_no_deadlock() -> None:
    trio = pytest.importorskip("trio")

    with VirtualClock(stall=0.1, limit=1e6) as clock:
        trio.run(trio.sleep, 100_000)
        assert clock.now == 100_000


def test_a_trio_that_waits_for_a_thread_is_woken_by_it() -> None:
    """The thread has something to wait for, so that it is no deadlock, however long that is."""
    trio = pytest.importorskip("trio")

    async def main() -> float:
        await trio.to_thread.run_sync(time.sleep, 200_000)
        await trio.sleep(1)
        return clock.now

    with VirtualClock(stall=0.1, limit=1e6) as clock:
        assert trio.run(main) == 200_001


def test_a_day_of_somebody_else_is_a_day() -> None:
    """Beside a trio that is there but does not run."""
    pytest.importorskip("trio")

    with VirtualClock(stall=0.1, limit=1e6) as clock, selectors.DefaultSelector() as selector:
        assert not selector.select(86_400)
        assert not select.epoll().poll(86_400)
        assert clock.now == 172_800
