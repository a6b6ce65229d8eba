"""Which library's schedule a series of waits looks like, for the failure message of `assert_backoff`.

Waits that do not match what a test expects are often a default that nobody chose. The shapes were read from the
source of the libraries: urllib3 2.8, httpx 0.28, httpx-retries 0.6, tenacity 9.2, stamina 26.1, backoff 2.2,
aiohttp-retry 2.9, botocore 1.44, redis-py 8.1, google-api-core 2.44, kombu 5.7.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .schedules import Schedule, additive, exponential, fixed, linear, listed
from .tolerance import EXACT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .tolerance import Tolerance

__all__ = ["Likeness", "looks_like"]

_NO_WAIT = 0.02
"""What a retry at once takes on a real clock."""

_SHORT = 0.05
"""On a real clock, shorter waits have too much noise for their shape to be seen."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A schedule that a series of waits fits, and who has it."""

    schedule: Schedule
    name: str

    def __str__(self) -> str:
        """Tell the name, and how a test would write it."""
        return f"{self.name}, which is {self.schedule!r} here"


_DEFAULTS = (
    Likeness(listed(0, 0.5, 1, 2, 4, 8), "httpx connect retries, or urllib3 backoff_factor=0.25"),
    Likeness(exponential(0.2, 2, 30), "aiohttp-retry ExponentialRetry() (0.1 s doubled before the first wait)"),
    Likeness(linear(2, cap=30), "kombu ensure_connection()"),
    Likeness(exponential(0.02, 2, 1, jitter="full"), "redis-py's default ExponentialWithJitterBackoff"),
    Likeness(exponential(0.05, 2, 20, jitter="full"), "botocore's standard retry mode"),
    Likeness(exponential(0.1, 2, 5, jitter=additive(1.0)), "stamina.retry() with its defaults"),
    Likeness(exponential(1, 2, 60, jitter="full"), "backoff.expo, google-api-core or botocore's legacy mode"),
)
_RARE = (Likeness(listed(0, 0.2, 0.4, 0.6, 0.8, 1), "celery's publish retry policy"),)
"""Begins as urllib3 backoff_factor=0.1 does, which is met more often."""


# A wait is late or on time, never early: of all that the waits say about the number behind them, the least is nearest.


def _per_factor(waits: Sequence[float]) -> Likeness:
    half = _round(min(wait / 2**number for number, wait in enumerate(waits[1:], start=1)))
    return Likeness(exponential(half, 2, 120, first=0), f"urllib3 backoff_factor={half:g}")


def _doubling(waits: Sequence[float]) -> Likeness:
    first = _round(min(wait / 2**number for number, wait in enumerate(waits)))
    names = (
        f"tenacity wait_exponential(multiplier={first:g}) or httpx-retries backoff_factor={first / 2:g} without jitter"
    )
    return Likeness(exponential(first, 2), f"waits that double from {first:g} s, as of {names}")


def _growing(waits: Sequence[float]) -> Likeness:
    step = _round(min(wait / number for number, wait in enumerate(waits, start=1)))
    return Likeness(linear(step), f"waits that grow by {step:g} s")


def _constant(waits: Sequence[float]) -> Likeness:
    wait = _round(min(waits))
    return Likeness(fixed(wait), f"a constant wait of {wait:g} s, as of tenacity wait_fixed({wait:g}) or a plain sleep")


_FITTED: tuple[Callable[[Sequence[float]], Likeness], ...] = (_per_factor, _constant, _doubling, _growing)
"""In the order in which they are met: two waits, of which the second is twice the first, are two of them."""


def looks_like(waits: Sequence[float], tolerance: Tolerance) -> Likeness | None:
    """Return whose schedule the *waits* of one logical call look like, or None; one wait alone looks like many.

    >>> from .tolerance import REAL_TIME
    >>> looks_like([0.001, 2.004, 4.002], REAL_TIME).name
    'urllib3 backoff_factor=1'
    >>> looks_like([0.503, 0.501], REAL_TIME).schedule
    fixed(0.5)
    """
    if len(waits) < 2:
        return None
    if max(waits) < _NO_WAIT:
        return Likeness(fixed(0), "no wait at all between the attempts")
    exact = [likeness for likeness in _DEFAULTS if likeness.schedule.jitter.kind == "none"]
    drawn = [likeness for likeness in _DEFAULTS if likeness not in exact]
    fitted = [fit(waits) for fit in _FITTED] if tolerance is EXACT or max(waits) > _SHORT else []
    for likeness in (*exact, *fitted, *_RARE):
        if _fits(likeness.schedule, waits, tolerance):
            return likeness
    possible = [likeness for likeness in drawn if _fits(likeness.schedule, waits, tolerance)]
    # Three draws are the least that say anything, and the narrowest ranges are the likeliest.
    return min(possible, key=lambda likeness: _room(likeness.schedule, waits), default=None) if len(waits) > 2 else None


def _fits(schedule: Schedule, waits: Sequence[float], tolerance: Tolerance) -> bool:
    """Tell whether all waits are in range; shapes are told apart by less than what a busy machine may be late by."""
    for number, wait in enumerate(waits, start=1):
        low, high = schedule.allowed(number)
        if not tolerance.earliest(low) <= wait <= high + min(tolerance.late, 0.01 + 0.05 * high):
            return False
    return True


def _room(schedule: Schedule, waits: Sequence[float]) -> float:
    ranges = (schedule.allowed(number) for number in range(1, len(waits) + 1))
    return math.prod(high - low for low, high in ranges)


def _round(value: float) -> float:
    """Return *value* with two digits, or three if two are not near it; what people write has few."""
    two = float(f"{value:.2g}")
    return two if abs(two - value) <= 0.02 * value else float(f"{value:.3g}")
