"""The figures of one fake: how much came, how much failed, how long it took.

Injected faults and unexpected errors are never added up: the first are the test's doing, the second are news.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Ledger, Problem

__all__ = ["FakeStats", "Latencies", "fake_stats", "latencies", "percentile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """How long the exchanges of a fake took, in seconds, from the request to the end of the answer or of the attempt.

    *n* is how many were measured; a percentile is None where *n* is too small for it to mean anything: p50 needs 2 of
    them, p90 10, p95 20.
    """

    n: int
    p50: float | None
    p90: float | None
    p95: float | None
    max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeStats:
    """What one fake went through."""

    fake: str
    calls: int
    connections: int
    injected: int
    """Calls that a fault was played on."""
    failed: int
    """Calls that a careful client must take for failed, for whatever reason (`Call.failed`)."""
    failed_without_fault: int
    """Those of them that no fault explains: what the test scripted as a plain answer, and what nobody expected."""
    unexpected: int
    """Calls that nothing answers, and handlers that raised: each fails a test by itself."""
    latencies: Latencies

    @property
    def availability(self) -> float | None:
        """The share of the calls that did not fail, as the client saw it; None without calls."""
        return 1 - self.failed / self.calls if self.calls else None

    @property
    def availability_without_faults(self) -> float | None:
        """The same among the calls that no fault was played on; None where there is no such call."""
        healthy = self.calls - self.injected
        return 1 - self.failed_without_fault / healthy if healthy else None


def fake_stats(ledger: Ledger) -> tuple[FakeStats, ...]:
    """Return the figures of every fake that was called, in the order of their first calls."""
    by_fake: dict[str, list[Call]] = {}
    for call in ledger.calls:
        by_fake.setdefault(call.fake, []).append(call)
    return tuple(_stats(fake, own, ledger.problems) for fake, own in by_fake.items())


def _stats(fake: str, calls: Sequence[Call], problems: Iterable[Problem]) -> FakeStats:
    return FakeStats(
        fake=fake,
        calls=len(calls),
        connections=len({call.connection.id for call in calls}),
        injected=sum(call.fault is not None for call in calls),
        failed=sum(call.failed for call in calls),
        failed_without_fault=sum(call.failed and call.fault is None for call in calls),
        unexpected=sum(problem.fake == fake for problem in problems),
        latencies=latencies(call.end - call.started for call in calls if call.end is not None),
    )


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
