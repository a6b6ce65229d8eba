"""How long calls took: percentiles, where there are enough calls for them to mean something."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Latencies", "latencies", "percentile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """How long exchanges took, in seconds, from the request to the end of the answer or of the attempt.

    *n* is how many were measured; a percentile is None where *n* is too small for it to mean anything: p50 needs 2 of
    them, p90 10, p95 20.
    """

    n: int
    p50: float | None
    p90: float | None
    p95: float | None
    max: float | None


def latencies(durations: Iterable[float]) -> Latencies:
    """Return the percentiles of *durations*, as far as there are enough of them."""
    ordered = sorted(durations)
    return Latencies(
        n=len(ordered),
        p50=percentile(ordered, 50),
        p90=percentile(ordered, 90),
        p95=percentile(ordered, 95),
        max=ordered[-1] if ordered else None,
    )


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return the smallest of the *ordered* values that *percent* of them do not exceed, or None if they are too few.

    It is a value that was really seen (nearest rank), never one between two; n must be large enough for at least one
    value to lie above it.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 50)
    2.0
    """
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[rank - 1] if rank and rank < len(ordered) else None
