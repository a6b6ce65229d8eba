"""The layout of a timeline: what is drawn, in which order, and where time is cut short. It renders nothing.

    lane   one fake: how many calls on how many connections, for how long
    row    one call
    band   a state that lasted for a while, such as an open breaker
    idle   a stretch in which nothing happened and that is much longer than the others; renderings draw it short

Text, SVG and HTML draw this one model, so that they cannot tell different stories.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.fault import Fault

__all__ = ["Band", "Idle", "Kind", "Lane", "Row", "Timeline", "fault_of", "lay_out"]

Kind = Literal["ok", "declined", "refused", "spoiled", "broken", "left", "open"]
"""What a row's shape tells besides its word.

`ok`: a whole answer below 400; `declined`: a whole 4xx that is not 429; `refused`: 429 or 5xx; `spoiled`: whole, but
its content is wrong; `broken`: reset, closed, truncated, or held and not left; `left`: the client went away first;
`open`: still going on.
"""

_LONG = 10.0
"""An idle stretch is cut short if it is this many times as long as the shorter ones …"""

_SHARE = 0.15
"""… and takes more than this share of the whole time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One call, ready to be drawn. Times are seconds since the ledger was opened."""

    seq: int
    fake: str
    time: float
    end: float | None
    gap: float | None
    """From the end of the previous attempt to the start of this one; below 0 where they overlap; None for a first."""
    attempt: int | None
    """1, 2, … within its logical call, where the caller told which calls belong together."""
    connection: int
    reused: bool
    operation: str
    kind: Kind
    verdict: str
    fault: str
    """The fault as it is written in a script, or nothing."""
    handled: bool
    """Whether the handler ran, so that its effects happened, whatever the client saw."""
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One fake and the extent of its traffic."""

    fake: str
    calls: int
    connections: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Band:
    """A state that lasted from *start* to *end* (None: to the end of the picture), with its word and a *note*.

    *after* is the number of the last call before it began. Times alone do not tell, where a virtual clock stands still
    for several calls.
    """

    start: float
    end: float | None
    state: str
    note: str = ""
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """A stretch without any call that is drawn shorter than it was."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it really was."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything that a rendering needs; rows are in order of the ledger, bands and idles in order of time."""

    lanes: tuple[Lane, ...]
    rows: tuple[Row, ...]
    bands: tuple[Band, ...]
    idles: tuple[Idle, ...]


def lay_out(
    calls: Iterable[Call],
    *,
    marks: Mapping[int, str] | None = None,
    bands: Iterable[Band] = (),
    groups: Iterable[Sequence[Call]] = (),
) -> Timeline:
    """Lay out *calls* as lanes, rows, bands and idle stretches.

    Where *groups* tells which calls are attempts of one logical call, attempts are numbered and a gap is that to the
    previous attempt of the group; any other call's gap is that to the previous call of the same operation. *marks* are
    put to the calls with these numbers.
    """
    ordered = sorted(calls, key=lambda call: call.seq)
    previous, attempts = _predecessors(ordered, groups)
    rows = tuple(
        _row(call, _gap(previous.get(call.seq), call), attempts.get(call.seq), (marks or {}).get(call.seq, ""))
        for call in ordered
    )
    return Timeline(lanes=_lanes(ordered), rows=rows, bands=tuple(sorted(bands, key=_beginning)), idles=_idles(ordered))


def _beginning(band: Band) -> float:
    return band.start


def _row(call: Call, gap: float | None, attempt: int | None, mark: str) -> Row:
    return Row(
        seq=call.seq,
        fake=call.fake,
        time=call.started,
        end=call.end,
        gap=gap,
        attempt=attempt,
        connection=call.connection.id,
        reused=call.reused,
        operation=call.operation,
        kind=_kind(call),
        verdict=call.verdict,
        fault=_word(fault_of(call)),
        handled=call.handled,
        mark=mark,
    )


def fault_of(call: Call) -> Fault | None:
    """Return the fault of *call*; a spoilt handshake that the client put up with counts for the first call after it."""
    return call.fault or (None if call.reused else call.connection.fault)


def _word(fault: Fault | None) -> str:
    return repr(fault) if fault is not None else ""


def _kind(call: Call) -> Kind:
    if call.outcome == "answered":
        if call.spoiled:
            return "spoiled"
        if call.failed:
            return "refused"
        return "declined" if call.denied else "ok"
    if call.outcome == "open":
        return "open"
    left = call.outcome == "abandoned" or (call.outcome == "hung" and call.gone is not None)
    return "left" if left else "broken"


def _predecessors(calls: Sequence[Call], groups: Iterable[Sequence[Call]]) -> tuple[dict[int, Call], dict[int, int]]:
    """Return the call that each gap is measured from, and the numbers of the attempts."""
    previous: dict[int, Call] = {}
    attempts: dict[int, int] = {}
    for group in groups:
        for number, call in enumerate(group, start=1):
            attempts[call.seq] = number
            if number > 1:
                previous[call.seq] = group[number - 2]
    latest: dict[tuple[str, str], Call] = {}
    for call in calls:
        place = (call.fake, call.operation)
        if call.seq not in attempts and place in latest:
            previous[call.seq] = latest[place]
        latest[place] = call
    return previous, attempts


def _gap(before: Call | None, call: Call) -> float | None:
    return None if before is None or before.end is None else call.started - before.end


def _lanes(calls: Sequence[Call]) -> tuple[Lane, ...]:
    by_fake: dict[str, list[Call]] = {}
    for call in calls:
        by_fake.setdefault(call.fake, []).append(call)
    return tuple(
        Lane(
            fake=fake,
            calls=len(own),
            connections=len({call.connection.id for call in own}),
            start=min(call.started for call in own),
            end=max(_last_moment(call) for call in own),
        )
        for fake, own in by_fake.items()
    )


def _last_moment(call: Call) -> float:
    return call.started if call.end is None else call.end


def _idles(calls: Sequence[Call]) -> tuple[Idle, ...]:
    """Return the stretches without a call that would squeeze all others on a true scale.

    Compared with the lower quartile of all stretches, so that the steps of a backoff stay to scale, and so that two
    long waits among clusters are found as well as one.
    """
    stretches: list[Idle] = []
    busy_until: float | None = None
    for call in sorted(calls, key=lambda call: call.started):
        if busy_until is not None and call.started > busy_until:
            stretches.append(Idle(busy_until, call.started))
        busy_until = max(_last_moment(call), call.started if busy_until is None else busy_until)
    if len(stretches) < 2:  # a single stretch has nothing to be compared with
        return ()
    quartile = sorted(idle.seconds for idle in stretches)[(len(stretches) - 1) // 4]
    whole = stretches[-1].end - min(call.started for call in calls)
    return tuple(idle for idle in stretches if idle.seconds > max(_LONG * quartile, _SHARE * whole))
