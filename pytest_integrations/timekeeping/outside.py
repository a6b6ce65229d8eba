"""What is outside this process: name servers, child processes. It keeps real time, and virtual time waits for it.

Not for ever: who waits for a child process without a timeout may be a thread of a pool that has nothing to do. It holds
time only while it has work out.
"""

from __future__ import annotations

import _socket
import multiprocessing.connection
import multiprocessing.pool
import subprocess
from concurrent.futures import process
from typing import TYPE_CHECKING, Any

from .redirect import clone
from .ruled import real_time, timeline_here

if TYPE_CHECKING:
    from collections.abc import Callable

    from .patches import Patches

__all__ = ["install"]

_LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo")
_CHILDREN = ("__init__", "wait", "communicate")
_AWAIT_RESULTS = "wait_result_broken_or_wakeup"


def install(patches: Patches) -> None:
    """Let virtual time stand still meanwhile."""
    for name in _LOOKUPS:
        patches.redirect(getattr(_socket, name), _lookup(name))
    for name in _CHILDREN:
        patches.wrap(subprocess.Popen, name, _in_real_time)
    patches.wrap(multiprocessing.connection, "wait", _wait_for_processes)
    patches.wrap(multiprocessing.pool.ApplyResult, "wait", _wait_for_pool)
    if hasattr(process._ExecutorManagerThread, _AWAIT_RESULTS):  # noqa: SLF001 -- nobody else knows whether there is work
        patches.wrap(process._ExecutorManagerThread, _AWAIT_RESULTS, _wait_for_results)  # noqa: SLF001


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


def _wait_for_processes(original: Callable[..., Any]) -> Callable[..., Any]:
    in_real_time = _in_real_time(original)

    def wait(object_list: Any, timeout: float | None = None) -> Any:
        return original(object_list) if timeout is None else in_real_time(object_list, timeout)

    return wait


def _wait_for_pool(original: Callable[..., Any]) -> Callable[..., Any]:
    in_real_time = _in_real_time(original)

    def wait(self: Any, timeout: float | None = None) -> None:
        is_within = isinstance(self._pool, multiprocessing.pool.ThreadPool)
        (original if is_within else in_real_time)(self, timeout)

    return wait


def _wait_for_results(original: Callable[..., Any]) -> Callable[..., Any]:
    """As the manager of an executor does: it is woken when there is work, and comes here again."""
    in_real_time = _in_real_time(original)

    def wait(self: Any) -> Any:
        return in_real_time(self) if self.pending_work_items else original(self)

    return wait
