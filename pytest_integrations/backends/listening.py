"""Fakes with one TCP port, plain or TLS; what they speak on it is theirs to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_integrations.core import effect
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.watch import announce
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.server import Server

from .fake import Fake

if TYPE_CHECKING:
    import ssl

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Decision
    from pytest_integrations.core.seed import Seed
    from pytest_integrations.wire.certificates import Authority
    from pytest_integrations.wire.listener import Listener
    from pytest_integrations.wire.tls import TlsPort
    from pytest_integrations.wire.transport import WireProtocol

__all__ = ["ListeningFake"]


class ListeningFake(Fake):
    """A fake that listens on a port of its own; subclasses make the protocol of each connection."""

    alpn: tuple[str, ...] = ("http/1.1",)
    """What it offers to speak inside TLS, the best first (RFC 7301)."""
    speaks_tls: bool = True
    """Whether it can end TLS itself, rather than pass it on."""

    def __init__(
        self,
        name: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        ledger: Ledger | None = None,
        seed: Seed | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a backend called *name* for *host* (`"::1"` for IPv6) and *port* (0: any free one)."""
        self.performs: frozenset[type[effect.Effect]] = self.performs | {effect.Handshake} if tls else self.performs
        self._tls = tls
        clocked = {} if clock is None else {"clock": clock}
        super().__init__(name, ledger=ledger, seed=seed, **clocked)
        self._host, self._port = host, port
        self._server: Server | None = None
        self._doors: tuple[Server, ...] = ()
        """Further ports, for connections that were meant for another host."""

    # -- life

    def _speak(self, connection: Connection) -> WireProtocol:
        """Return the protocol of a *connection* that was just accepted; called on the loop."""
        raise NotImplementedError(type(self))

    def _open(self) -> None:
        port = None
        if self._tls:
            from pytest_integrations.wire.tls import TlsPort

            port = TlsPort(self._authority(), self.alpn)
        loop = shared_loop()
        self._server = Server(loop, self, self._speak, host=self._host, port=self._port, tls=port)
        self._port = self._server.listener.port

    def _close(self) -> None:
        for server in self._servers:
            server.stop()
        self._doors = ()

    def open_door(self, tls: TlsPort | None) -> Listener:
        """Listen on one more port, plain or with *tls*, whatever the fake's own port speaks; it closes with the fake.

        What comes in there is served, recorded and spoilt as on the fake's own port, and goes down with it.
        """
        self._must_run()
        door = Server(shared_loop(), self, self._speak, host=self._host, port=0, tls=tls)
        self._doors = (*(each for each in self._doors if not each.is_over), door)
        if tls is not None and effect.Handshake not in self.performs:
            self.performs |= {effect.Handshake}
            announce(self)  # again, so that a profile of broken handshakes is for it now
        return door.listener

    @property
    def _servers(self) -> tuple[Server, ...]:
        return () if self._server is None else (self._server, *self._doors)

    @property
    def url(self) -> str:
        """Where clients connect."""
        raise NotImplementedError(type(self))

    @property
    def host(self) -> str:
        """The address it listens on, in brackets if it is IPv6, as in a URL."""
        return f"[{self._host}]" if ":" in self._host else self._host

    @property
    def port(self) -> int:
        """The port it listens on."""
        self._must_run()
        return self._port

    # -- TLS

    @property
    def ca_file(self) -> str:
        """The path of the certificate authority that signed this fake's certificate, for `verify=` and the like."""
        return self._authority().file

    def client_context(self) -> ssl.SSLContext:
        """Return a client's `ssl.SSLContext` that trusts this fake's certificate authority and no other."""
        return self._authority().client_context()

    def _authority(self) -> Authority:
        if not self._tls:
            msg = f"{self.name} does not speak TLS: make it with tls=True"
            raise ScriptingError(msg)
        from pytest_integrations.wire.certificates import session_authority

        return session_authority()

    # -- the port, when things go wrong

    def admit(self, connection: Connection) -> Decision | None:
        """Decide about a *connection* that was just accepted; called on the loop."""
        if "connection" in self.script.scopes:
            return self.script.decide_connection(connection.id)
        if not self.script.rules and "connection" in self.profile.scopes:
            return self.profile.decide_connection(connection.id)
        return None

    @property
    def port_state(self) -> Literal["up", "refuse", "ignore", "stopped"]:
        """Whether connections can be made: `"refuse"` and `"ignore"` are faults, `"stopped"` is after the end."""
        return "stopped" if self._server is None else self._server.listener.state

    def _running(self) -> Server:
        self._must_run()
        if self._server is None:  # pragma: no cover -- _must_run has raised
            raise RuntimeError
        return self._server

    def _listener(self) -> Listener:
        return self._running().listener

    def _take_down(self, effect: effect.Refuse) -> None:
        for server in self._servers:
            if effect.how == "ignore":
                server.listener.ignore()
            else:
                server.listener.refuse()
                server.close_connections()

    def _bring_up(self) -> None:
        for server in self._servers:
            server.listener.heal()
