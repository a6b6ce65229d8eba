"""Whether every other thread is blocked for good: the kernel's answer, and the guess where it cannot be asked."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.core.errors import IntegrationsWarning
from pytest_integrations.timekeeping import VirtualClock, idle
from pytest_integrations.timekeeping.idle import FramesProbe, LinuxProbe, best_probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.timekeeping.idle import Probe


@pytest.fixture(params=[LinuxProbe, FramesProbe])
def probe(request: pytest.FixtureRequest) -> Iterator[Probe]:
    probe: Probe = request.param()
    yield probe
    probe.close()


def _soon(probe: Probe) -> bool:
    """Whether it says so within ten seconds: other threads of the process may just be going to sleep."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if probe.is_idle():
            return True
    return False


def test_threads_that_wait_for_others(probe: Probe) -> None:
    ours, theirs = socket.socketpair()
    event = threading.Event()
    threads = [threading.Thread(target=event.wait), threading.Thread(target=ours.recv, args=(1,))]
    for thread in threads:
        thread.start()

    assert _soon(probe)

    event.set()
    theirs.send(b"x")
    for thread in threads:
        thread.join()
    ours.close()
    theirs.close()
    assert _soon(probe)


def test_a_thread_that_computes() -> None:
    """To the kernel's view, that is; the guess may be wrong."""
    probe, stop = LinuxProbe(), threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(10))

    thread = threading.Thread(target=spin)
    thread.start()
    found = [probe.is_idle() for _ in range(20)]
    stop.set()
    thread.join()
    probe.close()
    assert not any(found)


def test_a_thread_in_a_call_that_another_process_ends() -> None:
    """It waits for a child: that is work, to the kernel's view."""
    probe = LinuxProbe()
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as child:
        thread = threading.Thread(target=child.wait)
        thread.start()
        end = time.monotonic() + 10
        while probe.busy != thread.native_id and time.monotonic() < end:  # others may be at work for a moment
            assert not probe.is_idle()
        assert probe.busy == thread.native_id
        child.communicate()
        thread.join()
    probe.close()


def test_a_wait_with_a_timeout_is_seen() -> None:
    probe = LinuxProbe()
    lock = threading.Lock()
    lock.acquire()
    thread = threading.Thread(target=lambda: lock.acquire(timeout=60))
    thread.start()
    assert _soon(probe)
    assert thread.native_id in probe.timed
    lock.release()
    thread.join()
    probe.close()


def test_the_kernel_is_asked_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(best_probe(), LinuxProbe)
    monkeypatch.setattr(LinuxProbe, "is_available", lambda: False)
    idle._say_that_it_is_a_guess.cache_clear()
    with pytest.warns(IntegrationsWarning, match="cannot ask this kernel"):
        assert isinstance(best_probe(), FramesProbe)
    assert isinstance(best_probe(), FramesProbe), "said once"


def test_a_processor_whose_calls_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether threads sleep must do."""
    monkeypatch.setattr(idle.platform, "machine", lambda: "vax")
    with VirtualClock(probe=LinuxProbe()) as clock:
        clock.sleep(5)
        assert clock.now == 5


def test_no_early_jump_while_threads_compute() -> None:
    """One that waits for the GIL sleeps in the kernel as well, and must not be taken for idle."""
    seen: list[float] = []

    def compute(clock: VirtualClock) -> None:
        sum(range(20_000))
        seen.append(clock.now)

    for _ in range(20):
        with VirtualClock() as clock:
            threads = [threading.Thread(target=compute, args=(clock,)) for _ in range(6)]
            for thread in threads:
                thread.start()
            clock.sleep(1)
            for thread in threads:
                thread.join()
    assert seen == [0.0] * 120


def test_the_guess_will_do_on_a_quiet_machine() -> None:
    with VirtualClock(probe=FramesProbe()) as clock:
        threading.Thread(target=time.sleep, args=(2,)).start()
        clock.sleep(5)
        assert [jump.end for jump in clock.jumps] == [2, 5]
