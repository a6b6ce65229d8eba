"""Ports: where connections come in, and how a port can fail before there is a connection."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
from typing import TYPE_CHECKING, Literal

from pytest_integrations.core.errors import IntegrationsError, ScriptingError

from .loop import READ

if TYPE_CHECKING:
    from collections.abc import Callable

    from .loop import Loop

__all__ = ["Listener"]

_BACKLOG = 128
_REST = 0.05
"""Seconds until a port tries again to accept, when the process has no descriptor left."""
_INHERITS_NODELAY = sys.platform.startswith("linux")


class Listener:
    """One listening socket on the shared loop; *accepted* is called on the loop with each new socket.

    `state` is `"up"`, `"refuse"` (the port is closed: SYN is answered by RST) or `"ignore"` (SYN is not answered).
    """

    def __init__(self, loop: Loop, accepted: Callable[[socket.socket], object], host: str, port: int) -> None:
        """Bind *host* and *port* (0: any free one) and begin to listen."""
        self._loop = loop
        self._accepted = accepted
        self._fillers: list[socket.socket] = []
        self._own: set[tuple[str, int]] = set()
        self.state: Literal["up", "refuse", "ignore", "stopped"] = "up"
        self._sock = self._bind(host, port)
        self.host: str = self._sock.getsockname()[0]
        self.port: int = self._sock.getsockname()[1]
        loop.watch(self._sock, READ, self._ready)

    @staticmethod
    def _bind(host: str, port: int, *, listen: bool = True) -> socket.socket:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Inherited by accepted sockets, on Linux; a delayed ACK must never decide how long a test takes.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.bind((host, port))
            if listen:
                sock.listen(_BACKLOG)
            sock.setblocking(False)
        except OSError as error:
            sock.close()
            msg = f"cannot listen on {host!r} port {port}: {error.strerror}; port=0 takes a free one"
            raise IntegrationsError(msg) from error
        return sock

    def _ready(self, _events: int) -> None:
        if self.state != "up":
            return
        try:
            # One a turn: the selector tells of the next one, which is cheaper than asking until there is none.
            sock, address = self._sock.accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                self._rest()
                raise
            return  # stopped meanwhile, or the client has gone again
        if address[:2] in self._own:
            self._own.discard(address[:2])
            sock.close()
            return
        sock.setblocking(False)
        if not _INHERITS_NODELAY:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._accepted(sock)

    def _rest(self) -> None:
        """Accept nothing for a moment: no descriptor is left, which the selector would tell again and again."""

        def rested() -> None:
            if self.state == "up":
                self._loop.unwatch(self._sock)  # it may have gone down and up again meanwhile
                self._loop.watch(self._sock, READ, self._ready)

        self._loop.unwatch(self._sock)
        self._loop.call_later(_REST, rested)

    # -- failing

    def refuse(self) -> None:
        """Close the port but keep its number: connecting fails with "connection refused"."""
        if self.state == "up":
            self.state = "refuse"
            self._loop.unwatch(self._sock)
            # Closed, a port that was bound as 0 is the kernel's again; one that is bound by its number is kept.
            self._sock.close()
            self._sock = self._bind(self.host, self.port, listen=False)

    def ignore(self) -> None:
        """Answer no SYN, so that connecting times out: the accept queue is kept full with connections of our own."""
        if not sys.platform.startswith("linux"):
            msg = "connect_timeout() needs Linux: other kernels answer a SYN even when the accept queue is full"
            raise ScriptingError(msg)
        if self.state != "up":
            return
        self.state = "ignore"
        self._loop.unwatch(self._sock)
        self._sock.listen(0)
        while len(self._fillers) < _BACKLOG and (not self._fillers or _is_connected(self._fillers[-1])):
            filler = socket.socket(self._sock.family, socket.SOCK_STREAM)
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(self._sock.getsockname())
            self._fillers.append(filler)

    def heal(self) -> None:
        """Listen again, on the same port."""
        if self.state in {"refuse", "ignore"}:
            self._sock.listen(_BACKLOG)
            self._dismiss_fillers()
            self.state = "up"
            self._loop.watch(self._sock, READ, self._ready)

    def _dismiss_fillers(self) -> None:
        """Close the connections of our own, remembering them: those in the accept queue will still be accepted."""
        while self._fillers:
            filler = self._fillers.pop()
            if _is_connected(filler):
                self._own.add(filler.getsockname()[:2])
            filler.close()

    def stop(self) -> None:
        """Close the port, at once and for good; safe from any thread."""
        self.state = "stopped"
        self._loop.unwatch(self._sock)
        self._sock.close()
        self._dismiss_fillers()


def _is_connected(sock: socket.socket) -> bool:
    """Tell whether the SYN of a loopback *sock* was answered; the kernel does that before connect() returns."""
    established = 1  # TCP_ESTABLISHED, the first byte of Linux's tcp_info
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == established
