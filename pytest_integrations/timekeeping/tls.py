"""TLS with a timeout.

One operation may need several reads and writes of the socket (a record arrives in halves, a handshake goes back and
forth), so each is tried without blocking, and what OpenSSL wants is waited for in between.
"""

from __future__ import annotations

import select
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any

from .readiness import wait_for_descriptor
from .ruled import timeline_for_wait
from .sockets import SOCKET, send_at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from .patches import Patches

__all__ = ["install"]

_OPERATIONS = {"read": "read", "write": "write", "send": "write", "do_handshake": "handshake", "unwrap": "shutdown"}
_C_SOCKET: Any = SOCKET.__mro__[1]


def install(patches: Patches) -> None:
    """Make those operations virtual that have a timeout."""
    for name, what in _OPERATIONS.items():
        patches.wrap(ssl.SSLSocket, name, partial(_waiting, what))


def _waiting(what: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def operation(self: Any, *arguments: Any, **keywords: Any) -> Any:
        send_at_once(self)
        timeout = self.gettimeout()
        timeline = timeline_for_wait() if timeout and self._sslobj is not None else None
        if timeline is None:
            return original(self, *arguments, **keywords)
        end = timeline.reading_ns / 1e9 + timeout
        while True:
            _C_SOCKET.settimeout(self, 0)
            try:
                return original(self, *arguments, **keywords)
            except ssl.SSLWantReadError:
                events = select.POLLIN
            except ssl.SSLWantWriteError:
                events = select.POLLOUT
            finally:
                _C_SOCKET.settimeout(self, timeout)
            remaining = end - timeline.reading_ns / 1e9
            if not wait_for_descriptor(timeline, self.fileno(), events, remaining, f"TLS {what}"):
                msg = f"The {what} operation timed out"
                raise TimeoutError(msg)

    return operation
