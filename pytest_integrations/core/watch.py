"""Who is told that a fake, or a servicer, has started: nobody, unless a test runner asks.

They are context managers that work without pytest; that is how a run of pytest still learns of those that a test
starts by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["announce", "watchers"]

watchers: list[Callable[[Any], object]] = []
"""Each is called with what started; only the last is told, so that a run of pytest in another keeps its own fakes."""


def announce(source: Any) -> None:
    """Tell whoever watches that *source*, which writes calls in a ledger, has started."""
    if watchers:
        watchers[-1](source)
