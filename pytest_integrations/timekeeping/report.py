"""Who waits where: each thread by its name, the deepest line of its own code, and the call that it waits in."""

from __future__ import annotations

import sys
import sysconfig
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["threads_waiting", "where_thread_waits"]

_HERE = str(Path(__file__).parent)
_OURS = str(Path(__file__).parents[1])
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_NOT_TOLD = ("virtual-clock", "integrations-")


def threads_waiting() -> Iterable[str]:
    """Yield a line for each thread but the fakes' own and the caller."""
    frames = sys._current_frames()  # noqa: SLF001 -- documented, in spite of its name
    own = threading.get_ident()
    for thread in threading.enumerate():
        if thread.ident in frames and thread.ident != own and not thread.name.startswith(_NOT_TOLD):
            yield where_thread_waits(thread)


def where_thread_waits(thread: threading.Thread) -> str:
    """Return the line for one *thread*."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 -- as above
    if frame is None:
        return f"{thread.name}: has ended"
    stack = traceback.extract_stack(frame)
    inner = [each for each in stack if not each.filename.startswith(_HERE)]
    own = [each for each in inner if not each.filename.startswith((*_LIBRARIES, _OURS))]
    last = (own or inner or list(stack))[-1]
    where = f"{thread.name}: {last.filename}:{last.lineno} in {last.name}: {last.line}"
    deepest = (inner or list(stack))[-1]
    return where if deepest is last else f"{where} (waits in {deepest.name}, {deepest.filename}:{deepest.lineno})"
