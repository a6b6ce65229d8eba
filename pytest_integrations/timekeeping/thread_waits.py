"""Threads that wait for threads: join, and Condition, on which Event, Semaphore, Barrier, Queue and Future stand.

Not `Lock.acquire(timeout=…)`, `RLock.acquire(timeout=…)` and `SimpleQueue.get(timeout=…)`: their types are sealed in C.
A thread that waits in one of them waits in real time, and a warning names it.
"""

from __future__ import annotations

import threading
from _thread import allocate_lock
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .ruled import timeline_for_wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from .patches import Patches
    from .timeline import Timeline

__all__ = ["install"]


def install(patches: Patches) -> None:
    """Make those waits virtual that have a timeout."""
    patches.wrap(threading.Condition, "wait", _condition_wait)
    patches.wrap(threading.Thread, "join", _thread_join)


class _Notified:
    """Stands in for the lock that `Condition.notify` releases."""

    def __init__(self) -> None:
        self.is_notified = False
        self._lock = allocate_lock()
        self._lock.acquire()
        self._first = allocate_lock()

    def release(self) -> None:
        """Be notified; called with the condition's lock held."""
        self.is_notified = True
        self._open()

    def _open(self) -> None:
        if self._first.acquire(blocking=False):  # the deadline and a notification may come together
            self._lock.release()

    def wait(self, timeline: Timeline, seconds: float) -> None:
        waiter = timeline.arm(seconds, self._open, "Condition.wait")
        try:
            self._lock.acquire()
        finally:
            timeline.disarm(waiter)


def _condition_wait(original: Callable[..., bool]) -> Callable[..., bool]:
    def wait(self: Any, timeout: float | None = None) -> bool:
        timeline = timeline_for_wait() if timeout is not None and timeout > 0 else None
        if timeline is None or timeout is None:
            return original(self, timeout)
        if not self._is_owned():
            msg = "cannot wait on un-acquired lock"
            raise RuntimeError(msg)
        notified = _Notified()
        self._waiters.append(notified)
        saved = self._release_save()
        try:
            notified.wait(timeline, timeout)
        finally:
            self._acquire_restore(saved)
            if not notified.is_notified:
                with suppress(ValueError):
                    self._waiters.remove(notified)
        return notified.is_notified

    return wait


def _thread_join(original: Callable[..., None]) -> Callable[..., None]:
    def join(self: threading.Thread, timeout: float | None = None) -> None:
        timeline = timeline_for_wait() if timeout is not None and timeout > 0 else None
        if timeline is None or timeout is None or self is threading.current_thread() or not self.is_alive():
            original(self, timeout)
        elif timeline.wait_until(lambda: not self.is_alive(), timeout, "Thread.join"):
            original(self)

    return join
