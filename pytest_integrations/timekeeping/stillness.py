"""How long every thread has been waiting for ever."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from . import real

if TYPE_CHECKING:
    from .idle import Probe

__all__ = ["Stillness"]

_FOR_LIBRARIES = 5.0
"""Real seconds that threads of libraries in C may bring something in, which wake now and then to look for work.

Those of grpcio do, in any process that has used it; a connection that was refused they try again after 1 s or 2.
"""


class Stillness:
    """Goes on while no thread moves, and for some time while only threads of libraries in C do."""

    def __init__(self, probe: Probe, limit: float) -> None:
        """Look by *probe*; without any movement *limit* real seconds are too long."""
        self._probe = probe
        self._limit = limit
        self._seen: dict[int, object] = {}
        self._since: float | None = None
        """Since when no thread of Python has moved."""
        self._of_all = 0.0
        """Since when none at all."""
        self._is_told = False

    def end(self) -> None:
        """Forget it: somebody is at work, or can be."""
        self._since = None

    def is_too_long(self) -> bool:
        """Tell once whether it has lasted too long; every thread has just been seen waiting."""
        now = real.monotonic()
        before, seen = self._seen, dict(self._probe.seen)
        self._seen = seen
        if self._since is None or self._of_python(before) != self._of_python(seen):
            self._since = self._of_all = now
            self._is_told = False
        elif before != seen:
            self._of_all = now
        if self._is_told:
            return False
        limit_beside_libraries = max(self._limit, _FOR_LIBRARIES)
        self._is_told = now - self._of_all > self._limit or now - self._since > limit_beside_libraries
        return self._is_told

    def _of_python(self, seen: dict[int, object]) -> dict[int, object]:
        """Return what of *seen* is not of threads of libraries in C that wait with a timeout of their own."""
        foreign = self._probe.timed - {thread.native_id for thread in threading.enumerate()}
        return {thread: counts for thread, counts in seen.items() if thread not in foreign}
