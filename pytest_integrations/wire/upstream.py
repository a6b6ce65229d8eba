"""Connections that go out: to a server elsewhere, without blocking the loop."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.own_traffic import own_traffic

from .loop import WRITE
from .transport import RESET_AT_CLOSE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .loop import Loop, Timer

__all__ = ["Address", "Dial", "is_itself", "resolve"]

Address = tuple[socket.AddressFamily, Any]
"""A family and the address that `connect` takes for it."""

_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK}


def resolve(host: str, port: int) -> tuple[Address, ...]:
    """Return the addresses of *host*, in the system's order; raises OSError where it has none. It may block."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple((family, address) for family, _, _, _, address in found)


class Dial:
    """One attempt to connect to the first of several addresses that answers; used on the loop only.

    It ends in *connected*, with a non-blocking socket, or in *failed*, with the last address's error.
    """

    def __init__(
        self,
        loop: Loop,
        addresses: Sequence[Address],
        timeout: float,
        connected: Callable[[socket.socket], object],
        failed: Callable[[OSError], object],
    ) -> None:
        """Prepare; each address has *timeout* seconds."""
        self._loop = loop
        self._left = list(addresses)
        self._timeout = timeout
        self._connected = connected
        self._failed = failed
        self._sock: socket.socket | None = None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin with the first address."""
        self._try_next(OSError(errno.EADDRNOTAVAIL, "no address to connect to"))

    def _try_next(self, error: OSError) -> None:
        if not self._left:
            self._failed(error)
            return
        family, address = self._left.pop(0)
        try:
            sock = self._sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        except OSError as none_left:
            self._failed(none_left)
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with own_traffic():
            code = sock.connect_ex(address)
        if code not in _UNDER_WAY:
            self._give_up(code)
            return
        self._timer = self._loop.call_later(self._timeout, lambda: self._give_up(errno.ETIMEDOUT))
        self._loop.watch(sock, WRITE, self._ready)

    def _ready(self, _events: int) -> None:
        sock = self._sock
        if sock is None:  # pragma: no cover -- cancelled in the same round
            return
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == 0 and is_itself(sock):
            code = errno.ECONNREFUSED
        if code:
            self._give_up(code)
            return
        self._let_go()
        self._connected(sock)

    def _give_up(self, code: int) -> None:
        self.cancel()
        self._try_next(OSError(code, os.strerror(code)))

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._sock is not None:
            self._loop.unwatch(self._sock)
            self._sock = None

    def cancel(self) -> None:
        """Stop, and tell nobody; harmless when it is over."""
        sock = self._sock
        self._let_go()
        if sock is not None:
            sock.close()

    def abort(self) -> None:
        """Stop as `cancel` does, and reset what the kernel may have connected by now."""
        if self._sock is not None:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        self.cancel()


def is_itself(sock: socket.socket) -> bool:
    """Tell whether *sock* has met itself: the kernel may choose the wanted port, which nobody listens on, for it."""
    try:
        return bool(sock.getsockname() == sock.getpeername())
    except OSError:  # it has gone again, which the first read will tell
        return False
