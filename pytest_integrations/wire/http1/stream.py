"""The body of an answer that goes on: pieces as somebody gives them, until somebody ends it or the client leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_integrations.core.message import chunked
from pytest_integrations.wire.performance import Performance

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.effect import Cut
    from pytest_integrations.wire.performance import End

__all__ = ["Sender", "Stream"]

_LAST_CHUNK = b"0\r\n\r\n"
_ENDS: dict[str, End] = {"reset": "reset", "close": "finish", "stall": "stall"}


class Sender(Protocol):
    """The exchange whose body it is."""

    @property
    def unsent(self) -> int:
        """How many bytes of its connection the client has not taken."""
        ...

    def more(self, wire: bytes) -> None:
        """Send some of the body, as it goes on the wire."""

    def finish_with(self, wire: bytes, lost: bytes, performance: Performance) -> None:
        """Send the last of the body and do what *performance* ends with; *lost* was to come and is cut off."""


class Stream:
    """Takes the pieces of one body, frames them, and stops where a fault says so.

    Used on the loop alone. What is given after the end is dropped, so that nobody has to ask whether it is over.
    """

    __slots__ = ("_cut", "_end", "_framed", "_left", "_sender", "is_over", "on_gone")

    def __init__(self, sender: Sender, *, framed: bool, keep: bool, cut: Cut | None) -> None:
        """Send through *sender*: in chunks if *framed*, else as it is, up to the end of the connection.

        *cut* stops it: after so many bytes of the body, framing included; of a fraction, after that fraction of the
        first piece, since an endless body has no length, and after the whole of it for 1.0.
        """
        self._sender = sender
        self._framed = framed
        self._end: End = "keep" if keep else "finish"
        self._cut = cut
        self._left: int | None = int(cut.offset) if cut is not None and isinstance(cut.offset, int) else None
        self.is_over: bool = False
        self.on_gone: Callable[[bool], object] | None = None
        """Called once if the stream is over before `end`: with whether that was the client's doing."""

    @property
    def unsent(self) -> int:
        """How many bytes the client has not taken yet: a slow reader is seen by this growing."""
        return self._sender.unsent

    def send(self, data: bytes) -> None:
        """Send one piece, as one chunk."""
        if not self.is_over and data:
            self.send_raw(chunked([data], last=False) if self._framed else data)

    def send_raw(self, wire: bytes) -> None:
        """Send bytes without framing them."""
        if self.is_over:
            return
        if self._cut is not None and self._left is None and self._cut.offset < 1:
            self._left = int(len(wire) * self._cut.offset)
        if self._left is not None and self._cut is not None:
            if len(wire) >= self._left:
                lost = wire[self._left :] + self._last
                self._stop(wire[: self._left], lost, _ENDS[self._cut.how], self._cut.seconds)
                self._tell(by_client=False)
                return
            self._left -= len(wire)
        self._sender.more(wire)

    def end(self) -> None:
        """End the body as its framing has it; the connection is kept if it is one that can be."""
        last = self._last
        if self.is_over:
            return
        if self._cut is not None:  # beyond all that came: as of any answer that is shorter, it gets the whole
            left = len(last) if self._left is None else self._left
            self._stop(last[:left], last[left:], _ENDS[self._cut.how], self._cut.seconds)
        else:
            self._stop(last, b"", self._end, None)

    def break_off(self, end: End, patience: float | None = None) -> None:
        """End without what would end the body: by `"finish"`, `"reset"`, or `"stall"` for *patience* seconds."""
        if not self.is_over:
            self._stop(b"", self._last, end, patience)

    @property
    def _last(self) -> bytes:
        """What the body ends with: where that is missing, a client can tell that it is not whole."""
        return _LAST_CHUNK if self._framed else b""

    def _stop(self, wire: bytes, lost: bytes, end: End, patience: float | None) -> None:
        self.is_over = True
        self._sender.finish_with(wire, lost, Performance((), end, patience))

    def gone(self, *, by_client: bool) -> None:
        """Take notice that the connection is gone; called by the exchange."""
        if not self.is_over:
            self.is_over = True
            self._tell(by_client=by_client)

    def _tell(self, *, by_client: bool) -> None:
        if self.on_gone is not None:
            self.on_gone(by_client)
