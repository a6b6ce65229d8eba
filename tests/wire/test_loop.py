"""The one I/O thread: callbacks, timers, calls from other threads, settling, starting and stopping."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations import FakeRest
from pytest_integrations.wire.loop import READ, Loop, close_shared_loop, shared_loop

from .raw import Raw

if TYPE_CHECKING:
    from collections.abc import Iterator


class StillClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> Any:
        raise NotImplementedError

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop of its own, on a clock that stands."""
    loop = Loop(StillClock())
    loop.start()
    yield loop
    loop.stop()


def _move(loop: Loop, seconds: float) -> None:
    loop.clock.sleep(seconds)
    loop.settle()


def test_timers_fire_in_order_and_when_they_are_due(loop: Loop) -> None:
    """By time, of equal times by the order in which they were set; not before, and each once."""
    fired: list[str] = []

    def set_timers() -> None:
        for seconds, name in ((2, "c"), (1, "a"), (1, "b"), (0, "now")):
            loop.call_later(seconds, lambda name=name: fired.append(name))

    loop.call(set_timers)
    loop.settle()
    assert fired == ["now"]
    _move(loop, 0.999)
    assert fired == ["now"]
    _move(loop, 0.001)
    assert fired == ["now", "a", "b"]
    _move(loop, 5)
    _move(loop, 5)
    assert fired == ["now", "a", "b", "c"]


def test_a_cancelled_timer_does_not_fire(loop: Loop) -> None:
    """Cancelling is harmless before, twice, and after."""
    fired: list[str] = []
    timers = loop.call(lambda: [loop.call_later(1, lambda: fired.append("x")) for _ in range(3)])
    timers[0].cancel()
    timers[0].cancel()
    _move(loop, 1)
    assert fired == ["x", "x"]
    timers[1].cancel()
    _move(loop, 9)
    assert fired == ["x", "x"]


def test_a_timer_of_the_far_future_does_no_harm(loop: Loop) -> None:
    """No kernel waits for longer than some weeks at a time."""
    timer = loop.call(lambda: loop.call_later(1e12, lambda: None))

    assert loop.call(lambda: "still there") == "still there"
    timer.cancel()


def test_a_timer_set_by_a_timer_waits_its_own_time(loop: Loop) -> None:
    """Chains of timers run in the time of the clock; settling waits for all that is due."""
    fired: list[int] = []

    def tick(number: int) -> None:
        fired.append(number)
        if number < 3:
            loop.call_later(0 if number else 1, lambda: tick(number + 1))

    loop.call(lambda: tick(0))
    loop.settle()
    assert fired == [0]
    _move(loop, 1)
    assert fired == [0, 1, 2, 3]


def test_call_returns_or_raises_what_the_action_did(loop: Loop) -> None:
    """On the loop's thread, in the caller's name; from the loop itself at once."""
    assert loop.call(threading.current_thread).name == "integrations-io"
    assert loop.call(lambda: loop.call(lambda: loop.is_here)) is True
    assert not loop.is_here
    for error in (KeyError("x"), SystemExit(2)):
        with pytest.raises(type(error)) as caught:
            loop.call(lambda error=error: _raise(error))
        assert caught.value is error


def _raise(error: BaseException) -> None:
    raise error


def test_posted_actions_run_in_order(loop: Loop) -> None:
    """From any thread, and call_soon from the loop's; 5,000 at once wake it as well as one."""
    done: list[int] = []
    loop.post(lambda: loop.call_soon(lambda: done.append(-1)))
    for number in range(5000):
        loop.post(lambda number=number: done.append(number))
    loop.settle()

    done.remove(-1)
    assert done == list(range(5000))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [ValueError("a bug"), SystemExit(1), KeyboardInterrupt()], ids=repr)
def test_a_callback_that_raises_does_not_end_the_loop(
    loop: Loop, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether posted, timed or called for a socket: it is told through the thread's excepthook, and all goes on."""
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: told.append(arguments.exc_value))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        loop.watch(ours, READ, lambda _events: ours.recv(10) and _raise(error))
        theirs.send(b"x")
        loop.post(lambda: _raise(error))
        loop.call(lambda: loop.call_later(0, lambda: _raise(error)))
        loop.settle()
        loop.unwatch(ours)
        loop.unwatch(ours)

    assert told == [error] * 3
    assert loop.call(lambda: "alive") == "alive"


def test_settling_waits_for_what_the_kernel_has(loop: Loop) -> None:
    """Every byte that was sent before is received when settle() returns; on the loop itself it returns at once."""
    ours, theirs = socket.socketpair()
    got = bytearray()
    with ours, theirs:
        ours.setblocking(False)
        loop.watch(ours, READ, lambda _events: got.extend(ours.recv(3)))
        for number in range(100):
            theirs.send(b"0123456789")
            loop.settle()
            assert len(got) == 10 * (number + 1)
        loop.call(loop.settle)
        loop.unwatch(ours)


def test_settling_looks_again_at_what_came_after_the_loop_had_looked(loop: Loop) -> None:
    """Bytes that come in, and then somebody who settles, while the loop is busy with something else."""
    ours, theirs = socket.socketpair()
    received: list[bytes] = []
    seen: list[int] = []

    def settle() -> None:
        loop.settle()
        seen.append(len(received))

    other = threading.Thread(target=settle)

    def be_busy() -> None:  # in a turn in which no socket was ready
        theirs.send(b"x")
        other.start()
        while not loop._settlers:
            pass
        time.sleep(0.01)  # it waits now
        is_over.set()

    def receive(_events: int) -> None:
        time.sleep(0.05)  # long enough for one who does not wait
        received.append(ours.recv(1))

    is_over = threading.Event()
    with ours, theirs:
        loop.watch(ours, READ, receive)
        loop.post(lambda: loop.call_soon(be_busy))
        assert is_over.wait(5)
        other.join()
        loop.unwatch(ours)
    assert seen == [1]


def test_settling_under_traffic_comes_to_an_end(fake: FakeRest) -> None:
    """Three clients that never pause do not keep a reader of the ledger waiting."""
    stop = threading.Event()

    def hammer() -> None:
        with Raw(fake) as raw:
            while not stop.is_set():
                raw.ask().answer()

    threads = [threading.Thread(target=hammer) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        assert fake.calls is not None
    stop.set()
    for thread in threads:
        thread.join(5)
    assert {call.outcome for call in fake.calls} == {"answered"}


def test_a_stopped_loop_leaves_nobody_waiting() -> None:
    """What was posted is still done, calls are made where they are asked for, and stopping twice is harmless."""
    loop = Loop()
    loop.start()
    done: list[str] = []
    loop.post(lambda: done.append("posted"))
    loop.stop()
    loop.stop()

    assert done == ["posted"]
    assert not loop.is_usable
    assert loop.call(lambda: "here") == "here"
    loop.settle()


def test_the_shared_loop_is_one_until_it_is_closed() -> None:
    """The next fake starts another; one that was left behind can still be stopped."""
    left = FakeRest().start()
    first = shared_loop()
    assert shared_loop() is first
    with Raw(left) as raw:
        left.get("/").reply(text="x")
        raw.ask().answer()
        close_shared_loop()
        close_shared_loop()
        left.stop()
        assert raw.sock.recv(10) == b""
    assert shared_loop() is not first
    with FakeRest() as fake, Raw(fake) as raw:
        fake.get("/").reply(text="y")
        assert raw.ask().answer().body == b"y"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_200_starts_and_stops_leave_nothing() -> None:
    """No descriptor and no thread, with connections open and handlers used."""

    def once() -> None:
        with FakeRest() as fake, Raw(fake) as raw:
            fake.get("/").calls(lambda _request: "x")
            raw.ask().answer()

    def count() -> tuple[int, int]:
        shared_loop().settle()
        for thread in threading.enumerate():
            if thread.name.startswith("integrations-worker"):
                thread.join(5)  # one that was just handing its answer over ends after that
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    once()
    descriptors, threads = count()
    for _ in range(200):
        once()
    left_descriptors, left_threads = count()
    assert left_descriptors <= descriptors  # fewer, where one of a test before has ended meanwhile
    assert left_threads <= threads


def test_50_fakes_need_one_thread() -> None:
    """All at once, each asked over a connection of its own."""
    before = threading.active_count()
    fakes = [FakeRest(f"fake-{number}").start() for number in range(50)]
    try:
        for fake in fakes:
            fake.get("/").reply(text=fake.name)
        clients = [Raw(fake) for fake in fakes]
        for raw in clients:
            raw.ask()
        assert [raw.answer().body.decode() for raw in clients] == [fake.name for fake in fakes]
        assert threading.active_count() <= before + 1  # the loop itself, if this is the first test
        for raw in clients:
            raw.close()
    finally:
        for fake in fakes:
            fake.stop()


FORK = """
import os, sys, threading, httpx
from pytest_integrations import FakeRest

def ask(fake, path):
    return httpx.get(fake.url + path, timeout=5).text

with FakeRest("parent", tls=True) as secure, FakeRest("parent") as parent:
    secure.ca_file
    parent.get("/reply").reply(text="reply")
    parent.get("/handler").calls(lambda request: "handler")
    keeper = httpx.Client(base_url=parent.url)
    assert [keeper.get(path).text for path in ("/reply", "/handler")] == ["reply", "handler"]
    child = os.fork()
    if child == 0:
        with FakeRest("child") as fake:
            fake.get("/reply").reply(text="of the child")
            fake.get("/handler").calls(lambda request: "handled by the child")
            assert ask(fake, "/reply") == "of the child", "reply"
            assert ask(fake, "/handler") == "handled by the child", "handler"
            assert len(fake.calls) == 2
        parent.stop()
        secure.stop()
        sys.exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the child failed"
    assert [keeper.get(path).text for path in ("/reply", "/handler")] == ["reply", "handler"]
    assert ask(parent, "/reply") == "reply"
    assert os.path.exists(secure.ca_file)
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_after_a_fork_has_a_loop_of_its_own() -> None:
    """It can start fakes, with handlers; what it does to those that it inherited does not touch its parent's."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, timeout=30, check=False
    )
    assert (result.stdout, result.returncode) == ("done\n", 0), result.stderr


def test_a_handler_on_the_loop_may_look_at_the_ledger(fake: FakeRest) -> None:
    """Reading settles everywhere else; on the I/O thread it would wait for itself."""
    fake.get("/count").calls(lambda _request: str(len(fake.calls)), inline=True)
    assert httpx.get(f"{fake.url}/count", timeout=5).text == "1"


def test_a_bug_of_ours_leaves_no_client_waiting(fake: FakeRest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a protocol raises ends its connection; nobody waits for an answer that will not come."""
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: told.append(arguments.exc_value))
    bug = RuntimeError("a bug")
    fake.ledger.add = lambda _call: _raise(bug)  # type: ignore[method-assign]  # the wire stumbles over its ledger

    with Raw(fake) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.sock.recv(100) == b""

    shared_loop().call(lambda: None)  # the connection ends first, and is told of then
    assert told == [bug]
