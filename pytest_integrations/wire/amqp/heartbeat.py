"""Heartbeats, both ways: ours go out at half the agreed interval, and a client that is silent for two is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .frames import HEARTBEAT, frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.wire.loop import Loop, Timer

__all__ = ["Heartbeat"]

_BEAT = frame(HEARTBEAT, 0, b"")


class Heartbeat:
    """The heartbeats of one connection."""

    def __init__(
        self, loop: Loop, interval: int, *, send: Callable[[bytes], object], missed: Callable[[], object]
    ) -> None:
        """Begin with an *interval* in seconds; *missed* is called when the client has been silent too long."""
        self._loop = loop
        self._interval = interval
        self._send = send
        self._missed = missed
        self._heard = loop.clock.monotonic()
        self._is_silent = False
        self._beat_timer: Timer = loop.call_later(interval / 2, self._beat)
        self._watch_timer: Timer = loop.call_later(2 * interval, self._watch)

    def heard(self) -> None:
        """Note that the client sent something."""
        self._heard = self._loop.clock.monotonic()

    def fall_silent(self) -> None:
        """Send no more, and do not mind the client's."""
        self._is_silent = True
        self._watch_timer.cancel()

    def _beat(self) -> None:
        if not self._is_silent:
            self._send(_BEAT)
            self._beat_timer = self._loop.call_later(self._interval / 2, self._beat)

    def _watch(self) -> None:
        left = self._heard + 2 * self._interval - self._loop.clock.monotonic()
        if left <= 0:
            self._missed()
        else:
            self._watch_timer = self._loop.call_later(left, self._watch)

    def stop(self) -> None:
        """The connection is over."""
        self._beat_timer.cancel()
        self._watch_timer.cancel()
