"""A port: accepts connections, lets faults spoil them, and serves the rest in some protocol."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from pytest_integrations.core.call import Call
from pytest_integrations.core.effect import Refuse

from .late import LateProtocol
from .listener import Listener
from .transport import TcpTransport

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from pytest_integrations.core.call import Connection, Outcome
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Decision

    from .loop import Loop
    from .tls import TlsPort
    from .transport import Transport, WireProtocol

__all__ = ["PortService", "Server"]


class PortService(Protocol):
    """A fake that decides about connections."""

    name: str
    ledger: Ledger

    def admit(self, connection: Connection) -> Decision | None:
        """Decide about a connection that was just accepted."""


class Server:
    """One port and the connections that came in by it. Starts and stops on the caller's thread, without a hop."""

    def __init__(
        self,
        loop: Loop,
        service: PortService,
        speak: Callable[[Connection], WireProtocol],
        *,
        host: str,
        port: int,
        tls: TlsPort | None = None,
    ) -> None:
        """Listen on *host* and *port* for *service*; *speak* makes a connection's protocol, inside *tls* if given."""
        self._loop = loop
        self._service = service
        self._speak = speak
        self._tls = tls
        self._connections: set[TcpTransport] = set()
        self._stopped = False
        self.listener: Listener = Listener(loop, self._accepted, host, port)

    def _accepted(self, sock: socket.socket) -> None:
        connection = self._service.ledger.connect(self._service.name)
        decision = self._service.admit(connection)
        if decision is not None:
            connection.fault = decision.fault
            connection.effects = decision.effects
            for effect in decision.effects:
                if isinstance(effect, Refuse) and effect.how == "late":
                    protocol = self._protocol(connection, decision)
                    self._open(
                        sock, LateProtocol(self._loop, effect.seconds, protocol, partial(self._missed, connection))
                    )
                    return
                if isinstance(effect, Refuse):
                    self._turn_away(sock, connection, effect)
                    return
        self._open(sock, self._protocol(connection, decision))

    def _protocol(self, connection: Connection, decision: Decision | None) -> WireProtocol:
        inner = self._speak(connection)
        tls = self._tls
        return inner if tls is None else tls.protocol(inner, connection, decision, self._service.ledger)

    def _turn_away(self, sock: socket.socket, connection: Connection, effect: Refuse) -> None:
        """End a connection before a byte of it is read."""
        call = self._record(connection, "reset" if effect.how == "reset" else "closed", "fake")
        call.ended = connection.closed
        transport = self._open(sock, _Deaf())
        if effect.how == "reset":
            transport.abort()
        else:
            transport.write(effect.last_words)
            transport.finish()

    def _missed(self, connection: Connection, by_client: bool) -> None:  # noqa: FBT001 -- called back
        """Record a connection that ended before it was picked up."""
        call = self._record(connection, "abandoned", "client" if by_client else "fake")
        call.gone = connection.closed if by_client else None

    def _record(self, connection: Connection, outcome: Outcome, closed_by: Literal["client", "fake"]) -> Call:
        """Record that *connection* ends before there is a request; it counts as an attempt."""
        ledger = self._service.ledger
        call = Call(self._service.name, connection)
        call.fault = connection.fault
        call.outcome = outcome
        ledger.add(call)
        connection.closed = ledger.now()
        connection.closed_by = closed_by
        return call

    def _open(self, sock: socket.socket, protocol: WireProtocol) -> TcpTransport:
        transport = TcpTransport(self._loop, sock, protocol, self._connections.discard)
        self._connections.add(transport)
        if self._stopped:  # while this connection was being accepted
            transport.drop()
        return transport

    def close_connections(self) -> None:
        """Close all connections at once; called on the loop."""
        for transport in tuple(self._connections):
            transport.drop()

    def abort_connections(self) -> None:
        """Reset all connections; called on the loop."""
        for transport in tuple(self._connections):
            transport.abort()

    @property
    def is_over(self) -> bool:
        """Whether the port is closed, and nobody who came in by it is left."""
        return self.listener.state == "stopped" and not self._connections

    def stop(self) -> None:
        """Close the port and all connections; nothing of them is left when this returns."""
        self._stopped = True
        self.listener.stop()
        if self._connections:
            self._loop.call(self.close_connections)


class _Deaf:
    """The protocol of a connection that nobody listens to."""

    def connection_made(self, transport: Transport) -> None: ...

    def data_received(self, data: bytes) -> None: ...

    def resume_writing(self) -> None: ...

    def eof_received(self) -> None: ...

    def connection_lost(self, error: OSError | None) -> None: ...
