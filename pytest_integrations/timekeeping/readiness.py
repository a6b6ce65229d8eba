"""Waiting for file descriptors in virtual time.

The wait itself is a real one without a timeout, on the descriptors and one more: the alarm of the thread, which the
timeline sets off at the deadline.
"""

from __future__ import annotations

import os
import select
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from . import real

if TYPE_CHECKING:
    from .timeline import Timeline

__all__ = ["wait_for_descriptor", "wait_for_poll"]


class _Alarm:
    """A descriptor that becomes readable when it is set off; one for each thread that waits."""

    def __init__(self) -> None:
        if hasattr(os, "eventfd"):
            self._reader = self._writer = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:  # pragma: no cover -- not Linux
            self._reader, self._writer = os.pipe()
            os.set_blocking(self._reader, False)
            os.set_blocking(self._writer, False)

    def fileno(self) -> int:
        return self._reader

    def set_off(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._writer, b"\1\0\0\0\0\0\0\0")

    def clear(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._reader, 8)

    def __del__(self) -> None:
        for descriptor in {self._reader, self._writer}:
            os.close(descriptor)


class _Alarms(threading.local):
    alarm: _Alarm | None = None
    pid: int = 0


_alarms = _Alarms()


def _own_alarm() -> _Alarm:
    """Return the alarm of this thread, a new one in the child of a fork: the old one is the parent's too."""
    alarm = _alarms.alarm
    if alarm is None or _alarms.pid != os.getpid():
        alarm = _alarms.alarm = _Alarm()
        _alarms.pid = os.getpid()
    return alarm


def wait_for_poll(timeline: Timeline, poll: Any, seconds: float, kind: str) -> list[tuple[int, int]]:
    """Wait until a `select.poll` object has events, or for *seconds*; return the events."""
    events: list[tuple[int, int]] = real.poll(poll, 0)
    if events or not seconds > 0:
        return events
    alarm = _own_alarm()
    poll.register(alarm, select.POLLIN)
    waiter = timeline.arm(seconds, alarm.set_off, kind)
    try:
        events = real.poll(poll)
    finally:
        timeline.disarm(waiter)
        poll.unregister(alarm)
        alarm.clear()
    return [event for event in events if event[0] != alarm.fileno()]


def wait_for_descriptor(timeline: Timeline, descriptor: int, events: int, seconds: float, kind: str) -> bool:
    """Wait until *descriptor* is ready; False if *seconds* are over before."""
    poll = select.poll()
    poll.register(descriptor, events)
    return bool(wait_for_poll(timeline, poll, seconds, kind))
