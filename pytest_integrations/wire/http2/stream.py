"""One stream of an HTTP/2 connection: a request and what is sent for it, under flow control."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from . import frames

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .fields import Pair, Pairs
    from .protocol import Http2Protocol
    from .service import StreamHandler

__all__ = ["Http2Stream"]


class _Nobody:
    """Handles a stream that no handler was made for yet."""

    def data_received(self, data: bytes) -> None: ...

    def end_received(self) -> None: ...

    def drained(self) -> None: ...

    def reset_received(self, code: int) -> None: ...

    def connection_lost(self) -> None: ...


_NOBODY = _Nobody()


class Http2Stream:
    """Takes what is to be sent and sends it as the client's windows and its socket allow.

    Used on the loop alone. What is given after the end is dropped, so that nobody has to ask whether it is over. What
    is sent is in no way checked: fields, their order, and where the stream ends are the caller's, right or wrong.
    """

    __slots__ = (
        "_last",
        "_queue",
        "_reset_code",
        "connection",
        "handler",
        "has_ended",
        "headers",
        "holds_window",
        "id",
        "is_over",
        "request_ended",
        "trailers",
        "unread",
        "unsent",
    )

    def __init__(self, connection: Http2Protocol, number: int, headers: Pairs) -> None:
        """Make stream *number* of *connection*; *headers* are those of its request, raw, pseudo-headers first."""
        self.connection: Http2Protocol = connection
        self.id: int = number
        self.headers: Pairs = headers
        self.handler: StreamHandler = _NOBODY
        self.trailers: Pairs = ()
        """The request's trailers, once they have come."""
        self.request_ended: bool = False
        """Whether the client has sent END_STREAM."""
        self.has_ended: bool = False
        """Whether END_STREAM has been sent, or waits for its turn."""
        self.is_over: bool = False
        """Whether nothing can be sent any more: all is out, one of the two has reset it, or the connection is over."""
        self.holds_window: bool = False
        """Whether what comes in is not acknowledged by itself, so that the client must stop when its window is full."""
        self.unread: int = 0
        """How many bytes came in that were not acknowledged."""
        self.unsent: int = 0
        """How many bytes of DATA wait for the client's windows, or for its socket."""
        self._queue: deque[memoryview] = deque()
        self._last: Pairs | None = None
        self._reset_code: int | None = None

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of the request's field, or pseudo-header, called *name* (in lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)

    # -- sending

    def send_headers(self, fields: Iterable[Pair], *, end: bool = False) -> None:
        """Send one HEADERS frame: an interim answer (1xx), the head of the answer, or, with *end*, all of it."""
        if not self.is_over and not self.has_ended:
            self._send_section(tuple(fields), end=end)

    def encode_headers(self, fields: Iterable[Pair], *, end: bool = False) -> bytes:
        """Return the frames that `send_headers` would send, for somebody who sends all of them, in his own time.

        With *end* he calls `sent_all` when he has.
        """
        if self.is_over or self.has_ended:
            return b""
        self.has_ended = end
        self.connection.outbox.flush()
        self.connection.engine.put_headers(self.id, tuple(fields), end=end)
        return self.connection.engine.data_to_send()

    def send_data(self, data: bytes | memoryview, *, end: bool = False) -> None:
        """Send *data* in DATA frames, as soon as the client's windows allow; *end* puts END_STREAM on the last."""
        if self.is_over or self.has_ended:
            return
        self.has_ended = end
        if data or end:
            self._queue.append(memoryview(data))
            self.unsent += len(data)
            self.connection.wants_to_send(self)

    def send_trailers(self, fields: Iterable[Pair]) -> None:
        """Send a HEADERS frame with END_STREAM, after all data."""
        if self.is_over or self.has_ended:
            return
        if self._queue:
            self.has_ended = True
            self._last = tuple(fields)
        else:
            self._send_section(tuple(fields), end=True)

    def send_half(self, fields: Iterable[Pair], data: bytes, *, end: bool = False) -> None:
        """Send the prefix and half the payload of a HEADERS frame with *fields*, or, without, of DATA with *data*.

        With *end* the frame has END_STREAM. Nothing else can be sent on the connection after that.
        """
        outbox = self.connection.outbox
        outbox.pump()
        section = tuple(fields)
        if section:
            frame = self.encode_headers(section, end=end)
        else:
            data = data[: self.connection.engine.max_outbound_frame_size]
            frame = frames.frame(frames.DATA, 0, self.id, data)
        if outbox.occupy(self):
            outbox.put_as(self, frame[: (frames.HEAD_SIZE + len(frame)) // 2])

    def reset(self, code: int, *, when_sent: bool = False) -> None:
        """End the stream by RST_STREAM: at once, whatever waits to be sent, or *when_sent*; not one that is done."""
        if self.id not in self.connection.streams:
            return
        if self.is_over:
            self._leave_request(code)
        elif when_sent:
            self._reset_code = code
        else:
            self.has_ended = True
            self._stop()
            self.connection.reset(self, code)

    def _leave_request(self, code: int) -> None:
        """Reset what is answered in full while its request goes on; its end may be in what is being read just now."""
        self.connection.loop.call_soon(partial(self._reset_request, code))

    def _reset_request(self, code: int) -> None:
        if not self.request_ended and self.id in self.connection.streams:
            self.connection.reset(self, code)

    @property
    def is_waiting(self) -> bool:
        """Whether there is DATA to be sent, be it none but its END_STREAM."""
        return bool(self._queue)

    def pump(self) -> int:
        """Send one frame, if the windows allow; return how many bytes went, or -1 if none can."""
        if not self._queue or self.is_over:
            return -1
        first = self._queue[0]
        engine = self.connection.engine
        window = engine.local_flow_control_window(self.id)  # below 0, where the client has made it smaller meanwhile
        size = max(0, min(len(first), window, engine.max_outbound_frame_size))
        if window < 0 or size == 0 < len(first):
            return -1
        if size < len(first):
            self._queue[0] = first[size:]
        else:
            self._queue.popleft()
        self.unsent -= size
        ends = self.has_ended and not self._queue and self._last is None
        engine.put_data(self.id, first[:size], end=ends)
        if not self._queue:
            self._is_empty(ended=ends)
        return size

    def _is_empty(self, *, ended: bool) -> None:
        """Go on after the last of the data that was given so far."""
        if self._last is not None:
            fields, self._last = self._last, None
            self._send_section(fields, end=True)
        elif ended:
            self.sent_all()
        self.handler.drained()

    def _send_section(self, fields: Pairs, *, end: bool) -> None:
        self.connection.engine.put_headers(self.id, fields, end=end)
        if end:
            self.sent_all()
        self.connection.touch()

    def sent_all(self) -> None:
        """Take notice that END_STREAM is on its way."""
        if self.is_over:
            return
        self.has_ended = self.is_over = True
        if self._reset_code is not None:
            self._leave_request(self._reset_code)
        self.connection.done_with(self)

    def _stop(self) -> None:
        self.is_over = True
        self._queue.clear()

    # -- told by the connection

    def lose(self) -> None:
        """Take notice that nothing can be sent any more; what waited stays counted in `unsent`."""
        self._stop()

    # -- receiving

    def hold(self) -> None:
        """Let the client's window fill: what it sends is not acknowledged."""
        self.holds_window = True

    def release(self) -> None:
        """Acknowledge what came in meanwhile, and what comes."""
        self.holds_window = False
        self.read()

    def read(self, size: int | None = None) -> None:
        """Acknowledge *size* bytes (None: all) of those that came in while the window was held."""
        size = self.unread if size is None else min(size, self.unread)
        if size > 0:
            self.unread -= size
            self.connection.open_window(self, size)
