"""Where intercepted connections come in at a fake."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pytest_integrations.backends.listening import ListeningFake
    from pytest_integrations.wire.listener import Listener
    from pytest_integrations.wire.tls import TlsPort

__all__ = ["Door"]


class Door:
    """One port of a *fake*, plain or with TLS; the certificate names the hosts that were welcomed."""

    def __init__(self, fake: ListeningFake, listener: Listener, tls: TlsPort | None) -> None:
        """Lead to where *listener* listens."""
        self.fake = fake
        self.host: str = listener.host
        self.port: int = listener.port
        self._listener = listener
        self._tls = tls
        self._lock = threading.Lock()

    @classmethod
    def of(cls, fake: ListeningFake, *, tls: bool) -> Self:
        """Open a door of *fake*."""
        __tracebackhide__ = True
        port = None
        if tls:
            from pytest_integrations.wire.certificates import interception_authority
            from pytest_integrations.wire.tls import TlsPort

            port = TlsPort(interception_authority(), fake.alpn)
        return cls(fake, fake.open_door(port), port)

    def welcome(self, host: str) -> None:
        """Have the certificate name *host*, from the next connection on."""
        if self._tls is not None and host not in self._tls.names:
            with self._lock:
                self._tls.names = tuple(sorted({*self._tls.names, host}))

    def close(self) -> None:
        """Let nobody in any more, though the fake may go on; who is inside stays."""
        if self._listener.state != "stopped":
            self._listener.stop()
