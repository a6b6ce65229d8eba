"""What is served on HTTP/2 connections: one handler a stream. REST and gRPC are both of this shape.

service.configure(connection)        once a connection, before a byte is sent on it
handler = service.open(stream)       for each request, at its header section
handler.data_received(data)          again and again
handler.end_received()               when the request is complete
handler.drained()                    whenever all data that was given to the stream so far has been sent
handler.reset_received(code)         when the client has cancelled it; nothing comes after that
handler.connection_lost()            when its connection is over; nothing comes after that
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_integrations.core.ledger import Ledger

    from .protocol import Http2Protocol
    from .stream import Http2Stream

__all__ = ["StreamHandler", "StreamService"]


class StreamHandler(Protocol):
    """What is told of one stream. All methods are called on the loop."""

    def data_received(self, data: bytes) -> None:
        """Some of the request's body came in."""

    def end_received(self) -> None:
        """The request is complete; its trailers, if it has any, are `stream.trailers`."""

    def drained(self) -> None:
        """All data that was given to the stream so far is on its way, at once or as the client took it."""

    def reset_received(self, code: int) -> None:
        """The client has cancelled the request by RST_STREAM."""

    def connection_lost(self) -> None:
        """The connection ended before the stream did; who ended it is in `stream.connection.record.closed_by`."""


class StreamService(Protocol):
    """What makes the handlers. All methods are called on the loop."""

    ledger: Ledger

    def configure(self, connection: Http2Protocol) -> None:
        """Prepare *connection*, before its SETTINGS are sent: its `settings`, and what it withholds."""

    def open(self, stream: Http2Stream) -> StreamHandler:
        """Return what handles *stream*, whose header section came in."""
        ...

    def turned_away(self, stream: Http2Stream, code: int) -> None:
        """Take notice that *stream* was reset with this *code* at once: one too many, or its header section is bad."""
