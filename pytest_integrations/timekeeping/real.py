"""The real clocks and waits, kept at hand while everybody else's are redirected.

Imported before anything is redirected, by the first virtual clock of the process.
"""

from __future__ import annotations

import select
import time
from types import ModuleType
from typing import TYPE_CHECKING, Any

import time_machine

from .redirect import clone

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CLOCKS",
    "TIME",
    "epoll",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "poll",
    "select_",
    "sleep",
    "wall",
]

monotonic: Callable[[], float] = clone(time.monotonic)
monotonic_ns: Callable[[], int] = clone(time.monotonic_ns)
perf_counter: Callable[[], float] = clone(time.perf_counter)
perf_counter_ns: Callable[[], int] = clone(time.perf_counter_ns)
sleep: Callable[[float], None] = clone(time.sleep)
select_: Callable[..., Any] = clone(select.select)

poll: Any = type(select.poll()).poll if hasattr(select, "poll") else None
epoll: Any = select.epoll.poll if hasattr(select, "epoll") else None


def wall() -> float:
    """Return the seconds since 1970, whoever travels in time meanwhile."""
    hatch = time_machine.escape_hatch
    return hatch.time.time() if hatch.is_travelling() else time.time()


def _wall_ns() -> int:
    hatch = time_machine.escape_hatch
    return hatch.time.time_ns() if hatch.is_travelling() else time.time_ns()


CLOCKS: dict[str, Any] = {
    "monotonic": monotonic,
    "monotonic_ns": monotonic_ns,
    "perf_counter": perf_counter,
    "perf_counter_ns": perf_counter_ns,
    "sleep": sleep,
    "time": wall,
    "time_ns": _wall_ns,
}
"""The functions of `time` that are made virtual, by name, as they are in reality."""

TIME = ModuleType("time", "The real time, for modules that must keep it.")
TIME.__dict__.update({name: value for name, value in vars(time).items() if not name.startswith("__")} | CLOCKS)
