"""Where the threads run, which decides what a wake-up costs, and with it what is compared.

Left to the kernel, a client and a server that do little land on one processor or on two as they like, each pair for
itself: a ratio would then be one of places. So the places are given: all threads on one processor, where waking
another thread costs least and what a server does itself shows most; or the client on one and all servers on another.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

__all__ = ["apart", "together"]


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Keep every thread of the process on one processor meanwhile; a thread that starts inherits its starter's."""
    usable = os.sched_getaffinity(0)
    _place(_threads(), {min(usable)})
    try:
        yield
    finally:
        _place(_threads(), usable)


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Keep this thread on one processor and all others that run by now on another meanwhile."""
    usable = os.sched_getaffinity(0)
    here, there = min(usable), max(usable)
    own = {threading.get_native_id()}
    _place(own, {here})
    _place(_threads() - own, {there})
    try:
        yield
    finally:
        _place(_threads(), usable)


def _threads() -> set[int]:
    return {int(task.name) for task in Path("/proc/self/task").iterdir()}


def _place(threads: AbstractSet[int], processors: AbstractSet[int]) -> None:
    for thread in threads:
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(thread, processors)
