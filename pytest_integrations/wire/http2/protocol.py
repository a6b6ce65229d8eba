"""One HTTP/2 connection: frames in, streams and their handlers, frames out; and frames that no server should send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from h2 import events
from h2.errors import ErrorCodes

from . import frames
from .engine import Engine, ProtocolError
from .fields import malformation
from .outbox import Outbox
from .settings import Http2Settings
from .stream import Http2Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_integrations.core.call import Connection
    from pytest_integrations.wire.loop import Loop
    from pytest_integrations.wire.transport import Transport

    from .engine import Withheld
    from .service import StreamService

__all__ = ["Http2Protocol"]

_SETTINGS = Http2Settings()
_OVERFULL = 1024 * 1024
"""Bytes that wait for the socket, from which on nothing is read: a client that does not take its answers."""
_MOST_IDLE = 1000
"""Frames in a row that have nothing to do with a request: PING, SETTINGS, empty DATA, … (CVE-2019-9512 and others)."""
_MOST_RESETS = 1000
"""Requests that were cancelled by the client, beyond those that were answered (CVE-2023-44487)."""
_NO_ERROR = 0
_ALL = 2**31 - 1
_DEFAULT_WINDOW = 65535


class Http2Protocol:
    """Serves one connection; each stream has a handler of its own, and none waits for another."""

    def __init__(
        self, loop: Loop, service: StreamService, record: Connection, settings: Http2Settings = _SETTINGS
    ) -> None:
        """Serve the connection of this *record* for *service*, beginning with these *settings*."""
        self.loop: Loop = loop
        self.service: StreamService = service
        self.record: Connection = record
        """The connection's record in the ledger."""
        self.settings: Http2Settings = settings
        self.withheld: set[Withheld] = set()
        """What the client is not sent, from now on: `"settings"`, `"settings_ack"`, `"ping_ack"`, `"window_update"`."""
        self.streams: dict[int, Http2Stream] = {}
        """The streams that are open on one side at least, by number."""
        self.end: Literal["", "finish", "abort"] = ""
        """How this side has ended the connection, if it has."""
        self.last_processed: int = _ALL
        """The number that GOAWAY has told; streams above it are not processed."""
        self._resets = 0
        self._deaf = self._is_reading = self._will_flush = self._ends_when_done = self._is_paused = False

    transport: Transport
    engine: Engine
    outbox: Outbox

    # -- told by the transport

    def connection_made(self, transport: Transport) -> None:
        """The connection is there."""
        self.transport = transport
        self.service.configure(self)
        settings = self.settings
        self.engine = Engine(settings, self.withheld)
        self.outbox = Outbox(self.engine, transport, self.record)
        if "settings" not in self.withheld:
            self.write(settings.wire())
            more = settings.connection_window - _DEFAULT_WINDOW
            if more > 0 and settings.stream_window:
                self.engine.increment_flow_control_window(more)
        self.touch()

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        self.record.received += len(data)
        if self._deaf:
            return
        self._is_reading = True
        try:
            for event in self.engine.events(data):
                self._tell(event)
                if self._deaf:
                    return
                if self._resets > _MOST_RESETS:
                    break
        except ProtocolError:
            self._break_off()
            return
        finally:
            self._is_reading = False
        if self.engine.idle_frames > _MOST_IDLE or self._resets > _MOST_RESETS:
            self.engine.end(ErrorCodes.ENHANCE_YOUR_CALM)
            self._break_off()
            return
        self.outbox.pump()
        if self.transport.unsent > _OVERFULL and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client has taken what had to wait."""
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()
        self.outbox.pump()

    def eof_received(self) -> None:
        """The client closed its side."""
        self.record.closed_by = self.record.closed_by or "client"

    def connection_lost(self, error: OSError | None) -> None:
        """The connection is over."""
        if self.record.closed is None:
            self.record.closed = self.service.ledger.now()
            self.record.closed_by = self.record.closed_by or ("client" if error else "fake")
        self._deaf = True
        self._drop_streams()

    # -- told by the engine

    def _tell(self, event: events.Event) -> None:
        """Tell whom it concerns."""
        listener = self._LISTENERS.get(type(event))
        if listener is not None:
            listener(self, event)

    def _request_received(self, event: Any) -> None:
        number: int = event.stream_id
        if number > self.last_processed:
            return
        headers = tuple((bytes(name), bytes(value)) for name, value in event.headers)
        stream = Http2Stream(self, number, headers)
        if len(self.streams) >= self.settings.max_streams:
            self._turn_away(stream, ErrorCodes.REFUSED_STREAM)
        elif malformation(headers):
            self._turn_away(stream, ErrorCodes.PROTOCOL_ERROR)
        else:
            self.streams[number] = stream
            stream.handler = self.service.open(stream)

    def _turn_away(self, stream: Http2Stream, code: ErrorCodes) -> None:
        stream.lose()
        self.service.turned_away(stream, int(code))
        self.engine.reset_stream(stream.id, code)

    def _data_received(self, event: Any) -> None:
        size: int = event.flow_controlled_length
        stream = self.streams.get(event.stream_id)
        if stream is None:
            self.engine.acknowledge_received_data(size, event.stream_id)
            return
        if "window_update" in self.withheld:
            stream.unread += size
        elif stream.holds_window:
            stream.unread += size
            if size:
                self._keep_open(size)
        else:
            self._acknowledge(stream, size)
        if event.data:
            stream.handler.data_received(bytes(event.data))

    def _keep_open(self, size: int) -> None:
        """Let the client send *size* bytes more on the connection: that one stream is held, the others do not know."""
        self.engine.increment_flow_control_window(size)

    def _acknowledge(self, stream: Http2Stream, size: int) -> None:
        if self.settings.stream_window >= _DEFAULT_WINDOW:
            self.engine.acknowledge_received_data(size, stream.id)
        elif size:  # the engine would wait until half of what it takes for the window has come
            self.engine.increment_flow_control_window(size)
            self.open_window(stream, size)

    def open_window(self, stream: Http2Stream, size: int) -> None:
        """Let the client send *size* bytes more on *stream*."""
        if not stream.request_ended and stream.id in self.streams:
            self.engine.increment_flow_control_window(size, stream.id)
            self.touch()

    def _trailers_received(self, event: Any) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            stream.trailers = tuple((bytes(name), bytes(value)) for name, value in event.headers)

    def _request_ended(self, event: Any) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            stream.request_ended = True
            if stream.is_over:
                self.done_with(stream)
            stream.handler.end_received()

    def _reset_received(self, event: Any) -> None:
        stream = self._forget(event.stream_id)
        if stream is not None:
            self._resets += 1
            stream.lose()
            stream.handler.reset_received(int(event.error_code))
            self._end_if_done()

    # -- told by streams

    def reset(self, stream: Http2Stream, code: int) -> None:
        """Send RST_STREAM for *stream*, of which nothing is told any more."""
        self.engine.reset_stream(stream.id, code)
        self._forget(stream.id)
        self.touch()
        self._end_if_done()

    def done_with(self, stream: Http2Stream) -> None:
        """Take notice that all of the answer is on its way; the stream is kept while its request still comes in."""
        self.outbox.remove(stream.id)
        if stream.request_ended:
            self._resets = max(0, self._resets - 1)
            self._forget(stream.id)
            self._end_if_done()

    def _forget(self, number: int) -> Http2Stream | None:
        self.outbox.remove(number)
        return self.streams.pop(number, None)

    # -- sending

    def wants_to_send(self, stream: Http2Stream) -> None:
        """Take notice that *stream* has data to send."""
        self.outbox.add(stream)
        self.touch()

    def touch(self) -> None:
        """Send soon what is there to be sent: with the rest of what comes of what came in, or of this callback."""
        if not self._will_flush and not self._is_reading:
            self._will_flush = True
            self.loop.call_soon(self._flush_soon)

    def _flush_soon(self) -> None:
        self._will_flush = False
        if not self._deaf:
            self.outbox.pump()

    def write(self, data: bytes) -> None:
        """Send *data* as it is, after all that was sent before: frames, or what only looks like some."""
        if not self._deaf:
            self.outbox.flush()
            self.outbox.put(data)

    def send_settings(self, values: Mapping[int, int]) -> None:
        """Send a SETTINGS frame with these *values* by identifier, of which this side takes no notice."""
        self.write(frames.settings(values))

    def goaway(
        self,
        last: int | None = None,
        code: int = _NO_ERROR,
        *,
        close: Literal["now", "when_done", "never"] = "when_done",
    ) -> None:
        """Send GOAWAY: streams above *last* (None: above the newest) are not processed, and their handlers told so.

        The streams up to that go on. FIN follows *now*, *when_done* with them, or *never*. By hand, since the engine's
        own would be the end of its state machine.
        """
        self.last_processed = self.engine.highest_inbound_stream_id if last is None else last
        self.write(frames.goaway(self.last_processed, code))
        self._ends_when_done = close == "when_done"
        for stream in [stream for number, stream in self.streams.items() if number > self.last_processed]:
            self._lose(stream)
        if close == "now":
            self.finish()
        else:
            self.loop.call_soon(self._end_if_done)

    # -- ending

    def closes_itself(self) -> None:
        """Record that the connection ends now, by our own doing, before the client can see it."""
        if self.record.closed_by is None:
            self.record.closed_by = "fake"
            self.record.closed = self.service.ledger.now()

    def finish(self) -> None:
        """Send what is ready, then FIN, without a GOAWAY; the handlers of open streams are told."""
        self._leave("finish")

    def abort(self) -> None:
        """Send what is ready, then RST; the handlers of open streams are told."""
        self._leave("abort")

    def _leave(self, end: Literal["finish", "abort"]) -> None:
        if self._deaf:
            return
        self.outbox.pump()
        self._deaf = True
        self.end = end
        self.closes_itself()
        self._drop_streams()
        if end == "finish":
            self.transport.finish()
        else:
            self.transport.abort()

    def _break_off(self) -> None:
        """Let the engine's GOAWAY be the last thing that the client gets."""
        self.outbox.clear()
        self.finish()

    def _end_if_done(self) -> None:
        if self._ends_when_done and not self.streams and not self._deaf:
            self.finish()

    def _drop_streams(self) -> None:
        for stream in tuple(self.streams.values()):
            self._lose(stream)

    def _lose(self, stream: Http2Stream) -> None:
        self._forget(stream.id)
        stream.lose()
        stream.handler.connection_lost()

    _LISTENERS: ClassVar[dict[type[events.Event], Callable[[Http2Protocol, Any], None]]] = {
        events.RequestReceived: _request_received,
        events.DataReceived: _data_received,
        events.TrailersReceived: _trailers_received,
        events.StreamEnded: _request_ended,
        events.StreamReset: _reset_received,
    }
