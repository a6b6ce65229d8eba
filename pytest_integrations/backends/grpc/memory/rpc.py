"""One call from the client's side: what it sends, what comes back, and its deadline. All of it happens on the loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from weakref import ref

from .outcome import DEADLINE_EXCEEDED, Outcome, from_reset, unavailable
from .reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.grpc_metadata import Metadata
    from pytest_integrations.wire.loop import Timer

    from .link import Link, MemoryStream
    from .request import Request

__all__ = ["Listener", "Rpc"]

_PREFIX = 5
_LONGEST = 7e9
"""Seconds of a timeout; grpcio, which counts nanoseconds since 1970 in 64 bits, takes longer ones for over at once."""


class Listener(Protocol):
    """The application's end of a call. All methods are called on the loop, `ended` last.

    `ended` is called twice where the deadline comes before the application has read all that had come by the end.
    """

    def began(self, metadata: Metadata) -> None:
        """The headers of the answer came, with this *metadata*."""

    def received(self, message: bytes) -> None:
        """A message came."""

    def ended(self, outcome: Outcome) -> None:
        """The call is over."""


class Rpc:
    """One call. `begin`, `send`, `complete`, `cancel` and `taken` are for any thread."""

    def __init__(self, link: Link, request: Request, listener: Listener) -> None:
        """Make the call of *request* over *link*, and tell *listener*; `begin` begins."""
        self.request: Request = request
        self._link = link
        self._listener = ref(listener)
        """Whoever has the call may drop it, which ends it."""
        self._kept: Listener | None = None
        self._stream: MemoryStream | None = None
        self._timer: Timer | None = None
        self._reading = Reading()
        self._sent: list[bytes] = []
        """The request so far, for another try."""
        self._is_complete = self._is_over = self._is_seen = False
        self._was_passed_over = False
        self._count = 0
        self._unread = 0
        """Replies of a stream that the application has not read; its deadline holds until it has."""

    # -- from the application, on any thread

    def begin(self, messages: Sequence[bytes] = (), *, complete: bool = False) -> None:
        """Send the headers and *messages*, and the end of the request, if it is *complete*."""

        def begin() -> None:
            self._begin()
            for message in messages:
                self._send(message)
            if complete:
                self._complete()

        self._link.loop.post(begin)

    def send(self, message: bytes) -> None:
        """Send a message."""
        self._link.loop.post(lambda: self._send(message))

    def complete(self) -> None:
        """Say that the request is complete."""
        self._link.loop.post(self._complete)

    def keep(self, listener: Listener) -> None:
        """Let the call go on to its end, whether or not the application still has it: it wants to be called back."""
        self._kept = listener

    def cancel(self) -> None:
        """End the call; its listener knows already, or is no more."""
        if self._link.loop.is_usable:
            self._link.loop.post(self._leave)

    def taken(self, size: int) -> None:
        """Say that the application has read a message of *size* bytes."""
        self._link.loop.post(lambda: self._taken(size))

    # -- sending

    def _begin(self) -> None:
        timeout = self.request.timeout
        if self._is_over:
            return
        if timeout is not None and not 0 <= timeout <= _LONGEST:
            self._end(DEADLINE_EXCEEDED)
            return
        if timeout is not None and self._timer is None:
            self._timer = self._link.loop.call_later(timeout, self._expire)
        stream = self._link.open(self.request.fields(self._link.authority), self)
        if not self._is_over:
            self._stream = stream

    def _send(self, message: bytes) -> None:
        frame = self.request.framed(message)
        if not self._is_seen and not self._is_over:
            self._sent.append(frame)
        if self._stream is not None:
            self._stream.send_request(frame)

    def _complete(self) -> None:
        self._is_complete = True
        if self._stream is not None:
            self._stream.end_request()

    def _taken(self, size: int) -> None:
        self._unread -= 1
        if self._stream is not None:
            self._stream.taken(size + _PREFIX)
        if self._is_over:
            self._stop_timer()

    # -- ending

    def _expire(self) -> None:
        listener = self._listener()
        if not self._is_over:
            self._cancel_stream()
            self._end(DEADLINE_EXCEEDED)
        elif listener is not None:
            listener.ended(DEADLINE_EXCEEDED)

    def _leave(self) -> None:
        """End the call from this side."""
        self._unread = 0
        self._cancel_stream()
        self._close()

    def _cancel_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.cancel()

    def _end(self, outcome: Outcome) -> None:
        if not self._is_over:
            listener = self._listener()
            self._close()
            if listener is not None:
                listener.ended(outcome)

    def _close(self) -> None:
        self._is_over = True
        self._kept = None
        self._sent.clear()
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None and not self._unread:
            self._timer.cancel()

    # -- from the stream

    def headers(self, fields: Iterable[tuple[bytes, bytes]], *, end: bool) -> None:
        """The head of the answer came."""
        self._is_seen = True
        self._sent.clear()
        self._reading.headers(fields, end=end)
        listener = self._listener()
        if listener is not None and not self._is_over and self._reading.outcome is None:
            listener.began(self._reading.metadata)
        self._look()

    def data(self, data: bytes, *, end: bool) -> None:
        """Bytes of messages came."""
        listener = self._listener()
        for message in self._reading.data(data, end=end):
            self._count += 1
            if listener is not None and not self._is_over and (self._count == 1 or self.request.streams_replies):
                self._unread += self.request.streams_replies
                listener.received(message)
        self._look()

    def trailers(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """The end of the answer came."""
        self._reading.trailers(fields)
        self._look()

    def reset(self, code: int) -> None:
        """The server has reset the stream; with NO_ERROR, after an answer, that is nothing."""
        self._end(from_reset(code))

    def lost(self, outcome: Outcome) -> None:
        """The connection is over."""
        self._end(outcome)

    def passed_over(self) -> None:
        """Try once more, as grpcio does by itself where nothing was done for a call."""
        if self._is_over or self._was_passed_over:
            self._end(unavailable("Stream removed (GOAWAY received; Error code: 0; Debug Text: )"))
            return
        self._was_passed_over = True
        self._link.loop.call_soon(self._again)

    def _again(self) -> None:
        self._begin()
        if self._stream is None:
            return
        for frame in tuple(self._sent):
            self._stream.send_request(frame)
        if self._is_complete:
            self._stream.end_request()

    def _look(self) -> None:
        """See whether the answer has come to its end."""
        outcome = self._reading.outcome
        if outcome is None or self._is_over:
            return
        if self._reading.is_refused:
            self._cancel_stream()
            self._end(outcome)
        elif outcome.number or self.request.streams_replies or self._count <= 1:
            self._end(outcome)
        # Else there is one message too many, which nobody reads, so that what comes after it is not read either.
