"""Connections and streams in memory, which the wire of gRPC takes for those of HTTP/2."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, Protocol

from .outcome import CHANNEL_CLOSED, Outcome, unavailable

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.wire.grpc.port import GrpcPort
    from pytest_integrations.wire.http2.service import StreamHandler
    from pytest_integrations.wire.loop import Loop

__all__ = ["Client", "Link", "MemoryConnection", "MemoryStream"]

_WINDOW = 64 * 1024
"""Bytes that may wait for the client before the server is to send no more, as by HTTP/2's default."""

Fields = Iterable[tuple[bytes, bytes]]


class Client(Protocol):
    """What is told what came on a stream. All methods are called on the loop."""

    def headers(self, fields: Fields, *, end: bool) -> None:
        """The head of the answer came."""

    def data(self, data: bytes, *, end: bool) -> None:
        """Bytes of messages came."""

    def trailers(self, fields: Fields) -> None:
        """The end of the answer came."""

    def reset(self, code: int) -> None:
        """The server has reset the stream."""

    def lost(self, outcome: Outcome) -> None:
        """The connection is over."""

    def passed_over(self) -> None:
        """The server has said that it did nothing for the call, and will not."""


class Link:
    """The way from one channel to one fake: at most one connection at a time. Used on the loop alone."""

    def __init__(self, port: GrpcPort, fake: str, authority: str, loop: Loop) -> None:
        """Connect to the *fake* of that name, which is served by *port*, when a call wants it."""
        self.authority: str = authority
        self.loop: Loop = loop
        self.ledger: Ledger = port.ledger
        self._port = port
        self._fake = fake
        self._connection: MemoryConnection | None = None
        self._end: Outcome | None = None

    def open(self, headers: tuple[tuple[bytes, bytes], ...], client: Client) -> MemoryStream | None:
        """Open a stream of these *headers* for *client*; None if there is nobody any more, which it is told."""
        if self._end is not None:
            client.lost(self._end)
            return None
        connection = self._connection
        if connection is None or not connection.takes_streams:
            record = self.ledger.connect(self._fake)
            connection = self._connection = MemoryConnection(self.loop, self.ledger, record)
        stream = connection.open(headers, client)
        self._port.open(stream)
        return stream

    def close(self) -> None:
        """End it from the client's side."""
        self._stop(CHANNEL_CLOSED, "client")

    def cut(self) -> None:
        """End it because the fake has stopped."""
        self._stop(unavailable("failed to connect to all addresses; the fake has stopped"), "fake")

    def _stop(self, outcome: Outcome, by: Literal["client", "fake"]) -> None:
        self._end = self._end or outcome
        if self._connection is not None:
            self._connection.end(outcome, by)


class MemoryConnection:
    """What several calls come over; a `GrpcConnection`."""

    def __init__(self, loop: Loop, ledger: Ledger, record: Connection) -> None:
        """Begin without a stream."""
        self.loop: Loop = loop
        self.record: Connection = record
        self.takes_streams: bool = True
        self._ledger = ledger
        self._streams: dict[int, MemoryStream] = {}
        self._newest = -1

    def open(self, headers: tuple[tuple[bytes, bytes], ...], client: Client) -> MemoryStream:
        """Return a further stream."""
        self._newest += 2
        stream = self._streams[self._newest] = MemoryStream(self, self._newest, headers, client)
        return stream

    def done_with(self, stream: MemoryStream) -> None:
        """Forget *stream*, of which both sides have seen the end."""
        self._streams.pop(stream.id, None)
        if not self.takes_streams:
            self._end_if_done()

    def goaway(self, last: int | None = None, code: int = 0) -> None:
        """Take no further streams; those above *last* (None: above the newest) are not processed."""
        self.takes_streams = False
        for stream in [each for each in self._streams.values() if last is not None and each.id > last]:
            del self._streams[stream.id]
            stream.pass_over()
        self.loop.call_soon(self._end_if_done)

    def _end_if_done(self) -> None:
        if not self._streams:
            self.finish()

    def abort(self) -> None:
        """End it by what would be RST."""
        self.end(unavailable("Stream removed (recvmsg:Connection reset by peer (104))"), "fake")

    def finish(self) -> None:
        """End it by what would be FIN."""
        self.end(unavailable("Stream removed (Socket closed)"), "fake")

    def end(self, outcome: Outcome, by: Literal["client", "fake"]) -> None:
        """End it and all its streams, whose clients are told *outcome*."""
        self.takes_streams = False
        if self.record.closed is None:
            self.record.closed, self.record.closed_by = self._ledger.now(), by
        streams, self._streams = list(self._streams.values()), {}
        for stream in streams:
            stream.lose(outcome)


class MemoryStream:
    """The way of one call; a `GrpcStream`."""

    handler: StreamHandler

    def __init__(
        self, connection: MemoryConnection, number: int, headers: tuple[tuple[bytes, bytes], ...], client: Client
    ) -> None:
        """Bring what is sent to *client*."""
        self.connection: MemoryConnection = connection
        self.id: int = number
        self.headers: tuple[tuple[bytes, bytes], ...] = headers
        self.request_ended: bool = False
        self._client = client
        self._waiting = 0
        self._is_over = False
        self._is_held_back = False

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of the request's field called *name*, or None."""
        return next((value for key, value in self.headers if key == name), None)

    # -- from the client

    def send_request(self, data: bytes) -> None:
        """Send bytes of the request."""
        self.connection.record.received += len(data)
        self.handler.data_received(data)

    def end_request(self) -> None:
        """Say that the request is complete."""
        self.request_ended = True
        self.handler.end_received()

    def cancel(self, code: int = 8) -> None:
        """End it from the client's side, by RST_STREAM with this *code*."""
        if not self._is_over:
            self._is_over = True
            self.handler.reset_received(code)
            self.connection.done_with(self)

    def taken(self, size: int) -> None:
        """Take notice that the client has read *size* bytes of messages."""
        self._waiting -= size
        if self._is_held_back and not self.unsent:
            self._is_held_back = False
            self.handler.drained()

    def hold(self) -> None:
        """Do nothing: there is no window, and requests are taken as they come."""

    def release(self) -> None:
        """Do nothing: nothing was held."""

    # -- from the server

    @property
    def unsent(self) -> int:
        """How many bytes the client has not taken yet, beyond those that it has room for."""
        return max(0, self._waiting - _WINDOW)

    def send_headers(self, fields: Fields, *, end: bool = False) -> None:
        """Send the head of the answer, or, with *end*, all of it."""
        if not self._is_over:
            self._client.headers(fields, end=end)
            self._sent(end=end)

    def send_data(self, data: bytes | memoryview, *, end: bool = False) -> None:
        """Send bytes of messages."""
        if not self._is_over:
            self.connection.record.sent += len(data)
            self._waiting += len(data)
            self._is_held_back = bool(self.unsent)
            self._client.data(bytes(data), end=end)
            self._sent(end=end)

    def send_half(self, fields: Fields, data: bytes, *, end: bool = False) -> None:
        """Do nothing: there are no frames in memory, and half of one is as good as none."""

    def send_trailers(self, fields: Fields) -> None:
        """Send what comes after all messages."""
        if not self._is_over:
            self._client.trailers(fields)
            self._sent(end=True)

    def _sent(self, *, end: bool) -> None:
        if end:
            self._is_over = True
            self.connection.done_with(self)

    def reset(self, code: int, *, when_sent: bool = False) -> None:
        """End it without an answer, or with no more of one."""
        if not self._is_over:
            self._is_over = True
            self._client.reset(code)
            self.connection.done_with(self)

    # -- from the connection

    def lose(self, outcome: Outcome) -> None:
        """Take notice that the connection is over."""
        self._is_over = True
        self.handler.connection_lost()
        self._client.lost(outcome)

    def pass_over(self) -> None:
        """Take notice that the server will do nothing for it."""
        self._is_over = True
        self._client.passed_over()
