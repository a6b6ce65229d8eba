"""However a clock ends, everything that it patched is the very object that it was."""

from __future__ import annotations

import _socket
import datetime as dt
import multiprocessing.connection
import select
import selectors
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from concurrent import futures
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_integrations import FakeRest
from pytest_integrations.core.clock import IN_FORCE
from pytest_integrations.faults import latency
from pytest_integrations.timekeeping import Stalled, VirtualClock
from pytest_integrations.timekeeping.driver import Driver
from pytest_integrations.timekeeping.interruption import Interruption
from pytest_integrations.timekeeping.ruled import rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAIN = threading.main_thread()
OWNERS: tuple[Any, ...] = (
    time,
    dt,
    select,
    type(select.poll()),
    select.epoll,
    selectors.EpollSelector,
    selectors.PollSelector,
    selectors.SelectSelector,
    socket,
    socket.socket,
    _socket,
    ssl.SSLSocket,
    subprocess,
    subprocess.Popen,
    threading,
    threading.Condition,
    threading.Thread,
    multiprocessing.connection,
)


def everything() -> dict[str, object]:
    """Return what may be patched: those modules and classes, and who keeps real time."""
    found: dict[str, object] = {
        f"{owner.__name__} {name}": value for owner in OWNERS for name, value in vars(owner).items()
    }
    for module in ("_pytest.runner", "_pytest.timing", "pytest_timeout", "hypothesis.core", "xdist.dsession"):
        if module in sys.modules:
            found |= {f"{module} {name}": value for name, value in vars(sys.modules[module]).items()}
    found["signal"] = signal.getsignal(signal.SIGURG)
    found["showwarning"] = warnings.showwarning
    # What Hypothesis notes of the first test of a run is its own affair.
    own = ("__warningregistry__", "hypothesis.core running_under_pytest")
    return {name: value for name, value in found.items() if not name.endswith(own)}


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Compare everything before and after; the one virtual clock before is for what it imports."""
    with VirtualClock():
        pass
    before, aliases = everything(), (time.sleep, time.monotonic)
    yield
    after = everything()
    assert [name for name in before.keys() | after.keys() if before.get(name) is not after.get(name)] == []
    assert rule.timeline is None
    assert not rule.out
    assert not IN_FORCE.exact
    assert aliases == (time.sleep, time.monotonic)
    assert time.monotonic() == pytest.approx(time.clock_gettime(time.CLOCK_MONOTONIC), abs=1)
    assert time.time() == pytest.approx(time.clock_gettime(time.CLOCK_REALTIME), abs=1)
    began = time.clock_gettime(time.CLOCK_MONOTONIC)
    time.sleep(0.01)
    assert time.clock_gettime(time.CLOCK_MONOTONIC) - began >= 0.01


def interrupt() -> None:
    signal.pthread_kill(MAIN.ident or 0, signal.SIGINT)


def in_sleep(clock: VirtualClock) -> None:
    clock.sleep(100)


def in_a_call(_: VirtualClock) -> None:
    with FakeRest() as fake:
        fake.get("/").reply(text="ok")
        fake.inject(latency(100))
        requests.get(fake.url, timeout=200)


def in_a_future(_: VirtualClock) -> None:
    with futures.ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, 20).result(timeout=50)


def in_real_time(clock: VirtualClock) -> None:
    with clock.real_time():
        threading.Thread(target=interrupt).start()
        time.sleep(5)


@pytest.mark.parametrize("where", [in_sleep, in_a_call, in_a_future, in_real_time])
def test_interrupted(where: Callable[[VirtualClock], None]) -> None:
    """By Ctrl-C, in whatever wait, at its virtual second."""
    began = time.clock_gettime(time.CLOCK_MONOTONIC)
    with VirtualClock() as clock:
        if where is not in_real_time:
            threading.Timer(7, interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            where(clock)
        assert clock.now == {in_real_time: 0, in_a_future: 20}.get(where, 7)  # a pool waits for its threads
    assert time.clock_gettime(time.CLOCK_MONOTONIC) - began < 4


def test_interrupted_out_of_the_block() -> None:
    """Nothing catches it on its way out."""
    with pytest.raises(KeyboardInterrupt), VirtualClock() as clock:  # noqa: PT012 -- the timer is part of it
        threading.Timer(7, interrupt).start()
        in_sleep(clock)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGALRM])
@pytest.mark.parametrize("step", [(Interruption, "install"), (Driver, "start"), (Driver, "join")])
def test_interrupted_while_it_comes_or_goes(
    step: tuple[type, str], number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Ctrl-C, or by the timeout of a test: first it comes or goes, then the test has the error."""
    original = getattr(*step)

    def then_interrupted(self: object, *arguments: object) -> None:
        original(self, *arguments)
        signal.raise_signal(number)

    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    monkeypatch.setattr(*step, then_interrupted)
    try:
        with pytest.raises(KeyboardInterrupt), VirtualClock():
            pass
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not [thread for thread in threading.enumerate() if thread.name == "virtual-clock"]


def test_interrupted_twice_while_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who presses Ctrl-C again is heard at once, for what goes may hang."""
    original = Driver.join

    def hang(self: Driver) -> None:
        original(self)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it was not heard")

    monkeypatch.setattr(Driver, "join", hang)
    with pytest.raises(KeyboardInterrupt), VirtualClock():
        pass


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_raised(error: type[BaseException]) -> None:
    """Whatever the test raises."""
    with pytest.raises(error), VirtualClock() as clock:  # noqa: PT012 -- it has waited before
        clock.sleep(3)
        raise error


def test_stalled() -> None:
    """By the clock itself, while a thread waits for ever beside."""
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait)
    with pytest.raises(Stalled, match="every thread waits for ever"), VirtualClock(stall=0.05):  # noqa: PT012 -- as above
        thread.start()
        gate.wait()
    gate.set()
    thread.join()


def test_beyond_the_limit() -> None:
    """The second error of the clock."""
    with pytest.raises(Stalled, match="more than 10 virtual seconds"), VirtualClock(limit=10) as clock:
        clock.sleep(11)


@pytest.mark.filterwarnings("error")
def test_warned() -> None:
    """A busy loop on the clock, where warnings are errors: the test has it, and the driver goes on."""
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            time.monotonic()

    with VirtualClock(busy=0.1) as clock:
        thread = threading.Thread(target=spin, name="spinner")
        thread.start()
        with pytest.raises(UserWarning, match="time cannot move") as caught:
            clock.sleep(5)
        stop.set()
        clock.sleep(5)
        assert clock.now == 5
        thread.join()
    assert "spinner: " in str(caught.value)
    assert "polls the clock without waiting" in str(caught.value)


def test_left_behind_in_every_kind_of_wait() -> None:
    """They are let go with the clock, as if their time had come."""
    left, right = socket.socketpair()
    left.settimeout(3000)
    waits: list[Callable[[], object]] = [
        lambda: time.sleep(3000),
        lambda: threading.Event().wait(3000),
        lambda: select.select([left], [], [], 3000),
        lambda: left.recv(1),
        lambda: MAIN.join(3000),
    ]

    def run(wait: Callable[[], object]) -> None:
        try:
            wait()
        except TimeoutError:
            return

    threads = [threading.Thread(target=run, args=(wait,)) for wait in waits]
    with VirtualClock() as clock:
        for thread in threads:
            thread.start()
        clock.sleep(5)
    for thread in threads:
        thread.join(5)
    right.close()
    left.close()
    assert [thread.is_alive() for thread in threads] == [False] * len(threads)


def test_a_hundred_clocks_one_after_the_other() -> None:
    """Nothing piles up: neither threads nor wrappers around wrappers."""
    threads = threading.active_count()
    for _ in range(100):
        with VirtualClock() as clock:
            time.sleep(1)
            assert clock.now == 1
    assert threading.active_count() == threads
