"""Whether every other thread of this process is blocked, for good.

    LinuxProbe     asks the kernel, so that no lock, queue or socket need be wrapped and none can be forgotten
    FramesProbe    elsewhere: no frame of Python has moved for a while; a guess, and wrong on a machine that stalls

A thread sleeps for good if only another thread can end its sleep. One that reads from a network disk, or waits for a
child process, is at work.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import threading
import warnings
from functools import cache
from typing import Protocol

from pytest_integrations.core.errors import IntegrationsWarning

from . import real

__all__ = ["FramesProbe", "LinuxProbe", "Probe", "best_probe"]


class Probe(Protocol):
    """What can be asked of the threads."""

    seen: dict[int, object]
    """Thread to what it had done when it was last looked at."""
    timed: set[int]
    """The native threads that wait with a timeout of the kernel's, when all were last idle."""
    busy: int | None
    """The native thread that was last seen at work."""

    def is_idle(self) -> bool:
        """Tell whether every other thread waits for another."""
        ...

    def close(self) -> None:
        """Let go of what it has open."""
        ...


_STATUS = re.compile(rb"State:\t(.).*ctxt_switches:\t(\d+)\nnonvoluntary_ctxt_switches:\t(\d+)", re.DOTALL)
_NO_TIMEOUT_INT = 0xFFFFFFFF


class _Calls:
    """The numbers of the system calls that matter, on one kind of processor."""

    def __init__(self, durable: str, timed: dict[bytes, tuple[int, int] | None], read: bytes) -> None:
        self.durable = frozenset(durable.encode().split())
        """Calls in which a thread waits for another."""
        self.timed = timed
        """Those of them that may have a timeout: (number of the argument, its value for none), or None for always."""
        self.read = read


# futex futex_waitv poll ppoll select pselect epoll_wait epoll_pwait epoll_pwait2 nanosleep clock_nanosleep
# recvfrom recvmsg recvmmsg accept accept4 connect sendto sendmsg writev read write pause rt_sigtimedwait
# restart_syscall: a futex, poll or nanosleep with a timeout, or a poll without, that goes on where it was after the
# process was stopped (Ctrl-Z, a debugger, a container that was paused); its arguments are those of the call
_CALLS = {
    "x86_64": _Calls(
        "202 449 7 271 23 270 232 281 441 35 230 45 47 299 43 288 42 44 46 20 0 1 34 128 219",
        {
            b"202": (3, 0),
            b"7": (2, _NO_TIMEOUT_INT),
            b"271": (2, 0),
            b"23": (4, 0),
            b"270": (4, 0),
            b"232": (3, _NO_TIMEOUT_INT),
            b"281": (3, _NO_TIMEOUT_INT),
            b"441": (3, 0),
            b"35": None,
            b"230": None,
            b"219": (2, _NO_TIMEOUT_INT),
        },
        b"0",
    ),
    "aarch64": _Calls(
        "98 449 73 72 21 22 441 101 115 207 212 243 202 242 203 206 211 66 63 64 137 128",
        {
            b"98": (3, 0),
            b"73": (2, 0),
            b"72": (4, 0),
            b"22": (3, _NO_TIMEOUT_INT),
            b"441": (3, 0),
            b"101": None,
            b"115": None,
            b"128": None,
        },
        b"63",
    ),
}


class LinuxProbe:
    """Every other thread sleeps in the kernel, and has not run since before the GIL was last free.

    A thread that could run but does not, for want of a processor or of the GIL, is seen too. The kernel marks a thread
    as runnable the moment it is woken; and one that waits for the GIL is woken when this one lets go of it, so that it
    is then either runnable or its count of switches has moved.
    """

    def __init__(self) -> None:
        """Begin; files are opened when a thread is first seen."""
        self.seen: dict[int, object] = {}
        self.timed: set[int] = set()
        self.busy: int | None = None
        self._calls = _CALLS.get(platform.machine())
        self._files: dict[int, tuple[int, int | None]] = {}

    @staticmethod
    def is_available() -> bool:
        """Tell whether this kernel can be asked."""
        try:
            with open(f"/proc/self/task/{threading.get_native_id()}/status", "rb") as file:  # noqa: PTH123 -- no need for pathlib
                return bool(_STATUS.search(file.read()))
        except OSError:
            return False

    def is_idle(self) -> bool:
        """Look twice, with the GIL free in between."""
        own = threading.get_native_id()
        before = self._look(own)
        if before is None:
            return False
        real.sleep(0)  # lets go of the GIL
        self.seen = before
        return self._look(own) == before

    def _look(self, own: int) -> dict[int, object] | None:
        """Return the counts of switches of every other thread, or None if one is at work."""
        seen: dict[int, object] = {}
        self.timed.clear()
        threads = [int(name) for name in os.listdir("/proc/self/task")]  # noqa: PTH208 -- its cost is that of a jump
        if self.busy in threads:  # it is likely to be at work still; each look at another costs a turn of the GIL
            threads.insert(0, self.busy)
        for thread in threads:
            if thread == own or thread in seen:
                continue
            try:
                counts = self._counts(thread)
            except (OSError, ValueError, IndexError):  # the thread has ended, and its files are empty or gone
                self._forget(thread)
                continue
            if counts is None:
                self.busy = thread
                return None
            seen[thread] = counts
        return seen

    def _counts(self, thread: int) -> object:
        """Return how often *thread* was switched, or None if it is at work."""
        files = self._files.get(thread)
        if files is None:
            files = self._files[thread] = self._open(thread)
        status, call = files
        found = _STATUS.search(os.pread(status, 4096, 0))
        if found is None:
            raise ProcessLookupError(thread)
        state, *counts = found.groups()
        if state != b"S" or (call is not None and not self._is_durable(thread, os.pread(call, 256, 0))):
            return None
        return counts

    def _open(self, thread: int) -> tuple[int, int | None]:
        call = None
        if self._calls is not None:
            try:
                call = os.open(f"/proc/self/task/{thread}/syscall", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:  # hidden by a sandbox: the state alone must do
                call = None
        try:
            return os.open(f"/proc/self/task/{thread}/status", os.O_RDONLY | os.O_CLOEXEC), call
        except OSError:
            if call is not None:
                os.close(call)
            raise

    def _is_durable(self, thread: int, call: bytes) -> bool:
        """Tell whether *call* is one that only another thread can end."""
        calls = self._calls
        if calls is None:
            return True
        number, *arguments = call.split()[:7]
        if number not in calls.durable:
            return False
        if number == calls.read and arguments[0] == b"0x0" and os.isatty(0):  # somebody sits at a debugger's prompt
            return False
        if number in calls.timed:
            how = calls.timed[number]
            if how is None:
                self.timed.add(thread)
            else:
                argument, none = how
                value = int(arguments[argument], 16)
                if (value & _NO_TIMEOUT_INT if none else value) != none:
                    self.timed.add(thread)
        return True

    def _forget(self, thread: int) -> None:
        for file in self._files.pop(thread, ()):
            if file is not None:
                os.close(file)

    def close(self) -> None:
        """Close the files of all threads."""
        for thread in list(self._files):
            self._forget(thread)


class FramesProbe:
    """No frame of Python has moved for a while, which says nothing of a thread in C, or of one without a processor."""

    def __init__(self, grace: float = 0.02, step: float = 0.002) -> None:
        """Watch for *grace* real seconds, looking every *step*."""
        self.seen: dict[int, object] = {}
        self.timed: set[int] = set()
        self.busy: int | None = None
        self._grace = grace
        self._step = step

    def is_idle(self) -> bool:
        """Look again and again."""
        before = self.seen = self._look()
        end = real.monotonic() + self._grace
        while real.monotonic() < end:
            real.sleep(self._step)
            if self._look() != before:
                return False
        return True

    @staticmethod
    def _look() -> dict[int, object]:
        own = threading.get_ident()
        frames = sys._current_frames()  # noqa: SLF001 -- documented, in spite of its name
        return {thread: (id(frame), frame.f_lasti) for thread, frame in frames.items() if thread != own}

    def close(self) -> None:
        """Nothing is open."""


def best_probe() -> Probe:
    """Return the kernel's view where there is one, else the next best, and say that it is a guess."""
    if LinuxProbe.is_available():
        return LinuxProbe()
    _say_that_it_is_a_guess()
    return FramesProbe()


@cache
def _say_that_it_is_a_guess() -> None:
    """Warn, once a process."""
    warnings.warn(
        "virtual time cannot ask this kernel whether every thread waits, and guesses from 20 ms without a move: a busy "
        "machine may make it jump too early; run these tests on the real clock with `--integrations-clock=real`",
        IntegrationsWarning,
        stacklevel=3,
    )
