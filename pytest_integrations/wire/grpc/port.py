"""What serves gRPC on HTTP/2 connections: an exchange for each stream that is one of gRPC."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.core.grpc_call import GrpcCall
from pytest_integrations.core.grpc_effect import Neglect
from pytest_integrations.core.http2_codes import error_name
from pytest_integrations.core.http2_effect import LimitStreams
from pytest_integrations.wire.http2.protocol import Http2Protocol
from pytest_integrations.wire.http2.settings import Http2Settings
from pytest_integrations.wire.loop import shared_loop

from .exchange import Exchange
from .fields import read_head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.ledger import Ledger

    from .fields import Head
    from .service import GrpcService
    from .stream import GrpcStream

__all__ = ["GrpcPort"]

_FRAME = 128 * 1024
"""Bytes of a frame: large messages come in fewer of them than by HTTP/2's default."""


class GrpcPort:
    """Opens the streams of one fake's connections."""

    def __init__(self, service: GrpcService) -> None:
        """Serve *service*."""
        self._service = service
        self.ledger: Ledger = service.ledger

    def speak(self, record: Connection, effects: Sequence[Effect]) -> Http2Protocol:
        """Return the protocol of a connection of this *record*, with which *effects* have to do."""
        settings = Http2Settings(max_frame=_FRAME, stream_window=4 * 1024 * 1024)
        for effect in effects:
            if isinstance(effect, LimitStreams):
                settings = replace(settings, max_streams=effect.most)
        neglected = {effect.what for effect in effects if isinstance(effect, Neglect)}
        if "window" in neglected:
            settings = replace(settings, stream_window=0)
        protocol = Http2Protocol(shared_loop(), self, record, settings)
        if "window" in neglected:
            protocol.withheld.add("window_update")
        if "ping" in neglected:
            protocol.withheld.add("ping_ack")
        return protocol

    def configure(self, connection: Http2Protocol) -> None:
        """Leave *connection* as it is."""

    def open(self, stream: GrpcStream) -> Exchange:
        """Return what handles *stream*."""
        head = read_head(stream.headers)
        call = self._call(stream, head)
        exchange = Exchange(self._service, stream, call, head)
        stream.handler = exchange
        exchange.open()
        return exchange

    def turned_away(self, stream: GrpcStream, code: int) -> None:
        """Record a call that was reset at once."""
        call = self._call(stream, read_head(stream.headers))
        call.reset = error_name(code)
        call.untouched = call.reset == "REFUSED_STREAM"
        call.outcome = "reset"
        self.ledger.add(call)
        call.ended = call.started

    def _call(self, stream: GrpcStream, head: Head) -> GrpcCall:
        """Begin the record of a call."""
        record = stream.connection.record
        record.calls += 1
        path = (stream.header(b":path") or b"").decode("latin-1")
        call = GrpcCall(self._service.name, record, b"", path)
        call.number = record.calls
        call.metadata = head.metadata
        call.timeout = head.timeout
        self._service.recognise(call)
        return call
