"""The other end of HTTP/2: a connection to a real server, whose streams are opened here.

client = Http2Client(loop); a transport is made on it when the server has answered
stream = client.open(headers, handler)    at once, connected or not
handler.headers_received(fields, ended=)  at the header section of the answer
handler.data_received(data)               again and again
handler.end_received()                    when the answer is complete; its trailers are `stream.trailers`
handler.drained()                         when all that was given to the stream so far has been sent
handler.reset_received(code)              when the server has reset it; nothing comes after that
handler.passed_over()                     when the server has left without it, by GOAWAY; nothing comes after that
handler.connection_lost()                 when the connection is over; nothing comes after that
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from h2 import events

from pytest_integrations.core.call import Connection

from .engine import Engine
from .outbox import Outbox
from .protocol import Http2Protocol
from .service import StreamHandler
from .settings import Http2Settings
from .stream import Http2Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyperframe.frame import Frame

    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.wire.loop import Loop
    from pytest_integrations.wire.transport import Transport

    from .fields import Pairs

__all__ = ["AnswerHandler", "Http2Client"]

_SETTINGS = Http2Settings(max_frame=128 * 1024)
_DEFAULT_WINDOW = 65535
_SOME = 1024 * 1024
"""Bytes from which on it is worth telling the server that they were read; the connection's window is larger."""


class AnswerHandler(StreamHandler, Protocol):
    """What is told of the answer to one request. All methods are called on the loop."""

    def headers_received(self, fields: Pairs, *, ended: bool) -> None:
        """The header section of the answer came in; where it has *ended* with that, `end_received` follows."""

    def passed_over(self) -> None:
        """The server has left by GOAWAY, and says that it did not process the request; nothing comes after that."""


class _ClientEngine(Engine):
    """The client's state machine; a server may send as many small frames as it likes, and may leave by GOAWAY."""

    def __init__(self, settings: Http2Settings, left: Callable[[int], object]) -> None:
        """Begin, and call *left* with the last stream that a server still answers, when it says so."""
        super().__init__(settings, set(), is_client=True)
        self._left = left

    def _count(self, frame: Frame) -> None:
        self.idle_frames = 0
        last = getattr(frame, "last_stream_id", None)
        if last is not None:
            self._left(last)


class Http2Client(Http2Protocol):
    """One connection to a server; streams and windows are as at the other end."""

    def __init__(self, loop: Loop, ledger: Ledger) -> None:
        """Prepare a connection; its streams may be opened before it is there. It is in no ledger: *ledger* has time."""
        super().__init__(loop, _Nothing(ledger), Connection(0, "", 0.0), _SETTINGS)
        self.engine: Engine = _ClientEngine(_SETTINGS, self._leaves)
        self.is_usable: bool = True
        """Whether further streams can be opened on it."""
        self._is_connected = False
        self._received = 0
        """Bytes that came in since the window of the connection was opened again."""

    def open(self, headers: Pairs, handler: AnswerHandler) -> Http2Stream:
        """Send a request of these *headers*, whose body follows; raises `ProtocolError` where the server wants none."""
        number: int = self.engine.get_next_available_stream_id()
        stream = Http2Stream(self, number, headers)
        self.engine.send_headers(number, list(headers))
        stream.handler = handler
        self.streams[number] = stream
        self.touch()
        return stream

    def fail(self) -> None:
        """Take notice that the server cannot be reached."""
        self.is_usable = False
        self._deaf = True
        self._drop_streams()

    # -- told by the transport

    def connection_made(self, transport: Transport) -> None:
        """The connection is there: what waited for it goes out."""
        self.transport = transport
        self.outbox: Outbox = Outbox(self.engine, transport, self.record)
        self._is_connected = True
        self.engine.increment_flow_control_window(self.settings.connection_window - _DEFAULT_WINDOW)
        for stream in self.streams.values():
            if stream.is_waiting:
                self.outbox.add(stream)
        self.touch()

    def connection_lost(self, error: OSError | None) -> None:
        """The connection is over."""
        self.is_usable = False
        super().connection_lost(error)

    # -- told by the engine

    def _leaves(self, last: int) -> None:
        """The server has sent GOAWAY: what it has not taken it never will."""
        self.is_usable = False
        for number in [number for number in self.streams if number > last]:
            stream = self._forget(number)
            if stream is not None:
                stream.lose()
                handler: Any = stream.handler
                handler.passed_over()

    def _keep_open(self, size: int) -> None:
        self._received += size
        if self._received >= _SOME:  # a frame for each answer would cost more than the answer
            super()._keep_open(self._received)
            self._received = 0

    def _headers_received(self, event: Any) -> None:
        stream = self.streams.get(event.stream_id)
        handler: Any = stream.handler if stream is not None else None
        if handler is not None:
            fields = tuple((bytes(name), bytes(value)) for name, value in event.headers)
            handler.headers_received(fields, ended=event.stream_ended is not None)

    def _reset_received(self, event: Any) -> None:
        super()._reset_received(event)
        self._resets = 0  # a server may reset whatever it likes

    # -- before there is a connection

    def touch(self) -> None:
        """Send soon what is there to be sent."""
        if self._is_connected:
            super().touch()

    def wants_to_send(self, stream: Http2Stream) -> None:
        """Take notice that *stream* has data to send."""
        if self._is_connected:
            super().wants_to_send(stream)

    def _forget(self, number: int) -> Http2Stream | None:
        return super()._forget(number) if self._is_connected else self.streams.pop(number, None)

    _LISTENERS: ClassVar[dict[type[events.Event], Callable[[Any, Any], None]]] = {
        **Http2Protocol._LISTENERS,  # noqa: SLF001 -- its own, of the class that it is
        events.ResponseReceived: _headers_received,
        events.StreamReset: _reset_received,
    }


class _Nothing:
    """What would serve the streams that the other side opens: a server opens none."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger: Ledger = ledger

    def configure(self, connection: Http2Protocol) -> None:
        """Leave it as it is."""

    def open(self, stream: Http2Stream) -> StreamHandler:
        """Never called: a client's engine knows no requests."""
        raise NotImplementedError(stream)

    def turned_away(self, stream: Http2Stream, code: int) -> None:
        """Never called."""
