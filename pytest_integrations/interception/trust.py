"""The certificates of intercepted hosts, trusted by the clients that connect to them and by nobody else.

Verification stays on: a client's own context gets one more authority at the moment it is used for such a host, whatever
made it and whenever. The authority signs for intercepted hosts only, and its key never leaves the process.
"""

from __future__ import annotations

import ssl
import threading
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from .origin import host_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.patches import Patches

__all__ = ["install"]

_POSITIONS = {"wrap_socket": 4, "wrap_bio": 3}
"""Where `server_hostname` stands among the arguments after `self`."""

_informed: WeakSet[ssl.SSLContext] = WeakSet()
_lock = threading.Lock()


def install(patches: Patches, is_ours: Callable[[str], bool], pem: Callable[[], bytes]) -> None:
    """Let contexts trust the authority of *pem* where the host is *ours*."""
    for name, position in _POSITIONS.items():
        patches.wrap(ssl.SSLContext, name, partial(_wrapping, position, is_ours, pem))


def _wrapping(
    position: int, is_ours: Callable[[str], bool], pem: Callable[[], bytes], original: Callable[..., Any]
) -> Callable[..., Any]:
    def wrap(self: ssl.SSLContext, *arguments: Any, **keywords: Any) -> Any:
        host = keywords.get("server_hostname", arguments[position] if len(arguments) > position else None)
        if host and is_ours(host_name(host)):
            _inform(self, pem)
        return original(self, *arguments, **keywords)

    return wrap


def _inform(context: ssl.SSLContext, pem: Callable[[], bytes]) -> None:
    with _lock:
        if context not in _informed:
            _informed.add(context)
            context.load_verify_locations(cadata=pem().decode("ascii"))
