"""Who waits where: each thread by its name, the deepest line of its own code, and the call that it waits in.

A thread that runs a loop of asyncio waits in the loop's selector, whoever it is for: there the tasks tell who waits.
"""

from __future__ import annotations

import linecache
import sys
import sysconfig
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

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
            yield from _tasks_waiting(frames[thread.ident])


def where_thread_waits(thread: threading.Thread) -> str:
    """Return the line for one *thread*."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 -- as above
    if frame is None:
        return f"{thread.name}: has ended"
    stack = traceback.extract_stack(frame)
    inner = [each for each in stack if not each.filename.startswith(_HERE)]
    own = [each for each in inner if _is_own(each.filename)]
    last = (own or inner or list(stack))[-1]
    where = f"{thread.name}: {last.filename}:{last.lineno} in {last.name}: {last.line}"
    deepest = (inner or list(stack))[-1]
    return where if deepest is last else f"{where} (waits in {deepest.name}, {deepest.filename}:{deepest.lineno})"


def _tasks_waiting(frame: FrameType | None) -> Iterable[str]:
    """Yield a line for each task of the loop of asyncio that a thread runs, if *frame*, its deepest, is in one."""
    while frame is not None and frame.f_code.co_name != "run_forever":
        frame = frame.f_back
    asyncio, loop = sys.modules.get("asyncio"), None if frame is None else frame.f_locals.get("self")
    if asyncio is None or not isinstance(loop, asyncio.AbstractEventLoop):
        return
    for task in sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name()):
        frames = list(_frames(task.get_coro()))
        own = [each for each in frames if _is_own(each.f_code.co_filename)] or frames
        if own:
            code, line = own[-1].f_code, own[-1].f_lineno
            text = linecache.getline(code.co_filename, line).strip()
            yield f"  {task.get_name()}: {code.co_filename}:{line} in {code.co_name}: {text}"


def _frames(awaited: object) -> Iterable[FrameType]:
    """Yield where a coroutine waits, and where what it awaits does, and so on."""
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            yield frame
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)


def _is_own(file: str) -> bool:
    return not file.startswith((*_LIBRARIES, _OURS))
