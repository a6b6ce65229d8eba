"""Work that no thread can be seen at: what a library in C has taken, and has not begun.

Virtual time jumps when every thread waits. grpcio's server, however, may have a call in a queue of its own while all
its threads sleep, some of them until a timer of its own tells them to look. Who knows of such work says so here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["UNDER_WAY"]

UNDER_WAY: list[Callable[[], bool]] = []
"""Each tells whether there is such work now; called by any thread, often, while time could move."""
