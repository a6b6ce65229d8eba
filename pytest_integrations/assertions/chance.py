"""Whether waits that each are in range can have been drawn at random."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from .tolerance import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .schedules import Schedule
    from .tolerance import Tolerance

__all__ = ["improbable", "not_by_chance", "share"]

_UNLIKELY = 1e-6
"""A draw that happens less than once in a million runs is not taken for chance."""


def share(seen: float | None, low: float, high: float, *, is_cut: bool = False) -> float | None:
    """Return where *seen* lies between *low* (0) and *high* (1); None where nothing was drawn.

    Where *high* is a cap that *is_cut* off of more, many draws end there, so that being there tells nothing.

    >>> share(1.5, 1, 2, is_cut=True), share(2.0, 1, 2, is_cut=True)
    (0.5, None)
    """
    if seen is None or not low < high < math.inf or (is_cut and seen >= high - EXACT.early):
        return None
    return (seen - low) / (high - low)


def improbable(shares: Iterable[float], tolerance: Tolerance) -> Literal["short", "long"] | None:
    """Tell whether waits with these *shares* are too "short" for chance, or on an exact clock too "long".

    For n numbers drawn evenly from 0 to 1, the chance of a sum of at most s is at most s^n / n!.

    >>> improbable([0.0, 0.0], EXACT), improbable([0.2, 0.9], EXACT)
    ('short', None)
    """
    drawn = list(shares)
    if _is_unlikely(drawn):
        return "short"
    return "long" if tolerance is EXACT and _is_unlikely([1 - each for each in drawn]) else None


def not_by_chance(number: int, extreme: Literal["short", "long"], schedule: Schedule) -> str:
    """Return the verdict on a *number* of waits that are too *extreme* for chance."""
    return (
        f"the {f'{number} waits are' if number > 1 else 'wait is'} too {extreme} for chance: all at the "
        f"{'lower' if extreme == 'short' else 'upper'} end of what {schedule!r} allows"
    )


def _is_unlikely(drawn: list[float]) -> bool:
    total = sum(max(0.0, each) for each in drawn)
    return bool(drawn) and len(drawn) * math.log(total or 1e-300) - math.lgamma(len(drawn) + 1) < math.log(_UNLIKELY)
