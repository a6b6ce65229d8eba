"""Which timeline rules the calling thread, if any does."""

from __future__ import annotations

import os
import threading
from _thread import get_ident
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .timeline import Timeline

__all__ = ["REAL_THREADS", "real_time", "rule", "timeline_for_wait", "timeline_here"]

REAL_THREADS = ("pytest_timeout", "pydevd", "virtual-clock")
"""How the names of those threads begin that keep real time: they bound the run, or show it."""


class _Rule:
    """The timeline in force, and who is out of it. One object, so that reading it takes no lock."""

    __slots__ = ("forget", "out", "timeline")

    def __init__(self) -> None:
        self.timeline: Timeline | None = None
        self.out: dict[int, int] = {}
        """Thread to the depth of its `real_time()` blocks."""
        self.forget: Callable[[], object] | None = None
        """Restores what was patched, in the child of a fork."""


rule: _Rule = _Rule()


def _after_fork() -> None:
    """Give a child real time: it has no driver, and no business with its parent's clock."""
    rule.timeline = None
    rule.out.clear()
    forget, rule.forget = rule.forget, None
    if forget is not None:
        forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def timeline_here() -> Timeline | None:
    """Return what rules the clocks that the calling thread reads."""
    timeline = rule.timeline
    if timeline is None or get_ident() in rule.out:
        return None
    return timeline


def timeline_for_wait() -> Timeline | None:
    """Return what rules the waits of the calling thread."""
    timeline = timeline_here()
    if timeline is not None and threading.current_thread().name.startswith(REAL_THREADS):
        return None
    return timeline


@contextmanager
def real_time() -> Iterator[None]:
    """Let the calling thread wait in real time; virtual time stands still for all meanwhile.

    For what is outside this process, a database in a container say: there nobody knows of virtual time.
    """
    ident, timeline = get_ident(), rule.timeline
    rule.out[ident] = rule.out.get(ident, 0) + 1
    if timeline is not None:
        timeline.hold()
    try:
        yield
    finally:
        if timeline is not None:
            timeline.release()
        depth = rule.out.get(ident, 1) - 1
        if depth:
            rule.out[ident] = depth
        else:
            rule.out.pop(ident, None)
