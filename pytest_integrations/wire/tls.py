"""TLS on the shared loop, by memory BIOs; and handshakes that go wrong.

TcpTransport ── TlsProtocol ── the protocol inside, which takes it for its transport
"""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

from pytest_integrations.core.call import Call
from pytest_integrations.core.effect import Handshake

from .certificates import NAMES

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection, Outcome
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Decision

    from .certificates import Authority
    from .transport import Transport, WireProtocol

__all__ = ["AT_HELLO", "CERTIFICATES", "TlsPort", "TlsProtocol"]

CERTIFICATES = frozenset(
    {
        "expired",
        "not_yet_valid",
        "wrong_host",
        "untrusted_ca",
        "self_signed",
        "client_cert_required",
        "version",
        "no_close_notify",
    }
)
"""Kinds of handshake that OpenSSL spoils for us, given a context for it."""

AT_HELLO = frozenset({"alert", "plaintext", "reset_in_handshake", "close_in_handshake", "hang_in_handshake"})
"""Kinds that we spoil ourselves, once the client's hello is in."""

_PLAINTEXT = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_ALERTS = {
    "close_notify": 0,
    "unexpected_message": 10,
    "handshake_failure": 40,
    "bad_certificate": 42,
    "certificate_expired": 45,
    "unknown_ca": 48,
    "access_denied": 49,
    "protocol_version": 70,
    "insufficient_security": 71,
    "internal_error": 80,
    "unrecognized_name": 112,
}
"""Alert descriptions of RFC 8446 section 6 that a server sends to end a handshake."""


class TlsPort:
    """What a port needs to speak TLS."""

    def __init__(
        self, authority: Authority, alpn: tuple[str, ...] = ("http/1.1",), names: tuple[str, ...] = ()
    ) -> None:
        """Take certificates from *authority*; offer the protocols of *alpn* (RFC 7301), the best one first.

        The certificates are for *names*, which may be changed later; without any for this machine.
        """
        self.authority = authority
        self.alpn = alpn
        self.names: tuple[str, ...] = names

    def protocol(
        self, inner: WireProtocol, connection: Connection, decision: Decision | None, ledger: Ledger
    ) -> TlsProtocol:
        """Return a protocol that speaks TLS around *inner*, spoilt as *decision* says."""
        effects = decision.effects if decision is not None else ()
        spoil = next((effect for effect in effects if isinstance(effect, Handshake)), None)
        kind, detail = (spoil.kind, spoil.detail) if spoil is not None and spoil.kind in CERTIFICATES else ("", "")
        context = self.authority.server_context(kind, detail, self.alpn, self.names or NAMES)
        return TlsProtocol(inner, context, connection, spoil, ledger)


class TlsProtocol:
    """A protocol to the transport outside, a transport to the protocol inside."""

    __slots__ = (
        "_connection",
        "_failure",
        "_incoming",
        "_inner",
        "_is_up",
        "_ledger",
        "_outgoing",
        "_raw",
        "_spoil",
        "_tls",
    )

    _raw: Transport

    def __init__(
        self,
        inner: WireProtocol,
        context: ssl.SSLContext,
        connection: Connection,
        spoil: Handshake | None,
        ledger: Ledger,
    ) -> None:
        """Speak TLS with *context* around *inner*; *spoil* is the fault of this handshake, if any."""
        self._inner = inner
        self._connection = connection
        self._spoil = spoil
        self._ledger = ledger
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._is_up = False
        self._failure: Call | None = None

    # -- told by the transport outside

    def connection_made(self, transport: Transport) -> None:
        """The TCP connection is there."""
        self._raw = transport

    def data_received(self, data: bytes) -> None:
        """Encrypted bytes came in."""
        if self._failure is not None:
            return
        if not self._is_up and self._spoil is not None and self._spoil.kind in AT_HELLO:
            self._spoil_hello(self._spoil)
            return
        self._incoming.write(data)
        if self._is_up or self._shake_hands():
            self._read()

    def _spoil_hello(self, spoil: Handshake) -> None:
        """Answer the client's hello with something else than a handshake."""
        if spoil.kind == "hang_in_handshake":
            self._fail("hung")
        elif spoil.kind == "reset_in_handshake":
            self._fail("reset")
            self._raw.abort()
        else:
            self._fail("closed")
            if spoil.kind == "alert":
                # One record: alert (21), legacy version 3.3, two bytes: fatal (2), description (RFC 8446 section 6).
                self._raw.write(bytes((21, 3, 3, 0, 2, 2, _ALERTS[spoil.detail])))
            elif spoil.kind == "plaintext":
                self._raw.write(_PLAINTEXT)
            self._raw.finish()

    def _shake_hands(self) -> bool:
        """Go on with the handshake; tell whether it is done."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError:
            self._fail("abandoned")
            self._flush()
            self._raw.finish()
            return False
        self._connection.tls = self._tls.version()
        self._is_up = True
        self._inner.connection_made(self)
        self._flush()
        return True

    def _read(self) -> None:
        while True:
            try:
                data = self._tls.read(65536)
            except ssl.SSLWantReadError:
                self._flush()
                return
            except ssl.SSLError:  # the client's close_notify, or nonsense instead of a record
                self._inner.eof_received()
                self.close()
                return
            if not data:
                self._inner.eof_received()
                self.close()
                return
            self._inner.data_received(data)

    def resume_writing(self) -> None:
        """The client has taken what had to wait."""
        if self._is_up:
            self._inner.resume_writing()

    def eof_received(self) -> None:
        """The client closed the TCP connection."""
        if self._is_up:
            self._inner.eof_received()

    def connection_lost(self, error: OSError | None) -> None:
        """The TCP connection is over."""
        if self._is_up:
            self._inner.connection_lost(error)
            return
        if self._failure is None:
            self._fail("abandoned")
        now = self._ledger.now()
        if self._connection.closed is None:
            self._connection.closed = now
            self._connection.closed_by = self._connection.closed_by or "client"
        if self._failure is not None and self._failure.outcome in {"hung", "abandoned"}:
            self._failure.gone = now

    def _fail(self, outcome: Outcome) -> None:
        """Record an attempt that did not come as far as a request."""
        call = self._failure = Call(self._connection.fake, self._connection)
        call.fault = self._connection.fault
        call.outcome = outcome
        self._ledger.add(call)
        if outcome in {"reset", "closed"}:
            call.ended = self._connection.closed = call.started
            self._connection.closed_by = "fake"

    # -- a transport to the protocol inside

    def write(self, data: bytes) -> None:
        """Encrypt and send *data*."""
        if data:
            self._tls.write(data)
            self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._raw.write(self._outgoing.read())

    def _say_goodbye(self) -> None:
        """Send close_notify, unless leaving it out is the fault."""
        if self._spoil is None or self._spoil.kind != "no_close_notify":
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            self._flush()

    def close(self) -> None:
        """Say goodbye, send what is buffered, then close."""
        self._say_goodbye()
        self._raw.close()

    def finish(self) -> None:
        """Say goodbye, send what is buffered, then FIN; swallow what still comes."""
        self._say_goodbye()
        self._raw.finish()

    def abort(self) -> None:
        """Send RST."""
        self._raw.abort()

    def drop(self) -> None:
        """Close at once."""
        self._raw.drop()

    @property
    def unsent(self) -> int:
        """How many encrypted bytes the socket has not taken yet."""
        return self._raw.unsent

    def pause_reading(self) -> None:
        """Read no more until `resume_reading`."""
        self._raw.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._raw.resume_reading()

    def throttle(self, rate: float | None) -> None:
        """Read at most *rate* encrypted bytes per second."""
        self._raw.throttle(rate)

    def switch(self, protocol: WireProtocol) -> None:
        """Tell *protocol* from now on, in place of the present one inside."""
        self._inner = protocol
        protocol.connection_made(self)
