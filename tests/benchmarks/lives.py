"""How long a fake takes to start and to stop."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.fake import Fake

__all__ = ["start_and_stop"]


def start_and_stop(make: Callable[[], Fake], lives: int = 200) -> tuple[float, float]:
    """Return the milliseconds of both, the median of so many *lives*; the first of a process is not counted."""
    with make():
        pass
    starts, stops = [], []
    for _ in range(lives):
        fake = make()
        begin = time.perf_counter()
        fake.start()
        middle = time.perf_counter()
        fake.stop()
        starts.append(middle - begin)
        stops.append(time.perf_counter() - middle)
    return statistics.median(starts) * 1000, statistics.median(stops) * 1000
