"""One connection that is passed on: a client, a server elsewhere, and a link each way."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_integrations.wire.transport import TcpTransport
from pytest_integrations.wire.upstream import Dial

from .link import Link
from .record import Record

if TYPE_CHECKING:
    import socket
    from collections.abc import Hashable, Iterable

    from pytest_integrations.core.stream import StreamEffect
    from pytest_integrations.core.tunnel_call import TunnelCall
    from pytest_integrations.wire.loop import Loop
    from pytest_integrations.wire.transport import Transport

    from .service import TunnelService
    from .stages import End

__all__ = ["Tunnel"]


class Tunnel:
    """Passes bytes both ways, a FIN on as a FIN behind them, and a RST on as a RST at once.

    It is the protocol of the client's connection; that to the server begins when the client's is there.
    """

    def __init__(self, loop: Loop, service: TunnelService, call: TunnelCall) -> None:
        """Pass the connection of *call* on to where *service* says."""
        self._loop = loop
        self._service = service
        self.call: TunnelCall = call
        self._record = Record(call, service.ledger)
        self._upstream = Link(loop, lambda _: None, self._link_ended, self._lost_bytes)
        self._downstream = Link(loop, self._sent, self._link_ended, self._lost_bytes)
        self._client: TcpTransport | None = None
        self._server: TcpTransport | None = None
        self._dial: Dial | None = None
        self._closed: list[Link] = []
        """The links that were closed on both sides' account."""
        self._is_done = False
        """Whether both sides have been ended for good, whatever they still have under way."""

    # -- told by the client's transport

    def connection_made(self, transport: Transport) -> None:
        """The client is there: connect to the server, and meanwhile take what the client sends."""
        self._client = self._upstream.source = self._downstream.destination = cast("TcpTransport", transport)
        service = self._service
        service.begin(self)
        self._dial = Dial(self._loop, service.addresses, service.connect_timeout, self._connected, self._unreachable)
        self._dial.start()

    def data_received(self, data: bytes) -> None:
        """The client sent *data*."""
        self._record.received(len(data))
        self._upstream.data(data)

    def resume_writing(self) -> None:
        """The client has taken what had to wait."""
        self._downstream.balance()

    def eof_received(self) -> bool:
        """The client will send no more; it may still read."""
        connection = self.call.connection
        has_asked_only = connection.received > 0 and connection.sent == 0
        self._record.client_ends(waits=self._downstream.held > 0 or has_asked_only)
        self._upstream.end("fin")
        return True

    def connection_lost(self, error: OSError | None) -> None:
        """The client's connection is over."""
        self._client = None
        if error is not None:
            self._record.client_breaks()
        self._side_lost(error, self._upstream, self._downstream)

    # -- the server

    def _connected(self, sock: socket.socket) -> None:
        server = self._server = TcpTransport(self._loop, sock, _ServerSide(self), lambda _: None)
        self._downstream.source = server
        self._upstream.reach(server)

    def _unreachable(self, error: OSError) -> None:
        self._record.unreachable(error)
        self._forget()
        if self._client is not None:
            self._client.finish()

    def server_sent(self, data: bytes) -> None:
        """The server sent *data*."""
        self._downstream.data(data)

    def server_resumes(self) -> None:
        """The server has taken what had to wait."""
        self._upstream.balance()

    def server_ended(self) -> bool:
        """The server will send no more; it may still read."""
        self._downstream.end("fin")
        return True

    def server_lost(self, error: OSError | None) -> None:
        """The server's connection is over."""
        self._server = None
        if error is not None:
            self._record.ends("reset")
        self._side_lost(error, self._downstream, self._upstream)
        self._end_stall()

    # -- faults

    def add(self, tag: Hashable, effects: Iterable[StreamEffect]) -> None:
        """Do *effects* to the streams, until they are taken out by this *tag*."""
        for effect in effects:
            (self._upstream if effect.stream == "upstream" else self._downstream).add(tag, effect)

    def remove(self, tag: Hashable) -> None:
        """Take out what was added with this *tag*."""
        self._upstream.remove(tag)
        self._downstream.remove(tag)

    def _sent(self, count: int) -> None:
        self._record.sent(count)

    def _lost_bytes(self) -> None:
        self._record.lost_bytes()

    # -- ending

    def _link_ended(self, link: Link, how: End) -> None:
        """End the side that *link* goes to, or both."""
        if how == "reset":
            self._record.ends("reset")
            self._reset()
        elif how == "close":
            self._record.cut()
            self._close(link)
        elif link.destination is not None:
            if link is self._downstream:
                self._record.server_ends()
            link.destination.write_eof()

    def _close(self, link: Link) -> None:
        """FIN to where *link* goes, and the same the other way, each behind what is still on its way."""
        if link in self._closed:
            return
        self._closed.append(link)
        if link.destination is not None:
            link.destination.finish()
        elif self._dial is not None:
            self._dial.cancel()
        (self._upstream if link is self._downstream else self._downstream).end("close")

    def _reset(self) -> None:
        if self._dial is not None:  # it may have come through, and nobody knows it yet
            self._dial.abort()
        self._forget()
        for transport in (self._client, self._server):
            if transport is not None:
                transport.abort()

    def _side_lost(self, error: OSError | None, outgoing: Link, incoming: Link) -> None:
        """End the other side too, unless that is as good as done."""
        if not self._is_done and error is not None:
            self._reset()
        elif not self._is_done and not self._closed and not (outgoing.source_ended and incoming.is_over):
            self._record.cut()
            self.drop()
        if self._client is None and self._server is None:
            self._forget()
            self._service.over(self)

    def _end_stall(self) -> None:
        """Let a client go that was kept waiting, and has given up: the server has gone as well."""
        if self._client is not None and self._upstream.source_ended and self._downstream.is_stalled:
            self._client.finish()

    def drop(self) -> None:
        """Close both sides at once."""
        self._forget()
        self._record.server_ends()
        for transport in (self._client, self._server):
            if transport is not None:
                transport.drop()

    def _forget(self) -> None:
        """Pass nothing on any more."""
        self._is_done = True
        self._upstream.cancel()
        self._downstream.cancel()
        if self._dial is not None:
            self._dial.cancel()


class _ServerSide:
    """The protocol of the connection to the server."""

    __slots__ = ("_tunnel",)

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel

    def connection_made(self, transport: Transport) -> None:
        """The connection is there."""

    def data_received(self, data: bytes) -> None:
        self._tunnel.server_sent(data)

    def resume_writing(self) -> None:
        self._tunnel.server_resumes()

    def eof_received(self) -> bool:
        return self._tunnel.server_ended()

    def connection_lost(self, error: OSError | None) -> None:
        self._tunnel.server_lost(error)
