"""What is due when: everything that the service does by itself, on one timer of the loop."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

from pytest_integrations.wire.loop import shared_loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.clock import Clock
    from pytest_integrations.wire.loop import Timer

__all__ = ["Agenda", "Entry"]

_HAIR = 1e-6
"""Seconds by which the sums of floats may be wrong."""


class Entry:
    """Something to do at a moment, unless it is struck out."""

    __slots__ = ("action", "when")

    def __init__(self, when: float, action: Callable[[], object]) -> None:
        """Do *action* at *when*."""
        self.when: float = when
        self.action: Callable[[], object] | None = action

    def strike(self) -> None:
        """Do not do it; harmless if it is done."""
        self.action = None


class Agenda:
    """Entries in the order of their moments; those that are due are done before anything else is looked at.

    One timer for all of them: most are struck out before their time (a message that is deleted does not become
    visible again), and none may be left on the loop when the fake has stopped.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin empty, by this *clock*; nothing is due until `start`."""
        self._clock = clock
        self._entries: list[tuple[float, int, Entry]] = []
        self._order = itertools.count()
        self._timer: Timer | None = None
        self._set_for = 0.0
        self._is_running = False

    @property
    def now(self) -> float:
        """The moment, in seconds of the clock."""
        return self._clock.monotonic()

    def after(self, seconds: float, action: Callable[[], object]) -> Entry:
        """Do *action* in so many *seconds*."""
        entry = Entry(self.now + seconds, action)
        heapq.heappush(self._entries, (entry.when, next(self._order), entry))
        self._set_timer()
        return entry

    def catch_up(self) -> None:
        """Do what is due."""
        while self._entries and self._entries[0][0] <= self.now + _HAIR:
            entry = heapq.heappop(self._entries)[2]
            action, entry.action = entry.action, None
            if action is not None:
                action()

    def start(self) -> None:
        """Have what is due done when it is."""
        self._is_running = True
        self._set_timer()

    def stop(self) -> None:
        """Leave no timer behind; `start` goes on with what is left."""
        self._is_running = False
        self._cancel()

    def _ring(self) -> None:
        self._timer = None
        self.catch_up()
        self._set_timer()

    def _set_timer(self) -> None:
        """Be woken at the first moment that something is to be done at."""
        entries = self._entries
        while entries and entries[0][2].action is None:
            heapq.heappop(entries)
        if not self._is_running or not entries:
            self._cancel()
            return
        first = entries[0][0]
        if self._timer is None or self._set_for != first:
            self._cancel()
            self._set_for = first
            self._timer = shared_loop().call_later(max(0.0, first - self.now), self._ring)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
