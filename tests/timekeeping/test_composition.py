"""Suites of somebody else, with other plugins and runners in them: what is theirs stays real, what is tested jumps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

_QUIET = ("-p", "no:randomly", "-p", "no:cacheprovider")
_TESTS_IN_SECONDS = re.compile(r" in (\d+\.\d+)s")


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a file in a process of its own, where warnings are errors.

    It is not measured: a signal whose handler raises may come while coverage has its lock, which then stays locked.
    """
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=source)
        return pytester.runpytest_subprocess(*_QUIET, "-W", "error", *options, timeout=60)

    return run


EVERYTHING = """
import asyncio, threading, time, unittest
import anyio, freezegun, pytest, requests, time_machine, trio
from hypothesis import given, settings, strategies as st
from pytest_integrations import FakeRest
from pytest_integrations.faults import status
from pytest_integrations.timekeeping import VirtualClock

NEW_YEAR = 1893456000  # 2030-01-01

def back_off(fake):
    for attempt in range(5):
        if requests.get(fake.url, timeout=5).ok:
            return
        time.sleep(2 ** attempt)

def test_time_machine_around_the_clock():
    with time_machine.travel(NEW_YEAR, tick=False), VirtualClock() as clock:
        time.sleep(3600)
        assert time.time() == pytest.approx(NEW_YEAR + 3600, abs=0.01) and clock.now == 3600
    assert time.time() < NEW_YEAR

def test_time_machine_in_the_test(virtual_clock):
    time.sleep(5)
    with time_machine.travel(NEW_YEAR, tick=False) as traveller:
        time.sleep(600)
        assert time.time() == pytest.approx(NEW_YEAR + 600, abs=0.01)
        traveller.shift(86400)  # the wall clock alone
        assert virtual_clock.now == 605
    assert time.time() < NEW_YEAR

@freezegun.freeze_time("2030-01-01")
def test_freezegun_in_the_test(virtual_clock):
    time.sleep(60)
    assert time.time() == pytest.approx(NEW_YEAR + 60, abs=0.01) and virtual_clock.now == 60

@settings(max_examples=15, deadline=5000)
@given(st.integers(1, 4))
def test_hypothesis(times):
    with VirtualClock() as clock, FakeRest() as fake:
        fake.get("/").reply(text="ok")
        fake.inject(*[status(503)] * times)
        back_off(fake)
        assert clock.now == 2 ** times - 1

@settings(max_examples=10, deadline=5000)
@given(st.floats(0.001, 1e3))
def test_hypothesis_draws_the_wait(seconds):
    with VirtualClock() as clock:
        time.sleep(seconds)
        assert clock.now == pytest.approx(seconds, abs=1e-3)

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_anyio(virtual_clock, anyio_backend):
    with anyio.move_on_after(5):
        await anyio.sleep_forever()
    await anyio.sleep(30)
    await anyio.to_thread.run_sync(time.sleep, 2)
    assert virtual_clock.now == 37

def test_asyncio_run(virtual_clock):
    async def main():
        await asyncio.gather(asyncio.sleep(3), asyncio.sleep(7))
        await asyncio.wait_for(asyncio.to_thread(time.sleep, 2), 5)
    asyncio.run(main())
    assert virtual_clock.now == 9

def test_trio(virtual_clock):
    async def main():
        with trio.move_on_after(5):
            await trio.sleep_forever()
        await trio.sleep(0.25)
    trio.run(main)
    assert virtual_clock.now == 5.25

@pytest.mark.virtual_time
class TestUnittest(unittest.TestCase):
    def setUp(self):
        self.began = time.monotonic()
        self.fake = FakeRest().start()
        self.addCleanup(self.fake.stop)

    def test_method(self):
        self.fake.get("/").reply(503)
        back_off(self.fake)
        assert 31 < time.monotonic() - self.began < 31.01

class TestAsyncUnittest(unittest.IsolatedAsyncioTestCase):
    async def test_method(self):
        with VirtualClock() as clock:
            await asyncio.sleep(100)
            assert clock.now == 100

def test_heartbeat(virtual_clock):
    beats, stop = [], threading.Event()
    def beat():
        while not stop.wait(1):
            beats.append(virtual_clock.now)
    thread = threading.Thread(target=beat)
    thread.start()
    time.sleep(10.5)
    stop.set()
    thread.join()
    assert beats == list(range(1, 11))

def test_time_is_real_again():
    assert time.monotonic() == pytest.approx(time.clock_gettime(time.CLOCK_MONOTONIC), abs=1)
"""
_COUNT = 13


def test_other_tools_for_time_and_other_runners(run: Run) -> None:
    """About two virtual hours, in seconds, and no test takes long by the real clock of `--durations`."""
    result = run(EVERYTHING, "--durations=0", "-vv", "--timeout=20")

    result.assert_outcomes(passed=_COUNT)
    spent = [float(found) for found in re.findall(r"([\d.]+)s call", result.stdout.str())]
    assert len(spent) == _COUNT
    assert max(spent) < 15


def test_workers_of_xdist(run: Run) -> None:
    """Each worker has a time of its own."""
    result = run(EVERYTHING, "-n", "2")

    result.assert_outcomes(passed=_COUNT)


HANGS = """
import time

def test_hangs(virtual_clock):
    time.sleep(1000)
    while True:
        time.monotonic()

def test_next(virtual_clock):
    time.sleep(1000)
    assert virtual_clock.now == 1000
"""


def test_pytest_timeout_bounds_real_time(run: Run) -> None:
    """A thousand virtual seconds are no reason for it to fire, a loop that polls the clock is."""
    result = run(HANGS, "--timeout=1", "--timeout-method=signal")

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*Timeout*1*"])
    took = _TESTS_IN_SECONDS.search(result.stdout.str())
    assert took is not None
    assert 1 <= float(took[1]) < 30


def test_pytest_timeout_with_a_thread(run: Run) -> None:
    """It ends the whole run, as it always does, and by the real clock."""
    result = run(HANGS, "--timeout=1", "--timeout-method=thread")

    assert result.ret != 0
    assert "Timeout" in result.stdout.str() + result.stderr.str()
    assert "test_it.py" in result.stdout.str() + result.stderr.str()


REFUSED = """
import pytest

def test_it(virtual_clock):
    pass
"""

UVLOOP = """
import asyncio
class EventLoopPolicy(asyncio.DefaultEventLoopPolicy): pass
asyncio.set_event_loop_policy(EventLoopPolicy())
"""


def test_uvloop_in_use_is_refused(run: Run, pytester: pytest.Pytester) -> None:
    """By a module that sets its policy as the real one does; only `pip install uvloop` would be more honest."""
    pytester.makepyfile(uvloop=UVLOOP)
    pytester.makeconftest("import uvloop")

    result = run(REFUSED, "-W", "default")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*VirtualTimeUnavailable*uvloop*"])


WARNED = """
import threading, time
import pytest

def test_wait_out_of_reach(virtual_clock):
    lock = threading.Lock()
    lock.acquire()
    thread = threading.Thread(target=lambda: lock.acquire(timeout=0.2), name="waiter")
    thread.start()
    try:
        time.sleep(5)
    finally:
        thread.join()
        time.sleep(3)  # the driver lives on

def test_next(virtual_clock):
    threading.Thread(target=time.sleep, args=(3000,), name="left behind").start()
    time.sleep(5)
    assert virtual_clock.now == 5

def test_nobody_is_left():
    for thread in threading.enumerate():
        if thread.name == "left behind":
            thread.join(5)
    assert not [thread for thread in threading.enumerate() if thread.name in {"waiter", "left behind", "virtual-clock"}]
"""


def test_a_warning_that_is_an_error_fails_that_test_alone(run: Run) -> None:
    """And it names who waits; threads left behind are let go when the test ends."""
    result = run(WARNED)

    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(["*thread 'waiter' waits with a timeout that virtual time cannot reach*"])
