"""One answer of HTTP/1.1's shape, piece by piece, as frames of a stream.

What plays answers knows bytes alone: so many of a head, then so many of a body. Here they become frames, and where
a head goes out in pieces, so does its HEADERS frame, in proportion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rendering import interim_of, pairs_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.message import Message
    from pytest_integrations.wire.transport import WireProtocol

    from .stream import Http2Stream

__all__ = ["AnswerWriter"]


class AnswerWriter:
    """The way to the client for one answer, in the shape of a transport."""

    def __init__(self, stream: Http2Stream) -> None:
        """Write on *stream*."""
        self._stream = stream
        self._outbox = stream.connection.outbox
        self._ends = False
        self._is_raw = False
        self._head: Message | None = None
        self._head_length = 0
        self._head_wire = b""
        self._head_sent = 0
        self._written = self._length = 0
        self._end: Callable[[], object] | None = None
        self.reset_code: int | None = None
        """The code of RST_STREAM, where that is what a reset resets; None: it resets the connection."""

    def begin(self, message: Message, *, ends: bool) -> None:
        """Take what will be written for that of *message*; *ends* tells whether the stream ends with its last byte."""
        self._head, self._ends = message, ends
        self._is_raw = not message.start
        self._head_length = len(message.preface) + len(message.head)
        self._length = self._head_length + len(message.content)

    # -- a transport to what plays the answer

    def write(self, data: bytes) -> None:
        """Send the next bytes of the answer."""
        if self._is_raw:
            self._stream.connection.write(data)
            return
        of_head = max(0, min(len(data), self._head_length - self._written))
        self._written += len(data)
        is_last = self._ends and self._written == self._length
        if of_head:
            self._write_head(of_head, end=is_last and self._length == self._head_length)
        if len(data) > of_head:
            self._stream.send_data(data[of_head:], end=is_last)

    def _write_head(self, size: int, *, end: bool) -> None:
        """Send *size* of the head's bytes: all of it as any other frame, or a part of the frame."""
        if self._head is None:
            return
        if size == self._head_length:
            for section in interim_of(self._head.preface):
                self._stream.send_headers(section)
            self._stream.send_headers(pairs_of(self._head), end=end)
            return
        if not self._head_wire:
            self._encode_head()
        self._show(len(self._head_wire) * min(self._written, self._head_length) // self._head_length)

    def _encode_head(self) -> None:
        """Make the bytes of the head's frames, for which the connection is occupied until all of them are out."""
        if self._head is None:
            return
        ends = self._ends and self._length == self._head_length
        sections = [(section, False) for section in interim_of(self._head.preface)]
        sections.append((pairs_of(self._head), ends))
        self._head_wire = b"".join(self._stream.encode_headers(section, end=end) for section, end in sections)
        if not self._outbox.occupy(self):  # two heads in pieces at a time: the second goes as a whole, after the first
            self._outbox.put(self._head_wire)
            self._head_sent = len(self._head_wire)

    def _show(self, upto: int) -> None:
        """Send the bytes of the head's frames *upto* there, and nobody else's in between."""
        if upto > self._head_sent:
            self._outbox.put_as(self, self._head_wire[self._head_sent : upto])
            self._head_sent = upto
        if upto == len(self._head_wire):
            self._outbox.give_way(self)
            if self._stream.has_ended:
                self._stream.sent_all()

    def let_go(self) -> None:
        """Send the rest of a frame that has begun: without it no other could be sent."""
        if self._head_wire:
            self._show(len(self._head_wire))

    def complete(self) -> None:
        """End the stream, if it has not ended with the last byte."""
        self._stream.send_data(b"", end=True)

    @property
    def unsent(self) -> int:
        """How many bytes of the answer wait for the client."""
        return self._stream.unsent + self._stream.connection.transport.unsent

    # -- ends

    def finish(self) -> None:
        """Send what was written, then FIN, without a word."""
        self._when_drained(self._stream.connection.finish)

    close = finish

    def abort(self) -> None:
        """Send what was written, then RST_STREAM or RST."""
        if self.reset_code is None:
            self._when_drained(self._stream.connection.abort)
        else:
            self._when_drained(self._reset_stream)

    def drop(self) -> None:
        """Close the connection at once."""
        self._stream.connection.transport.drop()

    def _reset_stream(self) -> None:
        self.let_go()
        self._stream.reset(self.reset_code or 0)

    def _when_drained(self, end: Callable[[], object]) -> None:
        """Call *end* when all that was written is on its way, as far as the client's windows let it."""
        self._outbox.pump()
        if self._stream.unsent:
            self._end = end
        else:
            end()

    def drained(self) -> None:
        """All that was written is on its way."""
        end, self._end = self._end, None
        if end is not None:
            end()

    # -- what a stream has not

    def pause_reading(self) -> None:
        """Let the client's window fill."""
        self._stream.holds_window = True

    def resume_reading(self) -> None:
        """Open the client's window again."""
        self._stream.holds_window = False
        self._stream.read()

    def throttle(self, rate: float | None) -> None:
        """Do nothing: who reads slowly holds the window."""

    def switch(self, protocol: WireProtocol) -> None:
        """Do nothing: a stream does not speak another protocol."""
