"""Whether the client waits between its attempts as it should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .chance import improbable, not_by_chance, share
from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import logical_calls, none_retried, told_apart
from .known_schedules import looks_like
from .retry_after import asked
from .tolerance import EXACT, span, tolerance_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls, Ledger

    from .grouping import LogicalCall, Per
    from .schedules import Schedule
    from .tolerance import Tolerance

__all__ = ["assert_backoff"]

_LEAVING = 0.050
"""By how many seconds a client may have left before the fake sees it, on a busy machine: the wait looks shorter."""


def assert_backoff(calls: Calls, schedule: Schedule, *, tolerance: float | None = None, per: Per | None = None) -> None:
    """Assert that the waits between the attempts of each logical call are those of *schedule*.

    Definition: wait k, from the end of attempt k (the client's FIN, if it gave up waiting for the answer) to the
    start of attempt k+1, is in the range that *schedule* has for it; 5 ms below it (55 ms after an attempt that the
    client left, since that is seen a little after it happens) and a tenth and 150 ms above it still pass, on a virtual
    clock 0.1 ms. *tolerance*, in seconds, replaces the lateness that is allowed. A wait after an
    answer with `Retry-After` is not judged, since it is that answer's; see `assert_respects_retry_after`. urllib3 keeps
    the connection of an attempt that timed out until its wait is over: where the next attempt comes with the FIN, what
    the client stayed longer than with the attempt of this logical call that it left soonest may be the wait.

    Jitter that reaches down to no wait at all cannot be told from no backoff by one wait. All waits together can: if
    waits as short as those seen come up less than once in a million runs, that fails as well.

    Raises `NothingToCheck` if no call was retried. urllib3 retries once at once by design: `exponential(1,
    first=0)`. Source: Gremlin's bounded retries with a wait time (ICDCS 2016); the jitters are those of the AWS
    Builders' Library.

    ```python
    import time, urllib.error, urllib.request
    from pytest_integrations.assertions import exponential
    from pytest_integrations.faults import status

    def test_the_client_doubles_its_waits(fake_rest, virtual_clock):
        fake_rest.get("/users").reply(json=[])
        fake_rest.inject(status(503), status(503))

        for wait in (0.1, 0.2, 0.4):
            try:
                urllib.request.urlopen(fake_rest.url + "/users").close()
                break
            except urllib.error.HTTPError:
                time.sleep(wait)

        assert_backoff(fake_rest.calls, exponential(base=0.1, factor=2))
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    allowed = tolerance_of(calls.ledger, tolerance)
    groups = logical_calls(calls, per=per)
    waits = [wait for group in groups for wait in _waits(group, schedule, calls.ledger, allowed)]
    if not waits:
        _nothing_to_time(calls, groups)
    broken = [wait for wait in waits if not wait.is_right]
    if broken:
        _fail_one(broken, waits, schedule, allowed)
    _must_have_waited(waits, schedule, calls)


@dataclass(frozen=True, slots=True)
class _Wait:
    """One wait, what was due, and what passes for it."""

    group: LogicalCall
    number: int
    after: Call
    seen: float | None
    due: tuple[float, float]
    passes: tuple[float, float]
    share: float | None
    """Where it lies in what was due, if it was drawn from that."""

    @property
    def is_right(self) -> bool:
        return _is_in(self.passes, self.seen)

    @property
    def is_early(self) -> bool:
        return self.seen is None or self.seen < self.passes[0]

    @property
    def mark(self) -> str:
        allowed = f"wait {self.number}: {span(*self.passes)} allowed"
        return allowed if self.is_right else f"{allowed}: TOO {'EARLY' if self.is_early else 'LATE'}"


def _waits(group: LogicalCall, schedule: Schedule, ledger: Ledger, tolerance: Tolerance) -> Iterable[_Wait]:
    previous: float | None = None
    attempts = zip(group.retries, group.gaps, group.waits, strict=True)
    for number, ((before, after), pause, waited) in enumerate(attempts, start=1):
        low, high = schedule.allowed(number, previous)
        unseen = _LEAVING if tolerance.early > EXACT.early and before.gone is not None else 0.0
        passes = max(0.0, tolerance.earliest(low) - unseen), tolerance.latest(high)
        seen = pause if _is_in(passes, pause) and not _is_in(passes, waited) else waited
        if asked(before, ledger) is None:
            drawn = share(seen, low, high, is_cut=schedule.is_cut(number, previous))
            yield _Wait(group, number, after, seen, (low, high), passes, drawn)
        previous = seen


def _is_in(passes: tuple[float, float], wait: float | None) -> bool:
    return wait is not None and passes[0] <= wait <= passes[1]


def _fail_one(broken: Sequence[_Wait], waits: Sequence[_Wait], schedule: Schedule, tolerance: Tolerance) -> None:
    __tracebackhide__ = True
    first = broken[0]
    place = f"wait {first.number} of {first.group.operation}"
    due = _range(*first.due)
    verdict = (
        f"{place} did not happen: #{first.after.seq} came while the attempt before was still open, {due} was due"
        if first.seen is None
        else f"{place} was {first.seen:.3f} s, {due} was due by {schedule!r}"
    )
    more = f" ({len(broken)} of {len(waits)} waits are wrong)" if len(broken) > 1 else ""
    shown = list({id(wait.group): wait.group for wait in broken}.values())
    fail(
        verdict + more,
        [call for group in shown for call in group],
        groups=shown,
        marks={wait.after.seq: wait.mark for wait in waits},
        footnote=told_apart(shown),
        why=_TOO_EARLY if first.is_early else _TOO_LATE,
        hint=_likeness_hint(first.group, tolerance),
    )


_TOO_EARLY = (
    "Retries that come too early hit a backend that has had no time to recover, and use up the client's attempts "
    "before it has."
)
_TOO_LATE = "The caller waits longer than was agreed, and its own deadline may pass first."


def _likeness_hint(group: LogicalCall, tolerance: Tolerance) -> str:
    seen = [wait for wait in group.waits if wait is not None]
    likeness = looks_like(seen, tolerance) if len(seen) == len(group.retries) else None
    if likeness is None:
        return "Waits are counted from the end of an attempt, not from its start; see also assert_respects_retry_after."
    return f"The waits look like {likeness}."


def _must_have_waited(waits: Sequence[_Wait], schedule: Schedule, calls: Calls) -> None:
    """Fail if chance alone cannot explain how short the waits are, or on an exact clock how long."""
    __tracebackhide__ = True
    shares = [wait.share for wait in waits if wait.share is not None]
    extreme = improbable(shares, tolerance_of(calls.ledger))
    if extreme is not None:
        fail(
            not_by_chance(len(shares), extreme, schedule),
            calls,
            groups=list({id(wait.group): wait.group for wait in waits}.values()),
            marks={wait.after.seq: wait.mark for wait in waits},
            why="Each wait alone is in range, but such waits come up less than once in a million runs: nothing was "
            f"drawn{', the client retries at once' if extreme == 'short' and schedule.jitter.kind == 'full' else ''}.",
            hint="If the test switches chance off (a patched random, say), expect the schedule without jitter.",
        )


def _nothing_to_time(calls: Calls, groups: Sequence[LogicalCall]) -> None:
    __tracebackhide__ = True
    by_header = sum(len(group.retries) for group in groups)
    what = "all retries came after a Retry-After" if by_header else none_retried(groups)
    hint = (
        "Use assert_respects_retry_after, or script failures without the header."
        if by_header
        else "Script failures that the client retries, two or more of them: fake_rest.inject(status(503), status(503))."
    )
    nothing_to_check(what, calls, groups=groups, footnote=told_apart(groups), hint=hint)


def _range(low: float, high: float) -> str:
    return f"{low:g} s" if low == high else f"{low:g} to {high:g} s"
