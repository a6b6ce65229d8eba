"""Other tools that deal with time: who keeps the real one, who moves along, and with whom it cannot be done."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import sys
import time
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import time_machine

from . import real
from .redirect import VirtualTimeUnavailable

if TYPE_CHECKING:
    from .patches import Patches

__all__ = ["REAL_MODULES", "keep_real", "move_along", "out_of_reach", "refuse_foreign_loops", "waits_for_ever"]

REAL_MODULES = (
    "_pytest",
    "pytest_timeout",
    "xdist",
    "execnet",
    "hypothesis",
    "subprocess",
    "multiprocessing",
    "coverage",
    "pydevd",
    "_pydevd_bundle",
    "grpc._channel",
    "grpc._server",
    "grpc.aio",
    "grpc._cython",
    "trio._core._thread_cache",
)
"""How the names of those modules begin that keep real time.

They measure or bound the run, or talk to the outside, or wait for work that may come or not (trio's idle threads).
"""

_LATE_PARTS = {"grpc": ("grpc._channel", "grpc._server")}
"""What libraries that are there import of themselves when it is first needed, which may be in virtual time."""

_TRIO_LOOKS_EVERY = 24 * 60 * 60
"""Seconds that trio waits at most; it waits again where nothing has come."""


def keep_real(patches: Patches) -> None:
    """Give the real clocks to the modules that keep real time."""
    for library, parts in _LATE_PARTS.items():
        for part in parts if library in sys.modules else ():
            with contextlib.suppress(ImportError):
                import_module(part)
    virtual = {id(getattr(time, name)): value for name, value in real.CLOCKS.items()}
    virtual[id(time)] = real.TIME
    for name, module in sys.modules.copy().items():  # a copy is made in one go, whatever the collector does meanwhile
        if name.startswith(REAL_MODULES):
            for key, value in list(getattr(module, "__dict__", {}).items()):
                if id(value) in virtual:
                    patches.put(module, key, virtual[id(value)])


def move_along(delta_ns: int) -> None:
    """Move whoever else has stopped the wall clock, time-machine and freezegun, by as much as ours moves."""
    for traveller in time_machine.traveller_stack:
        traveller.shift(delta_ns / 1e9)
    freezegun: Any = sys.modules.get("freezegun.api")
    if freezegun is not None:
        for factory in freezegun.freeze_factories:
            factory.tick(dt.timedelta(microseconds=delta_ns / 1e3))


def refuse_foreign_loops() -> None:
    """Refuse what keeps time in C, or has replaced threads."""
    if "uvloop" in sys.modules and _asyncio_policy().startswith("uvloop"):
        why = "uvloop keeps time in C, out of reach: use asyncio's own event loop in this test"
        raise VirtualTimeUnavailable(why)
    gevent: Any = sys.modules.get("gevent.monkey")
    eventlet: Any = sys.modules.get("eventlet.patcher")
    for name, is_patched in (
        ("gevent", gevent is not None and gevent.is_module_patched("threading")),
        ("eventlet", eventlet is not None and eventlet.is_monkey_patched("thread")),
    ):
        if is_patched:
            why = f"{name} has replaced threads and sockets by its own"
            raise VirtualTimeUnavailable(why)


def out_of_reach() -> list[str]:
    """Return a line for each library that may have begun to wait by a clock of its own since it could be refused."""
    if "uvloop" in sys.modules:
        return ["uvloop is loaded: a loop of its kind keeps time in C, where waits cannot be seen to have a timeout"]
    return []


def waits_for_ever(seconds: float) -> bool:
    """Tell whether a wait of so many *seconds* is that of a trio in which nobody waits for a time to come."""
    trio: Any = sys.modules.get("trio")
    if trio is None or seconds < _TRIO_LOOKS_EVERY:
        return False
    try:
        return bool(trio.lowlevel.current_statistics().seconds_to_next_deadline == math.inf)
    except RuntimeError:  # it is not trio that waits in this thread
        return False


def _asyncio_policy() -> str:
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None:
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # policies go away with Python 3.16
        return type(asyncio.get_event_loop_policy()).__module__
