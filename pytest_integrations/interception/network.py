"""The standard library's look-up and connect, led elsewhere while an interception is in force.

    getaddrinfo, gethostbyname   give an address that stands for the host
    connect, connect_ex          know the host by that address, and go to the fake's port

Both are needed: what looks up and what connects are often not the same, and only the connect is told the port.
"""

from __future__ import annotations

import _socket
import errno
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from pytest_integrations.core.errors import NotIntercepted
from pytest_integrations.core.own_traffic import is_own_traffic

from .origin import host_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.patches import Patches

__all__ = ["Guide", "install"]

_SOCKET: Any = ssl.SSLSocket.__mro__[1]
"""`socket.socket` itself, even where a plugin has put a subclass in its place to forbid the network."""


class Guide(Protocol):
    """Who knows the way."""

    def look_up(self, host: str) -> str | None:
        """Return the address that stands for *host*, or None to look it up as usual; raises `NotIntercepted`."""
        ...

    def found(self, host: str, addresses: set[str]) -> None:
        """Hear of the *addresses* that a look-up as usual has found."""
        ...

    def lead(self, host: str, port: int, family: int = 0) -> tuple[str, int] | None:
        """Return where a connection to *host* and *port* goes, or None to let it be; raises `NotIntercepted`.

        Of a host that goes by several addresses it is one of *family*, if that is told.
        """
        ...


def install(patches: Patches, guide: Guide) -> None:
    """Ask *guide* about each look-up and each connection of a stream."""
    # Below `socket.getaddrinfo`, so that who has imported that by name is reached too.
    patches.wrap(_socket, "getaddrinfo", partial(_looking_up, guide))
    for name in ("gethostbyname", "gethostbyname_ex"):
        patches.wrap(socket, name, partial(_translating, guide))
    patches.wrap(_SOCKET, "connect", partial(_connecting, guide))
    patches.wrap(_SOCKET, "connect_ex", partial(_trying, guide))


def _looking_up(guide: Guide, original: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, *arguments: Any, **keywords: Any) -> Any:
        if host is None or is_own_traffic():
            return original(host, *arguments, **keywords)
        name = host_name(host)
        stand_in = guide.look_up(name)
        found = original(stand_in or host, *arguments, **keywords)
        if stand_in is None:
            guide.found(name, {str(entry[4][0]) for entry in found})
        return found

    return getaddrinfo


def _translating(guide: Guide, original: Callable[..., Any]) -> Callable[..., Any]:
    def gethostbyname(host: Any) -> Any:
        if is_own_traffic():
            return original(host)
        name = host_name(host)
        stand_in = guide.look_up(name)
        found = original(stand_in or host)
        if stand_in is None:
            guide.found(name, {found} if isinstance(found, str) else {*found[2]})
        return found

    return gethostbyname


def _connecting(guide: Guide, original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: Any, address: Any, /) -> None:
        original(self, _led(self, address, guide))

    return connect


def _trying(guide: Guide, original: Callable[..., Any]) -> Callable[..., Any]:
    def connect_ex(self: Any, address: Any, /) -> int:
        try:
            way = _led(self, address, guide)
        except NotIntercepted:
            return errno.ECONNREFUSED
        return int(original(self, way))

    return connect_ex


def _led(sock: Any, address: Any, guide: Guide) -> Any:
    """Return the address to connect *sock* to in place of *address*."""
    if (
        is_own_traffic()
        or sock.family not in {socket.AF_INET, socket.AF_INET6}
        or sock.type != socket.SOCK_STREAM
        or not isinstance(address, tuple)
        or len(address) < 2
        or not isinstance(address[0], str | bytes)
    ):
        return address
    way = guide.lead(host_name(address[0]), address[1], sock.family)
    return address if way is None else _of_family(way, sock.family)


def _of_family(way: tuple[str, int], family: int) -> tuple[str, int]:
    """Return *way* as a socket of this *family* takes it: one of IPv6 knows an address of IPv4 by another name.

    Such a socket is what asyncio makes for an address of IPv6 that stands in the URL, wherever the fake listens.
    """
    host, port = way
    return (f"::ffff:{host}", port) if family == socket.AF_INET6 and ":" not in host else way
