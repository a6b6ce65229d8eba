"""How each integration point fared in the cases that are about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_integrations.views.stats import latencies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_integrations.views.stats import Latencies

    from .result import CaseResult

__all__ = ["Health", "PointHealth", "Wellness"]

Wellness = Literal["healthy", "degraded", "down"]
"""How an integration point is: all of its cases passed, some did, none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointHealth:
    """One integration point."""

    point: str
    cases: int
    passed: int
    seconds: Latencies
    """How long the client took."""
    last_error: str = ""
    """What was wrong in the last case that did not pass."""

    @property
    def status(self) -> Wellness:
        """All of its cases passed, some, or none."""
        if self.passed == self.cases:
            return "healthy"
        return "degraded" if self.passed else "down"


class Health(Mapping[str, PointHealth]):
    """The integration points by name, in the order in which they were first asked; printed, it is a table."""

    def __init__(self, points: Iterable[PointHealth]) -> None:
        """Keep *points*."""
        self._points = {each.point: each for each in points}

    @classmethod
    def of(cls, results: Iterable[CaseResult]) -> Health:
        """Add up *results*."""
        by_point: dict[str, list[CaseResult]] = {}
        for each in results:
            by_point.setdefault(each.point, []).append(each)
        return cls(_point(name, found) for name, found in by_point.items())

    @property
    def status(self) -> Wellness:
        """All points are healthy, some are, or all are down."""
        seen: set[Wellness] = {each.status for each in self.values()}
        if len(seen) > 1:
            return "degraded"
        return seen.pop() if seen else "healthy"

    def __getitem__(self, point: str) -> PointHealth:
        """Return one of them; a KeyError names those that there are."""
        if point not in self._points:
            msg = f"{point!r} is no integration point of these cases: {', '.join(map(repr, self)) or 'there is none'}"
            raise KeyError(msg)
        return self._points[point]

    def __iter__(self) -> Iterator[str]:
        """Iterate over their names."""
        return iter(self._points)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._points)

    def __str__(self) -> str:
        """Show a line for each."""
        width = max((len(name) for name in self), default=0)
        return "\n".join(_row(each, width) for each in self.values())

    def __repr__(self) -> str:
        """Show the table."""
        return f"<Health {self.status}\n{self}>"


def _point(name: str, results: list[CaseResult]) -> PointHealth:
    broken = [each for each in results if not each.passed]
    return PointHealth(
        point=name,
        cases=len(results),
        passed=len(results) - len(broken),
        seconds=latencies(each.duration for each in results),
        last_error=broken[-1].facts()["error"] if broken else "",
    )


def _row(each: PointHealth, width: int) -> str:
    longest = f"at most {each.seconds.max:.3f} s" if each.seconds.max is not None else ""
    wrong = f"  {each.last_error}" if each.last_error else ""
    return f"{each.status:<8}  {each.point:<{width}}  {each.passed} of {each.cases} passed  {longest}{wrong}"
