"""Reading slowly: a window that opens at a rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_integrations.wire.loop import Timer

    from .stream import Http2Stream

__all__ = ["Pace"]

_PULSE = 0.02
"""Seconds between two openings of the window."""


class Pace:
    """Lets a client send the body of one request at *rate* bytes per second, once its first window is full."""

    def __init__(self, stream: Http2Stream, rate: float) -> None:
        """Hold the window of *stream*."""
        self._stream = stream
        self._rate = rate
        self._loop = stream.connection.loop
        self._since = self._loop.clock.monotonic()
        self._timer: Timer | None = None
        stream.holds_window = True

    def received(self) -> None:
        """Take notice that some of the body came in."""
        if self._timer is None:
            self._timer = self._loop.call_later(_PULSE, self._pulse)

    def _pulse(self) -> None:
        self._timer = None
        self._stream.read(max(1, int(self._rate * _PULSE)))
        if self._stream.unread:
            self.received()

    def end(self, size: int) -> float:
        """The body is complete: return by how many seconds *size* bytes came in faster than they may be read."""
        self.stop()
        return size / self._rate - (self._loop.clock.monotonic() - self._since)

    def stop(self) -> None:
        """Hold the window no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stream.holds_window = False
