"""Where a proxy passes connections on to: what a test may write for it, and the URL that leads there by the proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pytest_integrations.backends.fake import Fake
from pytest_integrations.backends.listening import ListeningFake
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.ports import PORTS

__all__ = ["Upstream"]

_VALID = (
    "valid are 'host:port', '[::1]:port', (host, port), a URL with a host, such as 'redis://127.0.0.1:6379', "
    "and a running fake with a port of its own"
)


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server's *host* and *port*, and the *url* that it was named by, if it was one."""

    host: str
    port: int
    url: str = ""

    @classmethod
    def of(cls, wanted: Any) -> Upstream:
        """Read what a test has written."""
        __tracebackhide__ = True
        if isinstance(wanted, ListeningFake):
            return cls(urlsplit(wanted.url).hostname or "", wanted.port, wanted.url)
        if isinstance(wanted, str):
            return _from_url(wanted) if "://" in wanted else _from_text(wanted)
        if isinstance(wanted, tuple) and len(wanted) == 2 and isinstance(wanted[0], str) and wanted[0]:
            return cls(wanted[0].strip("[]"), _port(wanted[1], wanted))
        hint = "the clients of this fake do not stay with one port; " if isinstance(wanted, Fake) else ""
        msg = f"upstream={wanted!r} cannot be connected to: {hint}{_VALID}"
        raise ScriptingError(msg)

    def url_by(self, host: str, port: int) -> str:
        """Return the URL by which a client comes here by a proxy that listens on *host* and *port*."""
        if not self.url:
            return f"tcp://{host}:{port}"
        parts = urlsplit(self.url)
        user, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{user}{at}{host}:{port}").geturl()

    def __str__(self) -> str:
        """Show host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _from_text(text: str) -> Upstream:
    host, colon, port = text.rpartition(":")
    is_plain = ":" not in host or (host.startswith("[") and host.endswith("]"))
    if not colon or not host.strip("[]") or not is_plain or "/" in text:
        msg = f"upstream={text!r} cannot be connected to: {_VALID}"
        raise ScriptingError(msg)
    return Upstream(host.strip("[]"), _port(port, text))


def _from_url(url: str) -> Upstream:
    scheme = url.partition("://")[0].partition("+")[0]  # it may name a driver as well: postgresql+psycopg
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        msg = f"upstream={url!r} names no host and port ({error}): {_VALID}; of several hosts name one"
        raise ScriptingError(msg) from error
    if not host:
        msg = f"upstream={url!r} names no host to connect to (sockets of Unix cannot be proxied): {_VALID}"
        raise ScriptingError(msg)
    if port is None and scheme not in PORTS:
        msg = f"upstream={url!r} names no port, and that of {scheme}:// is not known: write it out"
        raise ScriptingError(msg)
    return Upstream(host, PORTS[scheme] if port is None else _port(port, url), url)


def _port(port: object, wanted: object) -> int:
    number = int(port) if isinstance(port, str) and port.isascii() and port.isdigit() else port
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 65536:
        msg = f"upstream={wanted!r} has no valid port: valid are 1 to 65535"
        raise ScriptingError(msg)
    return number
