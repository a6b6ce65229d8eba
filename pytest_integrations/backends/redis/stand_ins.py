"""Gives the engine our clock and our chance in place of the modules `time` and `random` that it uses by itself.

The engine is a library that asks `time.time()` and `random` wherever it needs them. While a fake runs, the names `time`
and `random` *inside its own modules* mean these stand-ins; nobody else's do. They answer by the clock and the seed of
the fake that is executing something on this thread, and by the real modules to everybody else, such as a test that
uses the same library directly. With the last fake the real modules are put back.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random
    from types import ModuleType

    from pytest_integrations.core.clock import Clock

__all__ = ["executing", "install", "uninstall"]


class _Executing(threading.local):
    """Whose clock and chance hold on this thread."""

    clock: Clock | None = None
    chance: Random | None = None


_executing = _Executing()


class _Time:
    """The module `time`, by the clock of the fake that is executing."""

    def time(self) -> float:
        """Return the seconds since 1970."""
        clock = _executing.clock
        return time.time() if clock is None else clock.wall().timestamp()  # noqa: TID251 -- not on behalf of a fake

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class _Chance:
    """The module `random`, by the seed of the fake that is executing."""

    def __getattr__(self, name: str) -> Any:
        chance = _executing.chance
        return getattr(random if chance is None else chance, name)


_STAND_INS: dict[str, tuple[ModuleType, Any]] = {"time": (time, _Time()), "random": (random, _Chance())}
_users: list[str] = []
"""The package, once for each fake that runs."""
_lock = threading.Lock()


def install(package: str) -> None:
    """Put the stand-ins into the modules of *package*; each call is undone by one of `uninstall`."""
    with _lock:
        _users.append(package)
        if len(_users) == 1:
            for module, name in _uses(package, real=True):
                setattr(module, name, _STAND_INS[name][1])


def uninstall(package: str) -> None:
    """Put the real modules back, if nobody else needs the stand-ins."""
    with _lock:
        _users.remove(package)
        if not _users:
            for module, name in _uses(package, real=False):
                setattr(module, name, _STAND_INS[name][0])


def _uses(package: str, *, real: bool) -> list[tuple[ModuleType, str]]:
    """Return the modules of *package* and the names by which they use a real module, or a stand-in."""
    modules = [module for name, module in tuple(sys.modules.items()) if f"{name}.".startswith(f"{package}.")]
    return [
        (module, name)
        for module in modules
        for name, pair in _STAND_INS.items()
        if vars(module).get(name) is pair[0 if real else 1]
    ]


@contextmanager
def executing(clock: Clock, chance: Random) -> Iterator[None]:
    """Let *clock* and *chance* hold for what the engine does on this thread meanwhile."""
    before = _executing.clock, _executing.chance
    _executing.clock, _executing.chance = clock, chance
    try:
        yield
    finally:
        _executing.clock, _executing.chance = before
