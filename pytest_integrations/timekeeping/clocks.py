"""The clocks that code reads, and `time.sleep`, made virtual."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from . import real
from .ruled import timeline_for_wait, timeline_here

if TYPE_CHECKING:
    from .patches import Patches

__all__ = ["install"]


def install(patches: Patches) -> None:
    """Redirect the clocks; the wall clock is time-machine's affair."""
    patches.redirect(time.monotonic, _monotonic)
    patches.redirect(time.monotonic_ns, _monotonic_ns)
    patches.redirect(time.perf_counter, _perf_counter)
    patches.redirect(time.perf_counter_ns, _perf_counter_ns)
    patches.redirect(time.sleep, _sleep)


def _monotonic() -> float:
    timeline = timeline_here()
    return timeline.reading_ns / 1e9 if timeline is not None else real.monotonic()


def _monotonic_ns() -> int:
    timeline = timeline_here()
    return timeline.reading_ns if timeline is not None else real.monotonic_ns()


def _perf_counter() -> float:
    timeline = timeline_here()
    return timeline.reading_ns / 1e9 if timeline is not None else real.perf_counter()


def _perf_counter_ns() -> int:
    timeline = timeline_here()
    return timeline.reading_ns if timeline is not None else real.perf_counter_ns()


def _sleep(seconds: float, /) -> None:
    timeline = timeline_for_wait()
    if timeline is None or not seconds > 0:
        real.sleep(seconds)  # which also refuses what is no number, or a negative one
    else:
        timeline.wait(seconds, "time.sleep")
