"""Sockets with a timeout: wait for readiness in virtual time, then do what cannot block any more.

Sockets whose other end is outside this process keep real time, and virtual time stands still while they wait.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from . import real
from .readiness import wait_for_descriptor
from .ruled import real_time, rule, timeline_for_wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from .patches import Patches
    from .timeline import Timeline

__all__ = ["SOCKET", "install", "send_at_once"]

SOCKET: Any = ssl.SSLSocket.__mro__[1]
"""`socket.socket` itself, even where a plugin has put a subclass in its place to forbid the network."""

_C_SOCKET: Any = SOCKET.__mro__[1]
_READS = ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into", "_accept")
_SENDS = ("send", "sendto", "sendmsg")


def install(patches: Patches) -> None:
    """Make those operations virtual that have a timeout."""
    for name in _READS:
        if hasattr(SOCKET, name):
            patches.wrap(SOCKET, name, _reading)
    for name in _SENDS:
        if hasattr(SOCKET, name):
            patches.wrap(SOCKET, name, _sending)
    patches.wrap(SOCKET, "sendall", _sendall)
    patches.wrap(SOCKET, "connect", _connect)


def is_loopback(host: str) -> bool:
    """Tell whether *host* is this machine, which is taken for this process.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("192.0.2.1")
    (True, True, False)
    """
    return host.startswith(("127.", "::ffff:127.")) or host in {"::1", "localhost"}


def _is_within(sock: Any) -> bool:
    """Tell whether the other end may be in this process."""
    try:
        if sock.family == getattr(socket, "AF_UNIX", None):
            if not hasattr(socket, "SO_PEERCRED"):
                return True
            credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            return int.from_bytes(credentials[:4], sys.byteorder) == os.getpid()
        if sock.family not in {socket.AF_INET, socket.AF_INET6}:
            return True
        return is_loopback(sock.getpeername()[0])
    except OSError:
        return True  # not connected: it listens, or is on its way


def send_at_once(sock: Any) -> None:
    """Switch Nagle's algorithm off: it keeps bytes back on a timer of the kernel's that no clock of ours can see."""
    if (
        rule.timeline is not None
        and sock.family in {socket.AF_INET, socket.AF_INET6}
        and sock.type == socket.SOCK_STREAM
    ):
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _wait(sock: Any, events: int, kind: str) -> None:
    """Wait until an operation on *sock* would not block, for as long as its timeout allows."""
    timeout = sock.gettimeout()
    timeline = timeline_for_wait() if timeout != 0 else None
    if timeline is None:
        return
    if not _is_within(sock):
        poll = select.poll()
        poll.register(sock.fileno(), events)
        with real_time():
            ready = real.poll(poll, None if timeout is None else timeout * 1000)
    else:
        ready = timeout is None or wait_for_descriptor(timeline, sock.fileno(), events, timeout, kind)
    if not ready:
        raise _timed_out()


def _timed_out() -> TimeoutError:
    return TimeoutError("timed out")  # the words of the standard library, which some clients look for


def _reading(original: Callable[..., Any]) -> Callable[..., Any]:
    kind = f"socket.{original.__name__.lstrip('_')}"

    def read(self: Any, *arguments: Any, **keywords: Any) -> Any:
        _wait(self, select.POLLIN, kind)
        return original(self, *arguments, **keywords)

    return read


def _sending(original: Callable[..., Any]) -> Callable[..., Any]:
    kind = f"socket.{original.__name__}"

    def send(self: Any, *arguments: Any, **keywords: Any) -> Any:
        send_at_once(self)
        _wait(self, select.POLLOUT, kind)
        return original(self, *arguments, **keywords)

    return send


def _sendall(original: Callable[..., Any]) -> Callable[..., Any]:
    def sendall(self: Any, data: Any, flags: int = 0, /) -> None:
        send_at_once(self)
        timeout = self.gettimeout()
        timeline = timeline_for_wait() if timeout else None
        if timeline is None or not _is_within(self):
            _wait(self, select.POLLOUT, "socket.sendall")
            original(self, data, flags)
            return
        end = timeline.reading_ns / 1e9 + timeout
        left = memoryview(data).cast("B")
        while left:
            remaining = end - timeline.reading_ns / 1e9
            if not wait_for_descriptor(timeline, self.fileno(), select.POLLOUT, remaining, "socket.sendall"):
                raise _timed_out()
            left = left[_send_without_blocking(self, left, flags) :]

    return sendall


def _send_without_blocking(sock: Any, data: memoryview, flags: int) -> int:
    """Return how many bytes *sock* takes at once."""
    timeout = sock.gettimeout()
    _C_SOCKET.settimeout(sock, 0)
    try:
        return int(_C_SOCKET.send(sock, data, flags))
    except BlockingIOError:
        return 0
    finally:
        _C_SOCKET.settimeout(sock, timeout)


def _connect(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: Any, address: Any, /) -> None:
        timeout = self.gettimeout()
        timeline = timeline_for_wait() if timeout != 0 else None
        if timeline is None:
            original(self, address)
        elif self.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback(str(address[0])):
            with real_time():
                original(self, address)
        elif timeout is None:
            original(self, address)
        else:
            _connect_within(timeline, self, address, timeout)

    return connect


def _connect_within(timeline: Timeline, sock: Any, address: Any, timeout: float) -> None:
    """Connect to this process."""
    _C_SOCKET.settimeout(sock, 0)
    try:
        code = _C_SOCKET.connect_ex(sock, address)
    finally:
        _C_SOCKET.settimeout(sock, timeout)
    if code in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
        if not wait_for_descriptor(timeline, sock.fileno(), select.POLLOUT, timeout, "socket.connect"):
            raise _timed_out()
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
