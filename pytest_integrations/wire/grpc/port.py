"""What serves gRPC on HTTP/2 connections: an exchange for each stream that is one of gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.grpc_call import GrpcCall

from .exchange import Exchange
from .metadata import decoded, seconds_of

if TYPE_CHECKING:
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.wire.http2.protocol import Http2Protocol
    from pytest_integrations.wire.http2.stream import Http2Stream

    from .service import GrpcService

__all__ = ["GrpcPort"]


class GrpcPort:
    """Opens the streams of one fake's connections."""

    def __init__(self, service: GrpcService) -> None:
        """Serve *service*."""
        self._service = service
        self.ledger: Ledger = service.ledger

    def configure(self, connection: Http2Protocol) -> None:
        """Leave *connection* as it is."""

    def open(self, stream: Http2Stream) -> Exchange:
        """Return what handles *stream*."""
        call = self._call(stream)
        self._service.recognise(call)
        exchange = Exchange(self._service, stream, call)
        stream.handler = exchange
        exchange.open()
        return exchange

    def _call(self, stream: Http2Stream) -> GrpcCall:
        record = stream.connection.record
        record.calls += 1
        path = (stream.header(b":path") or b"").decode("latin-1")
        call = GrpcCall(self._service.name, record, b"", path)
        call.number = record.calls
        call.metadata = decoded(pair for pair in stream.headers if not pair[0].startswith(b":"))
        call.timeout = seconds_of(call.headers.get("grpc-timeout", ""))
        return call
