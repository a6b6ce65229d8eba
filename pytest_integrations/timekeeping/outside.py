"""What is outside this process: name servers, child processes. It keeps real time, and virtual time waits for it."""

from __future__ import annotations

import _socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from .redirect import clone
from .ruled import real_time, timeline_here

if TYPE_CHECKING:
    from collections.abc import Callable

    from .patches import Patches

__all__ = ["install"]

_LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo")
_CHILDREN = ("__init__", "wait", "communicate")


def install(patches: Patches) -> None:
    """Let virtual time stand still meanwhile."""
    for name in _LOOKUPS:
        patches.redirect(getattr(_socket, name), _lookup(name))
    for name in _CHILDREN:
        patches.wrap(subprocess.Popen, name, _in_real_time)
    connection = sys.modules.get("multiprocessing.connection")
    if connection is not None:
        patches.wrap(connection, "wait", _in_real_time)


_lookups: dict[str, Callable[..., Any]] = {}


def _lookup(name: str) -> Callable[..., Any]:
    """Return the stand-in for a function of the socket module, always the same."""
    if name not in _lookups:
        _lookups[name] = _in_real_time(clone(getattr(_socket, name)))
    return _lookups[name]


def _in_real_time(original: Callable[..., Any]) -> Callable[..., Any]:
    def function(*arguments: Any, **keywords: Any) -> Any:
        if timeline_here() is None:
            return original(*arguments, **keywords)
        with real_time():
            return original(*arguments, **keywords)

    return function
