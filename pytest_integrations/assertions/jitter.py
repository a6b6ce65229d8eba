"""Whether callers that failed together come back at different times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import whole
from pytest_integrations.core.when import seconds

from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import counted, logical_calls, told_apart
from .tolerance import EXACT, REAL_TIME, tolerance_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.ledger import Calls

    from .grouping import LogicalCall, Per
    from .schedules import Schedule

__all__ = ["assert_jittered"]

_NOISE = REAL_TIME.late
"""Waits that differ by less than this on a real clock are the same: each may be late by as much."""


def assert_jittered(
    calls: Calls,
    *,
    callers: int = 8,
    min_spread: float = 0.2,
    schedule: Schedule | None = None,
    per: Per | None = None,
) -> None:
    """Assert that callers which fail together do not come back together.

    Definition: of at least *callers* logical calls that were retried, the waits before the same attempt differ
    (greatest minus least) by at least *min_spread* times the longest wait, for at least one attempt number. The
    longest wait is that of *schedule*, if it is given, else the longest seen. It fails only if *every* attempt
    number is in lockstep. Waits are compared, not times of arrival, so that callers which were started one after the
    other cannot pass for jitter.

    *min_spread* is a ratio from 0 to 1. Waits within 150 ms are the same on a real clock, so let a client wait long
    enough there. Raises `NothingToCheck` for fewer callers than that: one caller cannot prove jitter. Source: AWS
    Architecture Blog, "Exponential Backoff And Jitter".

    ```python
    from concurrent.futures import ThreadPoolExecutor
    import random, time, urllib.error, urllib.request
    from pytest_integrations.faults import status

    def test_eight_callers_come_back_at_different_times(fake_rest, virtual_clock):
        fake_rest.get("/users").reply(json=[])
        fake_rest.inject(status(503), per=lambda call: call.target)  # the first attempt of each

        def call(caller):
            try:
                urllib.request.urlopen(f"{fake_rest.url}/users?caller={caller}").close()
            except urllib.error.HTTPError:
                time.sleep(caller * 0.05)  # a real client draws: random.uniform(0, 0.4)
                urllib.request.urlopen(f"{fake_rest.url}/users?caller={caller}").close()

        with ThreadPoolExecutor(8) as callers:
            list(callers.map(call, range(8)))
        assert_jittered(fake_rest.calls)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    if whole("callers", callers) < 2:
        msg = f"callers={callers!r} cannot differ: valid are whole numbers from 2 on"
        raise ScriptingError(msg)
    share = seconds("min_spread", min_spread)
    groups = [group for group in logical_calls(calls, per=per) if group.retries]
    if len(groups) < callers:
        nothing_to_check(
            f"{counted(len(groups))} retried, {callers} are needed to tell jitter from luck",
            calls,
            groups=groups,
            footnote=told_apart(groups),
            hint=f"Let {callers} callers fail together, with something that tells them apart in the request.",
        )
    spreads = _spreads(groups, schedule)
    noise = 1e-6 if tolerance_of(calls.ledger) is EXACT else _NOISE
    if all(spread.width < max(share * spread.longest, noise) for spread in spreads):
        _fail_lockstep(groups, spreads, share, noise)


@dataclass(frozen=True, slots=True)
class _Spread:
    """The waits of several callers before the same attempt."""

    number: int
    waits: tuple[float, ...]
    longest: float

    @property
    def width(self) -> float:
        return max(self.waits) - min(self.waits)

    def __str__(self) -> str:
        return (
            f"wait {self.number}: {min(self.waits):.3f} to {max(self.waits):.3f} s in {len(self.waits)} callers, "
            f"spread {self.width:.3f} s"
        )


def _spreads(groups: Sequence[LogicalCall], schedule: Schedule | None) -> list[_Spread]:
    spreads = []
    for number in range(1, max(len(group) for group in groups)):
        waits = [group.waits[number - 1] for group in groups if len(group) > number]
        seen = tuple(wait for wait in waits if wait is not None)
        if len(seen) > 1:
            longest = max(seen) if schedule is None else schedule.allowed(number, max(seen))[1]
            spreads.append(_Spread(number, seen, longest))
    return spreads


def _fail_lockstep(groups: Sequence[LogicalCall], spreads: Sequence[_Spread], share: float, noise: float) -> None:
    __tracebackhide__ = True
    widest = max(spreads, key=lambda spread: spread.width, default=None)
    differ = "they did not wait for the failed attempt to end"
    if widest is not None:
        differ = f"their waits differ by {widest.width:.3f} s at most"
    needed = "" if widest is None else f", {max(share * widest.longest, noise):.3f} s would be jitter"
    fail(
        f"{len(groups)} callers retry in lockstep: {differ}{needed}",
        [call for group in groups for call in group],
        groups=groups,
        notes=[str(spread) for spread in spreads],
        footnote=told_apart(groups),
        why="Callers that fail together come back together and hit the backend in waves, which keeps it down.",
        hint="Draw each wait: random.uniform(0, wait) (full jitter), tenacity wait_random_exponential, urllib3 "
        "backoff_jitter=.",
    )
