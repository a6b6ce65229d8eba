"""Whether retries stay a small part of the load."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.settings import lasting, number, whole

from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import is_success, logical_calls, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_integrations.core.ledger import Calls

    from .grouping import LogicalCall, Per

__all__ = ["assert_retry_budget"]


def assert_retry_budget(
    calls: Calls, *, ratio: float = 0.1, window: float = 10.0, min_retries: int = 0, per: Per | None = None
) -> None:
    """Assert that the client's retries stay within a budget, however much fails.

    Definition: in every *window* of so many seconds that ends with a retry there are at most *ratio* times as many
    retries as first attempts, one at least, and *min_retries* more. *ratio* 0.1 lets the load grow by a tenth when
    all calls fail; without a budget, 3 attempts make it three times as much.

    Raises `NothingToCheck` if there are fewer than 1/*ratio* first attempts, or if so few of them failed that a
    client without a budget stays within as well. Source: Google SRE book, "Handling Overload" (10 % per client);
    Finagle's RetryBudget and Linkerd (20 %, 10 s, and 10 a second in any case); gRPC's retryThrottling.

    ```python
    import urllib.error, urllib.request
    from pytest_integrations.faults import status

    def test_retries_are_a_tenth_at_most(fake_rest):
        fake_rest.get("/users").reply(json=[])
        fake_rest.inject(status(503), every=1)

        budget = 0.0
        for user in range(40):
            budget += 0.1
            for attempt in range(3):
                try:
                    urllib.request.urlopen(f"{fake_rest.url}/users?id={user}")
                except urllib.error.HTTPError:
                    if budget < 1:
                        break  # no budget left: give up at once
                    budget -= 1

        assert_retry_budget(fake_rest.calls, ratio=0.1)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    number("ratio", ratio, above=0, most=1)
    whole("min_retries", min_retries)
    length = lasting("window", window)
    groups = logical_calls(calls, per=per)
    windows = list(_windows(groups, length))
    broken = [each for each in windows if each.retries > each.allowed(ratio, min_retries)]
    if broken:
        _fail(groups, max(broken, key=lambda each: each.retries - each.allowed(ratio, min_retries)), ratio, min_retries)
    failed = sum(not is_success(group[0]) for group in groups)
    if len(groups) * ratio < 1:
        what = f"{len(groups)} logical calls are too few for a ratio of {ratio:g}: {1 / ratio:.0f} are needed"
        nothing_to_check(what, calls, groups=groups, hint="Make more calls, with something that tells them apart.")
    if failed <= _Window(0, 0, 0, len(groups)).allowed(ratio, min_retries):
        what = f"{failed} of {len(groups)} first attempts failed, so that even a client without a budget keeps to it"
        nothing_to_check(what, calls, groups=groups, hint="Let all fail: fake_rest.inject(status(503), every=1).")


@dataclass(frozen=True, slots=True)
class _Window:
    """What came in a stretch of time."""

    start: float
    end: float
    retries: int
    firsts: int

    def allowed(self, ratio: float, min_retries: int) -> float:
        """Return how many retries the budget has room for; one is always meant to be possible."""
        return max(1.0, ratio * self.firsts) + min_retries


def _windows(groups: Sequence[LogicalCall], length: float) -> Iterator[_Window]:
    """Yield the window that ends with each retry."""
    arrivals = sorted((call.started, call.seq, number > 0) for group in groups for number, call in enumerate(group))
    inside: deque[tuple[float, bool]] = deque()
    counts = {True: 0, False: 0}
    for started, _, is_retry in arrivals:
        inside.append((started, is_retry))
        counts[is_retry] += 1
        while inside[0][0] <= started - length:
            counts[inside.popleft()[1]] -= 1
        if is_retry:
            yield _Window(max(0.0, started - length), started, counts[True], counts[False])


def _for(retries: int, firsts: int) -> str:
    tried = f"{retries} {'retry' if retries == 1 else 'retries'}"
    return f"{tried} for {firsts} first attempt{'' if firsts == 1 else 's'}"


def _fail(groups: Sequence[LogicalCall], worst: _Window, ratio: float, min_retries: int) -> None:
    __tracebackhide__ = True
    shown = [group for group in groups if any(worst.start <= call.started <= worst.end for call in group)]
    retries = sum(len(group) - 1 for group in groups)
    fail(
        f"{_for(worst.retries, worst.firsts)} from {worst.start:.3f} to {worst.end:.3f} s: "
        f"{worst.allowed(ratio, min_retries):g} allowed by ratio={ratio:g}",
        [call for group in shown for call in group],
        groups=shown,
        notes=[f"In all: {_for(retries, len(groups))}."],
        footnote=told_apart(groups),
        why="When all fails, retries without a budget multiply the load on a backend that is down because of load.",
        hint="Count first attempts and retries in the client, and give up at once when the share is used up.",
    )
