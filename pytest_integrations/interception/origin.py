"""What is intercepted: a host and a port, and whether TLS is spoken there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.ports import PORTS, TLS_SCHEMES

__all__ = ["Origin", "covers", "host_name"]

_VALID = "valid are 'https://api.example.com', 'http://10.0.0.7:8080', 'https://*.example.com', 'redis://cache:6379'"


@dataclass(frozen=True, slots=True)
class Origin:
    """One URL up to its path; a *host* that begins with `*.` is all hosts that end so."""

    url: str
    host: str
    port: int
    tls: bool

    @classmethod
    def of(cls, url: object) -> Origin:
        """Read what a test has written."""
        __tracebackhide__ = True
        if not isinstance(url, str) or "://" not in url:
            msg = f"intercept({url!r}) is not a URL: {_VALID}"
            raise ScriptingError(msg)
        try:
            parts = urlsplit(url)
            host, port = host_name(parts.hostname or ""), parts.port
        except ValueError as error:
            msg = f"intercept({url!r}) names no host and port ({error}): {_VALID}"
            raise ScriptingError(msg) from error
        scheme = parts.scheme.partition("+")[0]
        if not host or "*" in host.removeprefix("*."):
            msg = f"intercept({url!r}) names no host: {_VALID}"
            raise ScriptingError(msg)
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            way_out = f"{parts.scheme}://{parts.netloc}"
            msg = f"intercept({url!r}): a whole host is intercepted, write {way_out!r}; the path is its routes' affair"
            raise ScriptingError(msg)
        if not port and scheme not in PORTS:
            msg = f"intercept({url!r}) names no port, and that of {scheme}:// is not known: write it out"
            raise ScriptingError(msg)
        return cls(url.rstrip("/"), host, port or PORTS[scheme], scheme in TLS_SCHEMES)


def host_name(host: str | bytes) -> str:
    r"""Return *host* as it is compared: in small letters and ASCII, without a dot at the end, an address shortened.

    >>> host_name("API.Example.com."), host_name(b"api.example.com"), host_name("caf\xe9.example")
    ('api.example.com', 'api.example.com', 'xn--caf-dma.example')
    >>> host_name("[2001:DB8:0::1]")
    '2001:db8::1'
    """
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    name = name.strip("[]").partition("%")[0].rstrip(".").lower()
    if ":" in name:
        with suppress(ValueError):
            return IPv6Address(name).compressed
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def covers(pattern: str, host: str) -> bool:
    """Tell whether *host* is the *pattern*, or ends as one that begins with `*.` does.

    >>> covers("*.example.com", "api.example.com"), covers("*.example.com", "example.com")
    (True, False)
    """
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
