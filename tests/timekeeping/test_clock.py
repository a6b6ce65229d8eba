"""What a test asks of the clock, and that nothing is left of it."""

from __future__ import annotations

import datetime as dt
import os
import select
import selectors
import signal
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
import time_machine

from pytest_integrations.core.clock import IN_FORCE, REAL
from pytest_integrations.timekeeping import Jump, RealTimeClock, VirtualClock, real_time


def test_sleep_takes_no_time() -> None:
    before = time.perf_counter()
    with VirtualClock() as clock:
        time.sleep(1000)
        clock.sleep(500)
        assert clock.now == 1500
    assert time.perf_counter() - before < 10


def test_sleep_comes_after_what_is_due_at_its_end_also_if_that_wait_began_later() -> None:
    done = []

    def work() -> None:
        time.sleep(10)
        time.sleep(50)  # to second 60, and begun after the test's own wait for that second
        done.append("work")

    with VirtualClock() as clock:
        worker = threading.Thread(target=work)
        worker.start()
        clock.settle()
        clock.sleep(60)
        assert (clock.now, done) == (60, ["work"])
        worker.join()


def test_code_that_reads_a_clock_sees_the_wait_and_a_hair() -> None:
    """So that `now - then > 30` holds after `sleep(30)`, as it does in reality."""
    with VirtualClock():
        clocks = (time.monotonic, time.perf_counter, time.time, lambda: time.monotonic_ns() / 1e9)
        before = [clock() for clock in clocks]
        time.sleep(30)
        passed = [clock() - start for clock, start in zip(clocks, before, strict=True)]
    assert all(30 < each < 30.0001 for each in passed)


def test_nominal_times_are_exact() -> None:
    with VirtualClock() as clock:
        for _ in range(100):
            time.sleep(0.1)
        assert clock.now == 10.0
        assert IN_FORCE.exact


def test_jumps_tell_who_waited_for_what() -> None:
    with VirtualClock() as clock:
        threading.Thread(target=lambda: threading.Event().wait(2), name="helper").start()
        time.sleep(5)
        first, second = clock.jumps

    assert isinstance(first, Jump)
    assert (first.start, first.end, first.thread, first.wait, first.seconds) == (0, 2, "helper", "Condition.wait", 2)
    assert (second.start, second.end, second.thread, second.wait) == (
        2,
        5,
        threading.current_thread().name,
        "time.sleep",
    )
    assert second.length == 3
    assert 0 < first.real < second.real < 5
    with pytest.raises(FrozenInstanceError):
        first.start = 1  # type: ignore[misc]


def test_settle_lets_the_others_run_and_no_time_pass() -> None:
    seen: list[int] = []
    with VirtualClock() as clock:
        threading.Thread(target=lambda: [seen.append(sum(range(100_000))), time.sleep(1), seen.append(2)]).start()
        clock.settle()
        assert len(seen) == 1
        assert clock.now == 0
        clock.sleep(1)
        clock.settle()
        assert len(seen) == 2


def test_real_time_stops_virtual_time() -> None:
    with VirtualClock() as clock:
        ticking = threading.Thread(target=time.sleep, args=(100,))
        ticking.start()
        with clock.real_time(), real_time():
            before = time.perf_counter()
            time.sleep(0.02)
            assert time.perf_counter() - before >= 0.02
        assert clock.now == 0
        ticking.join()
        assert clock.now == 100


def test_it_begins_at_a_whole_second() -> None:
    """An HTTP date has a grain of a second."""
    before = time.time()
    with VirtualClock():
        began = time.time()
    assert began % 1 == 0
    assert 0 <= began - before < 2


@pytest.mark.parametrize(
    "start",
    [
        "2030-01-02T03:04:05",
        "2030-01-02T04:04:05+01:00",
        dt.datetime(2030, 1, 2, 3, 4, 5),  # noqa: DTZ001 -- without a zone it is UTC
        dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        1893553445,
        1893553445.0,
    ],
)
def test_start(start: Any) -> None:
    zone = time.tzname
    with VirtualClock(start=start) as clock:
        time.sleep(0.5)
        clock.sleep(1)
        assert dt.datetime.now(dt.UTC).replace(microsecond=0) == dt.datetime(2030, 1, 2, 3, 4, 6, tzinfo=dt.UTC)
        assert clock.wall() == IN_FORCE.wall() == dt.datetime(2030, 1, 2, 3, 4, 6, 500_000, tzinfo=dt.UTC)
        assert time.tzname == zone
    assert time.tzname == zone


def test_time_zone() -> None:
    """A clock on the wall in Berlin jumps at two in the morning of that day."""
    zone = time.tzname
    with VirtualClock(start="2026-03-29T01:59:50", time_zone="Europe/Berlin"):
        assert time.localtime()[3:6] == (1, 59, 50)
        time.sleep(15)
        assert time.localtime()[3:6] == (3, 0, 5)
        assert dt.datetime.now().hour == 3  # noqa: DTZ005 -- local time is the point
    assert time.tzname == zone

    with VirtualClock(time_zone="Asia/Tokyo"):
        assert time.tzname[0] == "JST"
    with VirtualClock(start=0, time_zone="Asia/Tokyo"):
        assert time.localtime()[:4] == (1970, 1, 1, 9)


@pytest.mark.parametrize("name", ["limit", "stall", "busy"])
def test_settings_are_above_zero(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} = 0: expected a number of seconds above 0"):
        VirtualClock(**{name: 0})


def test_there_is_one_time_only() -> None:
    with VirtualClock(), pytest.raises(RuntimeError, match="in force already"), VirtualClock():
        pass
    assert time.monotonic() == pytest.approx(time.clock_gettime(time.CLOCK_MONOTONIC), abs=1)


def test_the_same_clock_again() -> None:
    clock = VirtualClock()
    for _ in range(2):
        with clock:
            time.sleep(3)
            assert clock.now == 3
    clock.sleep(0.001)  # in reality, as it is not in force
    clock.settle()
    assert clock.now == 3
    assert repr(clock) == "<VirtualClock at 3 s>"


def _patched() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for owner in (
        threading.Condition,
        threading.Thread,
        type(select.poll()),
        select.epoll,
        selectors.EpollSelector,
        selectors.PollSelector,
        ssl.SSLSocket,
        socket.socket,
        subprocess.Popen,
        socket,
        time,
        select,
        dt,
    ):
        found |= {f"{owner.__name__}.{name}": value for name, value in vars(owner).items()}
    found["signal"] = signal.getsignal(signal.SIGURG)
    return found


@pytest.mark.parametrize("how", ["left", "raised", "failed to begin", "clean-up failed"])
def test_everything_is_the_very_same_object_afterwards(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with VirtualClock():  # what is imported for it, is
        pass
    before, threads = _patched(), threading.enumerate()
    files = {file.name for file in Path("/proc/self/fd").iterdir()}

    if how == "raised":
        with pytest.raises(KeyError), VirtualClock():
            raise KeyError
    elif how == "failed to begin":
        with monkeypatch.context() as patch:
            patch.setattr("pytest_integrations.timekeeping.outside.install", lambda _: 1 / 0)
            with pytest.raises(ZeroDivisionError), VirtualClock():
                pass
    elif how == "clean-up failed":
        with pytest.raises(ZeroDivisionError), VirtualClock() as clock:
            clock._patches.callback(lambda: 1 / 0)
    else:
        with VirtualClock():
            assert _patched() != before
            time.sleep(1)

    after = _patched()
    assert [name for name in before.keys() | after.keys() if before.get(name) is not after.get(name)] == []
    assert threading.enumerate() == threads
    assert {file.name for file in Path("/proc/self/fd").iterdir()} <= files
    assert not time_machine.escape_hatch.is_travelling()
    assert time.monotonic() == pytest.approx(time.clock_gettime(time.CLOCK_MONOTONIC), abs=1)
    assert repr(IN_FORCE) == "<ClockInForce RealClock()>"
    assert not IN_FORCE.exact


def test_our_time_never_runs_back() -> None:
    seen = [IN_FORCE.monotonic()]
    for seconds in (100, 1):
        with VirtualClock() as clock:
            seen.append(IN_FORCE.monotonic())
            clock.sleep(seconds)
            seen.append(IN_FORCE.monotonic())
        seen.append(IN_FORCE.monotonic())
    assert seen == sorted(seen)
    assert seen[2] - seen[1] == pytest.approx(100, abs=1e-6)


def test_monotonic_time_does_not_run_back_from_one_clock_to_the_next() -> None:
    with VirtualClock():
        time.sleep(1000)
        late = time.monotonic()
    with VirtualClock():
        assert time.monotonic() >= late


def test_threads_left_behind_are_let_go() -> None:
    with VirtualClock():
        thread = threading.Thread(target=time.sleep, args=(3000,))
        thread.start()
        threading.Thread(target=time.sleep, args=(1,)).start()
    thread.join(5)
    assert not thread.is_alive()


def test_a_child_of_a_fork_has_real_time() -> None:
    with VirtualClock() as clock:
        time.sleep(100)
        child = os.fork()
        if child == 0:
            real = time.monotonic() - time.clock_gettime(time.CLOCK_MONOTONIC)
            before = time.monotonic()
            time.sleep(0.01)
            clock.sleep(0.01)
            passed = time.monotonic() - before
            wall = abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME))
            os._exit(0 if 0.02 <= passed < 5 and abs(real) < 1 and wall < 1 and not IN_FORCE.exact else 1)
        with real_time():
            _, status = os.waitpid(child, 0)
        assert status == 0
        time.sleep(1)
        assert clock.now == 101


def test_the_real_clock_has_the_same_face() -> None:
    with RealTimeClock() as clock:
        clock.sleep(0.01)
        clock.settle()
        with clock.real_time():
            assert clock.now >= 0.06
        assert clock.jumps == ()
        assert not clock.exact
        assert abs(clock.monotonic() - REAL.monotonic()) < 1
        assert abs(clock.wall() - REAL.wall()) < dt.timedelta(seconds=1)
    assert repr(clock).startswith("<RealTimeClock at ")
    public = {name for name in dir(VirtualClock) if not name.startswith("_")}
    assert public == {name for name in dir(RealTimeClock) if not name.startswith("_")}


def test_the_real_clock_can_start_elsewhere() -> None:
    with RealTimeClock(start="2030-01-01", time_zone="Asia/Tokyo"):
        assert time.localtime()[:4] == (2030, 1, 1, 0)
    assert time.localtime()[0] != 2030
