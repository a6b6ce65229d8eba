"""Bytes in time: what to send, when, where to stop, and how it ends.

Every protocol turns an answer and its effects into one `Performance`; the `Player` performs it on a transport.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from .loop import Loop, Timer
    from .transport import Transport

__all__ = ["End", "Performance", "Player"]

End = Literal["keep", "finish", "reset", "stall"]
"""`keep` the connection; `finish` it with a FIN that stays one; `reset` it; `stall`: send nothing more."""


@dataclass(frozen=True, slots=True)
class Performance:
    """Pieces to send, each after a pause in seconds, and the end after the last one.

    A `stall` ends in a FIN after *patience* seconds, or with the client (None).
    """

    pieces: tuple[tuple[float, bytes], ...]
    end: End = "keep"
    patience: float | None = None


class Player:
    """Performs one performance; *step* is told each piece just before it is sent, *done* that the end has come."""

    __slots__ = ("_done", "_loop", "_next", "_performance", "_step", "_timer", "_transport")

    def __init__(
        self,
        loop: Loop,
        transport: Transport,
        performance: Performance,
        step: Callable[[bytes, bool], object],
        done: Callable[[End], object],
    ) -> None:
        """Prepare to perform; `play` begins."""
        self._loop = loop
        self._transport = transport
        self._performance = performance
        self._step = step
        self._done = done
        self._next = 0
        self._timer: Timer | None = None

    def play(self) -> None:
        """Send pieces until one has a pause before it, then wait for that."""
        self._timer = None
        pieces = self._performance.pieces
        while self._next < len(pieces):
            pause, data = pieces[self._next]
            if pause:
                self._timer = self._loop.call_later(pause, self._send)
                return
            self._send_now(data)
        self._finish()

    def _send(self) -> None:
        self._send_now(self._performance.pieces[self._next][1])
        self.play()

    def _send_now(self, data: bytes) -> None:
        self._next += 1
        # Told before it is sent: a client that has read the last byte may look at the ledger at once.
        self._step(data, self._next == len(self._performance.pieces))
        self._transport.write(data)

    def _finish(self) -> None:
        self._done(self._performance.end)

    def cancel(self) -> None:
        """Stop performing: the client is gone, or the fake."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
