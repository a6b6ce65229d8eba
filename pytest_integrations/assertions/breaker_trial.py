"""What every assertion on a breaker looks at: what arrived, what the client tried, and the states in between."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import lasting, number, whole
from pytest_integrations.views.timeline import Band

from .breaker_state import Admitted, Recovery, replay
from .breaker_trip import tracker
from .client_calls import ClientCalls
from .grouping import logical_calls
from .tolerance import tolerance_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

    from .breaker_state import Opening
    from .breaker_trip import FailureRatio
    from .client_calls import ClientCall
    from .tolerance import Tolerance

_SLACK = 0.005
"""The fake may see a client leave this much later than the client does."""

__all__ = ["Trial", "examine", "must_fit", "plural", "told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A breaker's test, taken apart."""

    calls: Calls
    demand: ClientCalls | int
    admitted: tuple[Admitted, ...]
    openings: tuple[Opening, ...]
    rule: str
    """When the breaker has to open, in words."""
    most: str
    """How near it came to that, in words."""
    tolerance: Tolerance

    client_calls: tuple[ClientCall, ...]
    """The client's calls, in order of their beginnings; none where the test gave a mere number."""
    shed: tuple[ClientCall, ...]
    """Those of them that cannot have arrived: nothing arrived while they were under way."""

    def shed_in(self, opening: Opening) -> list[ClientCall]:
        """Return what the client was denied while the breaker had to be open."""
        denied = set(self.shed)
        return [call for call in self.wanted(opening) if call in denied]

    def shed_before(self, opening: Opening | None) -> list[ClientCall]:
        """Return what the client was denied after the first failure and before the breaker had to open."""
        first = next((one for one in self.admitted if one.failed), None)
        if first is None:
            return []
        denied = [call for call in self.shed if first.before(call)]
        return denied if opening is None else [call for call in denied if _over_before(call, opening)]

    def wanted(self, opening: Opening) -> list[ClientCall]:
        """Return the calls that the client made while the breaker had to be open."""
        until = opening.over(self.tolerance)
        return [call for call in self.client_calls if opening.cause.before(call) and call.started < until]

    def demanded(self, openings: Iterable[Opening]) -> int:
        """Return how many calls the client made in the open states; what the test said, where it gave a number."""
        if isinstance(self.demand, int):
            return self.demand
        return sum(len(self.wanted(opening)) for opening in openings)

    def bands(self) -> list[Band]:
        """Return the states as the timeline shows them."""
        drawn = []
        for opening in self.openings:
            drawn.append(self._open_band(opening))
            if opening.probes:
                probe = opening.probes[0]
                drawn.append(Band(probe.started, None, "half-open", _probes(opening), after=probe.seq - 1))
            if opening.closed_by is not None:
                closed = opening.closed_by.ended or 0.0
                drawn.append(Band(closed, None, "closed", after=self._last_until(closed, opening.closed_by)))
        return drawn

    def _open_band(self, opening: Opening) -> Band:
        end = None if math.isinf(opening.recovery) else opening.opened + opening.recovery
        made, leaked = len(self.wanted(opening)), len(opening.leaks)
        came = made - len(self.shed_in(opening))
        arrived = f"{came} of {plural(made, 'call')} by the client arrived" if made else "no call by the client"
        if leaked != came:  # some were attempts of one call, or of a call that was made before
            arrived += f" ({plural(leaked, 'attempt')})"
        if not self.client_calls:
            arrived = f"{leaked} arrived"
        reason = "a probe failed" if opening.failed_probes else self.rule
        after = self._last_until(opening.opened, opening.cause)
        return Band(opening.opened, end, "should be open", f"{reason}; {arrived}", after=after)

    def _last_until(self, moment: float, one: Admitted) -> int:
        """Return the number of the last row that was there before *moment*, that of *one* at least."""
        earlier = [row.seq for other in self.admitted for row in other.rows if row.started < moment]
        return max([*earlier, one.rows[-1].seq])


def examine(
    calls: Calls,
    *,
    after: int | FailureRatio,
    demand: ClientCalls | int,
    recovery: Recovery,
    failure: Callable[[Call], bool | None] | None,
    retries_inside: bool,
) -> Trial:
    """Replay a breaker with these settings over *calls* and put what the client tried beside it."""
    __tracebackhide__ = True
    must_fit(calls, demand)
    _check(recovery)
    counter = tracker(after)
    tolerance = tolerance_of(calls.ledger)
    made = () if isinstance(demand, int) else tuple(sorted(demand, key=lambda call: call.began))
    numbers = sorted(call.seq for call in calls)
    admitted = _admitted(calls, demand, failure or _failed, retries_inside=retries_inside)
    openings = replay(admitted, counter, recovery, tolerance)
    trial = Trial(
        calls=calls,
        demand=demand,
        admitted=tuple(admitted),
        openings=openings,
        rule=counter.rule,
        most=counter.most,
        tolerance=tolerance,
        client_calls=made,
        shed=tuple(call for call in made if not _between(numbers, call)),
    )
    calls.ledger.bands[:] = trial.bands()
    return trial


def _between(numbers: Sequence[int], call: ClientCall) -> Sequence[int]:
    """Return those of the ordered *numbers* that came while *call* was under way."""
    return numbers[bisect_left(numbers, call.first) : bisect_right(numbers, call.last)]


def _over_before(call: ClientCall, opening: Opening) -> bool:
    """Tell whether *call* was over before the breaker can have opened.

    One that overlaps with the failure that opens it may have waited for that, as pybreaker makes callers do.
    """
    opener = opening.cause.maker
    return call.ended < opening.opened or (opener is not None and call.finished < opener.began)


def plural(count: int, word: str) -> str:
    """Return *count* with its *word*: `"1 call"`, `"3 calls"`."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def told(calls: Sequence[ClientCall]) -> str:
    """Return what came of the client's *calls*, in words: `"3 x CircuitBreakerError in 0.000 to 0.001 s"`."""
    ends: dict[str, list[float]] = {}
    for call in calls:
        ends.setdefault(type(call.error).__name__ if call.error else "a value", []).append(call.latency)
    return ", ".join(f"{len(waits)} x {end} in {_range(waits)}" for end, waits in ends.items())


def _range(waits: list[float]) -> str:
    least, most = f"{min(waits):.3f}", f"{max(waits):.3f}"
    return f"{most} s" if least == most else f"{least} to {most} s"


def must_fit(calls: Calls, demand: ClientCalls | int) -> None:
    """Refuse a *demand* that is not that of *calls*."""
    __tracebackhide__ = True
    if isinstance(demand, ClientCalls) and demand.ledger is not calls.ledger:
        msg = (
            "demand= was recorded with another ledger: make ClientCalls(fake.ledger) of the fake whose calls are judged"
        )
        raise ScriptingError(msg)
    if not isinstance(demand, ClientCalls):
        whole("demand", demand)


def _check(recovery: Recovery) -> None:
    __tracebackhide__ = True
    if recovery.seconds != math.inf:
        lasting("recovery", recovery.seconds)
    number("growth", recovery.growth, above=0)
    whole("successes", recovery.successes, 1)


def _failed(call: Call) -> bool:
    return call.failed


def _admitted(
    calls: Calls, demand: ClientCalls | int, failure: Callable[[Call], bool | None], *, retries_inside: bool
) -> list[Admitted]:
    makers = {} if isinstance(demand, int) else _makers(calls, demand)
    if not retries_inside:
        groups: list[tuple[Call, ...]] = [(call,) for call in calls]
    elif isinstance(demand, int):
        groups = [group.attempts for group in logical_calls(calls)]
    else:
        groups = _by_maker(calls, makers)
    taken: set[ClientCall] = set()
    admitted = []
    for rows in sorted(groups, key=_by_end):
        fitting = _fitting(rows, makers.get(rows[-1].seq, ()))
        maker = min([each for each in fitting if each not in taken] or fitting, key=_finish, default=None)
        if maker is not None:
            taken.add(maker)
        admitted.append(_one(rows, fitting, maker, failure))
    return sorted(admitted, key=_number)


def _by_end(rows: tuple[Call, ...]) -> tuple[float, int]:
    last = rows[-1]
    return math.inf if last.end is None else last.end, last.seq


def _finish(call: ClientCall) -> int:
    return call.finished


def _number(one: Admitted) -> int:
    return one.seq


def _fitting(rows: tuple[Call, ...], makers: tuple[ClientCall, ...]) -> tuple[ClientCall, ...]:
    """Return those of *makers* that were under way from before *rows* until after them, if any was.

    Where several are, each is taken for one row, the first to finish for the first to end. That may be wrong for the
    single row. But once as many failed calls have come back as rows have failed, the breaker knows of so many failures,
    whosever they were.
    """
    first, last = rows[0], rows[-1]
    end = -math.inf if last.end is None else last.end - _SLACK
    return tuple(maker for maker in makers if maker.started <= first.started and maker.ended >= end) or makers


def _makers(calls: Calls, demand: ClientCalls) -> dict[int, tuple[ClientCall, ...]]:
    """Return by number of each call the calls of the client that were under way when it arrived."""
    numbers = sorted(call.seq for call in calls)
    makers: dict[int, list[ClientCall]] = {seq: [] for seq in numbers}
    for made in demand:
        for seq in _between(numbers, made):
            makers[seq].append(made)
    return {seq: tuple(under_way) for seq, under_way in makers.items()}


def _by_maker(calls: Calls, makers: dict[int, tuple[ClientCall, ...]]) -> list[tuple[Call, ...]]:
    """Put together the rows that one call of the client caused."""
    groups: dict[object, list[Call]] = {}
    for call in calls:
        maker = min(_fitting((call,), makers[call.seq]), key=_finish, default=None)
        groups.setdefault(call.seq if maker is None else maker, []).append(call)
    return [tuple(group) for group in groups.values()]


def _one(
    rows: tuple[Call, ...],
    makers: tuple[ClientCall, ...],
    maker: ClientCall | None,
    failure: Callable[[Call], bool | None],
) -> Admitted:
    first, last = rows[0], rows[-1]
    failed, ended = None if last.outcome == "open" else failure(last), last.end
    if maker is not None:
        # The fake sees a client leave a little later than the client does, and not at all if it keeps the socket.
        ended = maker.ended if last.end is None else min(last.end, maker.ended)
        if last.outcome == "open" and maker.error is not None:
            failed = failure is _failed or failure(last)
    return Admitted(rows=rows, failed=failed, started=first.started, ended=ended, makers=makers, maker=maker)


def _probes(opening: Opening) -> str:
    ends = Counter({None: "open", True: "failed", False: "succeeded"}[probe.failed] for probe in opening.probes)
    if len(opening.probes) == 1:
        return f"probe #{opening.probes[0].seq} {next(iter(ends))}"
    return f"{len(opening.probes)} probes: {', '.join(f'{count} {end}' for end, count in ends.items())}"
