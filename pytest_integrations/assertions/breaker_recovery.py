"""Whether a circuit breaker comes back: probes, reopens after a failed one, closes after a good one.

Parameters are those of `breaker`, with *recovery* in seconds, multiplied by *growth* after each probe that failed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_integrations.core.settings import whole

from .breaker_evidence import blame_leaks, duration, fail_with, nothing_with
from .breaker_state import Recovery
from .breaker_trial import examine, plural, told
from .evidence import must_be_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

    from .breaker_state import Admitted, Opening
    from .breaker_trial import Trial
    from .breaker_trip import FailureRatio
    from .client_calls import ClientCall, ClientCalls

__all__ = ["assert_breaker_closes", "assert_breaker_reopens", "assert_half_open_probes"]


def assert_half_open_probes(
    calls: Calls,
    *,
    after: int | FailureRatio,
    recovery: float,
    demand: ClientCalls | int,
    n: int = 1,
    failure: Callable[[Call], bool | None] | None = None,
    retries_inside: bool = False,
) -> None:
    """Assert that a breaker which tries again lets at most *n* calls through until the first of them has ended.

    Args:
        calls: the calls to what the breaker protects.
        after: the number of failures in a row, from 1 on, or a `failure_ratio`.
        recovery: seconds above 0.
        demand: what the client tried. A number is how many calls it made at the same time when the recovery was over.
        n: how many probes, from 1 on: 1 for Polly and Hystrix, 10 for resilience4j.
        failure: what counts as a failure, as a function of a call; None from it counts neither way.
        retries_inside: whether the breaker wraps the client's retries.

    Raises:
        ResilienceError: more calls came through.
        NothingToCheck: no probe arrived, or not more than *n* calls were made while it was under way.

    It takes callers at the same moment (`client.together(10, fetch)`) and a probe that lasts (`latency(0.1)`): one
    caller after the other is always one probe. Most Python libraries let all of them through; pybreaker makes the
    others wait.

    ```python
    import pybreaker, requests, time
    from pytest_integrations.assertions import ClientCalls, assert_half_open_probes
    from pytest_integrations.faults import latency, status

    def test_one_probe_at_a_time(fake_rest, virtual_clock):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(status(503), times=3)
        fake_rest.inject(latency(0.05), every=1)
        breaker = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=0.1)

        @breaker
        def stock():
            requests.get(fake_rest.url + "/stock", timeout=5).raise_for_status()

        client = ClientCalls(fake_rest.ledger)
        client.repeat(3, stock)
        time.sleep(0.15)
        client.together(4, stock)

        assert_half_open_probes(fake_rest.calls, after=3, recovery=0.1, demand=client, n=1)
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    whole("n", n, 1)  # a breaker that comes back lets at least one probe through
    trial = examine(
        calls,
        after=after,
        demand=demand,
        recovery=Recovery(seconds=recovery),
        failure=failure,
        retries_inside=retries_inside,
    )
    probed = [opening for opening in trial.openings if opening.probes]
    if not probed:
        _no_probe(trial)
    for opening in probed:
        at_once = _at_once(opening)
        if len(at_once) > n:
            _blame_probes(trial, at_once, n)
    made = max(_callers(trial, opening) for opening in probed)
    if made <= n:
        were = "was" if made == 1 else "were"
        nothing_with(
            trial,
            f"only {plural(made, 'call')} by the client {were} under way with a probe; it takes more than {n}",
            hint="Call from several threads at once, client.together(10, fetch), and let the probe last: latency(0.1).",
        )


def _at_once(opening: Opening) -> list[Admitted]:
    """Return the probes that came before the first of them had ended."""
    first_end = min((probe.ended for probe in opening.probes if probe.ended is not None), default=math.inf)
    return [probe for probe in opening.probes if probe.started < first_end or probe is opening.probes[0]]


def _callers(trial: Trial, opening: Opening) -> int:
    """Return how many calls of the client were under way while the first probe was."""
    if isinstance(trial.demand, int):
        return trial.demand
    probe = opening.probes[0].maker
    if probe is None:
        return 0
    return sum(call.began < probe.finished and call.finished > probe.began for call in trial.client_calls)


def _blame_probes(trial: Trial, at_once: list[Admitted], n: int) -> None:
    __tracebackhide__ = True
    fail_with(
        trial,
        f"the half-open breaker let {len(at_once)} calls through before the first probe had ended; "
        f"{n} {'is' if n == 1 else 'are'} allowed",
        why="A backend that is just coming back is met by the whole crowd that was kept waiting.",
        hint="Count the probes that are under way, and shed the rest. Most Python libraries do not: "
        "n= tells what is allowed.",
        marks={at_once[n].seq: f"probe {n + 1}, while #{at_once[0].seq} was under way"},
    )


def assert_breaker_reopens(
    calls: Calls,
    *,
    after: int | FailureRatio,
    recovery: float,
    demand: ClientCalls | int,
    growth: float = 1.0,
    failure: Callable[[Call], bool | None] | None = None,
    retries_inside: bool = False,
) -> None:
    """Assert that a failed probe opens the breaker again, for a whole recovery.

    From the end of each failed probe on, no call arrives for *recovery* seconds (times *growth* for each probe that
    failed in a row), or until the test ends, although the client makes some.

    Args:
        calls: the calls to what the breaker protects.
        after: the number of failures in a row, from 1 on, or a `failure_ratio`.
        recovery: seconds above 0.
        demand: what the client tried. A number is what the test made after the failed probe.
        growth: the factor of the recovery after each failed probe; 1 for a fixed one.
        failure: what counts as a failure, as a function of a call; None from it counts neither way.
        retries_inside: whether the breaker wraps the client's retries.

    Raises:
        ResilienceError: a call arrived too soon after a failed probe.
        NothingToCheck: no probe failed, or the client made no call afterwards.

    resilience4j and Polly: half-open goes back to open. That a shed call must not restart the recovery is judged by
    `assert_breaker_closes`.

    ```python
    import circuitbreaker, requests, time
    from pytest_integrations.assertions import ClientCalls, assert_breaker_reopens
    from pytest_integrations.faults import status

    def test_a_failed_probe_opens_the_breaker_again(fake_rest, virtual_clock):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(status(503), every=1)

        @circuitbreaker.circuit(failure_threshold=3, recovery_timeout=0.1)
        def stock():
            requests.get(fake_rest.url + "/stock", timeout=5).raise_for_status()

        client = ClientCalls(fake_rest.ledger)
        client.repeat(3, stock)
        time.sleep(0.15)
        client.repeat(5, stock)

        assert_breaker_reopens(fake_rest.calls, after=3, recovery=0.1, demand=client)
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    trial = examine(
        calls,
        after=after,
        demand=demand,
        recovery=Recovery(seconds=recovery, growth=growth),
        failure=failure,
        retries_inside=retries_inside,
    )
    reopened = [opening for opening in trial.openings if opening.failed_probes]
    if not reopened:
        _no_probe(trial, "failed")
    for opening in reopened:
        if opening.leaks:
            blame_leaks(trial, opening)
    if not trial.demanded(reopened):
        nothing_with(
            trial,
            f"the client made no call after the probe #{reopened[0].cause.seq} failed",
            hint="Go on calling after the failed probe: client.repeat(5, fetch), and give demand=client.",
        )


def assert_breaker_closes(
    calls: Calls,
    *,
    after: int | FailureRatio,
    recovery: float,
    demand: ClientCalls | int,
    successes: int = 1,
    growth: float = 1.0,
    failure: Callable[[Call], bool | None] | None = None,
    retries_inside: bool = False,
) -> None:
    """Assert that the breaker comes back by itself: probes once the recovery is over, and closes after a good probe.

    The first call that the client makes once the recovery is over arrives, however many were shed meanwhile; and
    after so many *successes*, all calls arrive.

    Args:
        calls: the calls to what the breaker protects.
        after: the number of failures in a row, from 1 on, or a `failure_ratio`.
        recovery: seconds above 0; on the real clock the breaker may be late by a tenth of it and 150 ms.
        demand: what the client tried. A number is what the test made after the probes that close the breaker.
        successes: how many successful probes close it, from 1 on.
        growth: the factor of the recovery after each failed probe; 1 for a fixed one.
        failure: what counts as a failure, as a function of a call; None from it counts neither way.
        retries_inside: whether the breaker wraps the client's retries.

    Raises:
        ResilienceError: the breaker was still shedding when the recovery was over, or after the good probes.
        NothingToCheck: the client made no call after the recovery, no probe succeeded, or no call followed it.

    Keep the client calling while the breaker is open: the bug to find is a recovery that each shed call starts anew, so
    that a busy client never comes back.

    ```python
    import circuitbreaker, requests
    from pytest_integrations.assertions import ClientCalls, assert_breaker_closes
    from pytest_integrations.faults import status

    def test_the_breaker_closes_under_steady_demand(fake_rest, virtual_clock):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(status(503), times=3)

        @circuitbreaker.circuit(failure_threshold=3, recovery_timeout=0.1)
        def stock():
            requests.get(fake_rest.url + "/stock", timeout=5).raise_for_status()

        client = ClientCalls(fake_rest.ledger)
        client.repeat(20, stock, every=0.02)

        assert_breaker_closes(fake_rest.calls, after=3, recovery=0.1, demand=client)
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    trial = examine(
        calls,
        after=after,
        demand=demand,
        recovery=Recovery(seconds=recovery, growth=growth, successes=successes),
        failure=failure,
        retries_inside=retries_inside,
    )
    for opening in trial.openings:
        _judge_overdue(trial, opening)
    closed = [(opening, opening.closed_by) for opening in trial.openings if opening.closed_by is not None]
    if not closed:
        _no_probe(trial, "succeeded")
    followed = sum(_judge_closed(trial, closing, following) for closing, following in _with_next(trial, closed))
    if not followed:
        nothing_with(
            trial,
            "the client made no call after the breaker should have closed",
            hint="Go on calling after the successful probe: client.repeat(5, fetch), and give demand=client.",
        )


def _with_next(trial: Trial, closed: Iterable[tuple[Opening, Admitted]]) -> Iterable[tuple[Admitted, Opening | None]]:
    for opening, closing in closed:
        place = trial.openings.index(opening) + 1
        yield closing, trial.openings[place] if place < len(trial.openings) else None


def _judge_overdue(trial: Trial, opening: Opening) -> None:
    """Fail if the breaker went on shedding when its recovery was over."""
    __tracebackhide__ = True
    due = opening.overdue(trial.tolerance)
    probe = opening.probes[0].maker if opening.probes else None
    denied = [
        call
        for call in trial.shed
        if call.started > due and opening.cause.before(call) and (probe is None or call.finished < probe.began)
    ]
    if denied:
        late = denied[-1].started - opening.cause.known
        fail_with(
            trial,
            f"the breaker is still open {late:.3f} s after it opened, and should try again after "
            f"{duration(opening.recovery)}: {plural(len(denied), 'call')} did not arrive",
            why="A breaker that does not come back by itself turns a short outage into one that lasts until a restart.",
            hint="Start the recovery when the breaker opens and at no other time: if each shed call starts it anew, "
            "or is counted as a failure, a busy client never recovers.",
            notes=[f"The calls that did not arrive: {told(denied)}."],
        )


def _judge_closed(trial: Trial, closing: Admitted, following: Opening | None) -> int:
    """Fail if calls were shed after the breaker should have closed; return how many were made."""
    __tracebackhide__ = True
    if isinstance(trial.demand, int):
        made = trial.demand
        arrived = sum(one.seq > closing.seq and one.started >= (closing.ended or 0.0) for one in trial.admitted)
        missing, ends = max(made - arrived, 0), ""
    else:
        after = [call for call in trial.client_calls if closing.before(call) and _until(call, following)]
        shed = set(trial.shed)
        denied = [call for call in after if call in shed]
        made, missing, ends = len(after), len(denied), f" ({told(denied)})" if denied else ""
    if missing:
        fail_with(
            trial,
            f"the breaker did not close after the successful probe #{closing.rows[-1].seq}: "
            f"{missing} of the next {plural(made, 'call')} did not arrive{ends}",
            why="A breaker that stays half-open sheds calls that the backend would answer.",
            hint="If it takes more than one good probe to close it, say so: successes=.",
        )
    return made


def _until(call: ClientCall, following: Opening | None) -> bool:
    return following is None or not following.cause.before(call)


def _no_probe(trial: Trial, ended: str = "") -> None:
    """Raise NothingToCheck because no probe arrived, or none *ended* like this."""
    __tracebackhide__ = True
    probes = [probe for opening in trial.openings for probe in opening.probes]
    if not trial.openings:
        what = f"the breaker should open after {trial.rule}, and the fake saw {trial.most}"
        hint = "Inject more failures first; assert_breaker_opens tells whether the breaker opens too early."
    elif not probes:
        what = "no call arrived after the recovery, so that there was no probe"
        hint = "Let the recovery pass, on the real or the virtual clock, and go on calling."
    else:
        what = (
            f"no probe {ended}, of {plural(len(probes), 'probe')}"
            if ended == "failed"
            else (f"not enough probes succeeded to close the breaker, of {plural(len(probes), 'probe')}")
        )
        hint = (
            "Let the fake fail for longer."
            if ended == "failed"
            else "Let the fake be healthy when the recovery is over."
        )
    nothing_with(trial, what, hint=hint)
