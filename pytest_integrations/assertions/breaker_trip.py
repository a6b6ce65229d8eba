"""When a breaker opens: after so many failures in a row, or at a share of failures among the latest calls."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import lasting, number, whole

__all__ = ["FailureRatio", "Tracker", "failure_ratio", "tracker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRatio:
    """A share of failures at which a breaker opens; made by `failure_ratio`."""

    ratio: float
    min_calls: int
    window: float | None
    last: int | None

    def __str__(self) -> str:
        """Say it as the verdicts do."""
        among = f"of the last {self.last} calls" if self.last is not None else "of the calls"
        within = f" in {self.window:g} s" if self.window is not None else ""
        return f"{self.ratio:.0%} failures {among}{within}, of at least {self.min_calls}"


def failure_ratio(
    ratio: float, *, min_calls: int, window: float | None = None, last: int | None = None
) -> FailureRatio:
    """Return the rule that a breaker opens once *ratio* of the calls have failed, for `after=`.

    It opens at the first failure with which at least *min_calls* calls came to an end and at least *ratio* of them
    failed, counted among those that ended in the last *window* seconds, or among the *last* so many, or (neither
    given) since the breaker closed.

    resilience4j opens at `failure_ratio(0.5, min_calls=100, last=100)`, Polly v8 at `failure_ratio(0.1,
    min_calls=100, window=30)`. Libraries keep a window of time in buckets, so that its edge is only as sharp as a
    bucket is wide.

    Raises:
        ScriptingError: *ratio* is not above 0 and at most 1, or a number is not positive.

    >>> str(failure_ratio(0.5, min_calls=10, window=30))
    '50% failures of the calls in 30 s, of at least 10'
    """
    __tracebackhide__ = True
    number("ratio", ratio, above=0, most=1)
    whole("min_calls", min_calls, 1)
    if window is not None:
        lasting("window", window)
    if last is not None:
        whole("last", last, 1)
    if last is not None and last < min_calls:
        msg = f"failure_ratio(min_calls={min_calls}, last={last}): a breaker that looks at {last} calls never sees more"
        raise ScriptingError(msg)
    return FailureRatio(ratio=ratio, min_calls=min_calls, window=window, last=last)


class Tracker(Protocol):
    """Counts what the breaker counts, while it is closed."""

    def add(self, *, failed: bool, at: float) -> bool:
        """Count a call that ended, and tell whether the breaker opens with it."""
        ...

    def reset(self) -> None:
        """Begin anew, as a breaker does when it closes."""
        ...

    @property
    def most(self) -> str:
        """How near it came to opening, in words."""
        ...

    @property
    def rule(self) -> str:
        """When it opens, in words."""
        ...


def tracker(after: int | FailureRatio) -> Tracker:
    """Return the counter for *after*; raises ScriptingError for one that no breaker can have."""
    if isinstance(after, FailureRatio):
        return _Share(after)
    return _Streak(whole("after", after, 1))


class _Streak:
    def __init__(self, after: int) -> None:
        self._after = after
        self._count = 0
        self._longest = 0

    def add(self, *, failed: bool, at: float) -> bool:
        self._count = self._count + 1 if failed else 0
        self._longest = max(self._longest, self._count)
        return self._count >= self._after

    def reset(self) -> None:
        self._count = 0

    @property
    def most(self) -> str:
        return f"at most {_failures(self._longest)}" if self._longest else "no failure"

    @property
    def rule(self) -> str:
        return _failures(self._after)


def _failures(count: int) -> str:
    return "1 failure" if count == 1 else f"{count} failures in a row"


class _Share:
    def __init__(self, rule: FailureRatio) -> None:
        self._rule = rule
        self._ends: deque[tuple[float, bool]] = deque(maxlen=rule.last)
        self._highest = (0.0, 0)

    def add(self, *, failed: bool, at: float) -> bool:
        self._ends.append((at, failed))
        while self._rule.window is not None and self._ends[0][0] < at - self._rule.window:
            self._ends.popleft()
        share = sum(failed for _, failed in self._ends) / len(self._ends)
        self._highest = max(self._highest, (share, len(self._ends)))
        return failed and len(self._ends) >= self._rule.min_calls and share >= self._rule.ratio

    def reset(self) -> None:
        self._ends.clear()

    @property
    def most(self) -> str:
        share, calls = self._highest
        return f"at most {share:.0%} failures, of {calls} calls"

    @property
    def rule(self) -> str:
        return str(self._rule)
