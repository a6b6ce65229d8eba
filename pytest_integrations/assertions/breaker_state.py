"""A breaker's states, replayed from the ledger: what it must have done, not what the object says of itself.

                 the failure that `after=` names
        closed ──────────────────────────────────▶ open ◀───────────────┐
          ▲                                          │ recovery is over  │ a probe failed
          │      enough probes succeeded             ▼ and a call comes  │
          └────────────────────────────────────── half-open ─────────────┘

The breaker learns of a failure between its end on the wire and the return of the client's call. What must be shed is
judged from the later of the two, the recovery from the earlier, so that a correct breaker is never blamed for the
difference. Calls that the client had begun before the breaker opened may still arrive: they are stragglers, not leaks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_integrations.core.call import Call

    from .breaker_trip import Tracker
    from .client_calls import ClientCall
    from .tolerance import Tolerance

__all__ = ["Admitted", "Opening", "Recovery", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Admitted:
    """What a breaker let through once: one call, or, if the retries are inside the breaker, all attempts of one."""

    rows: tuple[Call, ...]
    failed: bool | None
    """None for what a breaker counts neither way."""
    started: float
    ended: float | None
    """The earliest moment at which the client can have known the end."""
    makers: tuple[ClientCall, ...] = ()
    """The client's calls that can have caused it: one, unless several were under way."""
    maker: ClientCall | None = None
    """The one that is taken for it."""

    @property
    def seq(self) -> int:
        """The number of its first row."""
        return self.rows[0].seq

    @property
    def known(self) -> float:
        """The latest moment at which the client can have known the end."""
        return max(self.ended or self.started, self.maker.ended if self.maker is not None else 0.0)

    def before(self, client_call: ClientCall) -> bool:
        """Tell whether the client knew the end of this when it began *client_call*."""
        if self.maker is not None:
            return client_call.began > self.maker.finished
        later = client_call.first > self.rows[-1].seq  # the clock may stand still meanwhile
        return later and self.ended is not None and client_call.started >= self.ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How a breaker comes back: after *seconds*, times *growth* for each probe that failed, by *successes* probes."""

    seconds: float = math.inf
    growth: float = 1.0
    successes: int = 1

    def after(self, failed_probes: int) -> float:
        """Return how long the breaker stays open once so many probes failed one after the other."""
        return self.seconds * self.growth**failed_probes


@dataclass(slots=True, kw_only=True)
class Opening:
    """One time that the breaker had to open, and what arrived until it closed or opened again."""

    cause: Admitted
    failed_probes: int
    """How many probes had failed before, without a close in between; 0 if it opened from closed."""
    recovery: float
    leaks: list[Admitted] = field(default_factory=list)
    stragglers: list[Admitted] = field(default_factory=list)
    probes: list[Admitted] = field(default_factory=list)
    closed_by: Admitted | None = None

    @property
    def opened(self) -> float:
        """The earliest moment at which it can have opened."""
        return self.cause.started if self.cause.ended is None else self.cause.ended

    def over(self, tolerance: Tolerance) -> float:
        """Return from when on a call may come through."""
        return self.opened + tolerance.earliest(self.recovery)

    def overdue(self, tolerance: Tolerance) -> float:
        """Return from when on a call must come through."""
        return self.cause.known + tolerance.latest(self.recovery)


def replay(
    admitted: Sequence[Admitted], tracker: Tracker, recovery: Recovery, tolerance: Tolerance
) -> tuple[Opening, ...]:
    """Return every time that a breaker with these settings had to open, with what arrived in that state."""
    breaker = _Replay(tracker, recovery, tolerance)
    for one, starts in _moments(admitted):
        if starts:
            breaker.start(one)
        else:
            breaker.end(one)
    return tuple(breaker.openings)


def _moments(admitted: Iterable[Admitted]) -> Iterator[tuple[Admitted, bool]]:
    """Yield what was admitted at its start and at its end, in order; at the same time, the older first."""
    moments = [(one.started, one.seq, 0, one) for one in admitted]
    moments += [(max(one.ended, one.started), one.seq, 1, one) for one in admitted if one.ended is not None]
    for _, _, end, one in sorted(moments, key=lambda moment: moment[:3]):
        yield one, not end


class _Replay:
    """The state machine; `openings[-1]` is the present state unless it was closed."""

    def __init__(self, tracker: Tracker, recovery: Recovery, tolerance: Tolerance) -> None:
        self.openings: list[Opening] = []
        self._tracker = tracker
        self._recovery = recovery
        self._tolerance = tolerance
        self._used: set[ClientCall] = set()

    @property
    def _open(self) -> Opening | None:
        last = self.openings[-1] if self.openings else None
        return last if last is not None and last.closed_by is None else None

    def start(self, one: Admitted) -> None:
        opening = self._open
        if opening is None:
            return
        if self._is_straggler(one, opening):
            opening.stragglers.append(one)
        elif opening.probes or one.started >= opening.over(self._tolerance):
            opening.probes.append(one)
        else:
            opening.leaks.append(one)

    def end(self, one: Admitted) -> None:
        opening = self._open
        if one.failed is None or one.ended is None:
            return
        if opening is None:
            if self._tracker.add(failed=one.failed, at=one.ended):
                self._open_by(one, 0)
        elif one in opening.probes:
            self._probed(one, opening)

    def _probed(self, probe: Admitted, opening: Opening) -> None:
        if probe.failed:
            self._open_by(probe, opening.failed_probes + 1)
            return
        done = [each for each in opening.probes if each.failed is False and _ended_by(each, probe)]
        if len(done) >= self._recovery.successes:
            opening.closed_by = probe
            self._tracker.reset()

    def _open_by(self, cause: Admitted, failed_probes: int) -> None:
        recovery = self._recovery.after(failed_probes)
        self.openings.append(Opening(cause=cause, failed_probes=failed_probes, recovery=recovery))

    def _is_straggler(self, one: Admitted, opening: Opening) -> bool:
        """Tell whether a call of the client that was under way when the breaker opened explains the arrival of *one*.

        Each such call explains one arrival.
        """
        opener = opening.cause.maker
        if opener is None:
            return False
        alone = len(opening.cause.makers) == 1  # then a later arrival within the same call of the client is a retry
        for maker in one.makers:
            if maker.began < opener.finished and maker not in self._used and not (alone and maker is opener):
                self._used.add(maker)
                return True
        return False


def _ended_by(one: Admitted, moment: Admitted) -> bool:
    return one.ended is not None and moment.ended is not None and one.ended <= moment.ended
