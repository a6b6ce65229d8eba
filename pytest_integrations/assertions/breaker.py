"""Whether a circuit breaker opens when it must, sheds while it is open, and counts what it has to count.

A breaker is *closed* (calls pass), *open* (calls are shed: they fail fast and never reach the backend) or *half-open*
(a few probes pass). These are the words of resilience4j, Polly and Hystrix. All is judged from the ledger; the object
that the client calls its breaker is never asked. How a breaker comes back is the matter of `breaker_recovery`.

Parameters that all of these share:

    calls           the calls to what the breaker protects: fake.calls, or fake.calls.of("GET /stock") for one operation
    after           how many failures in a row open it, or `failure_ratio(0.5, min_calls=10, window=30)`
    recovery        how long it stays open, in seconds
    demand          what the client tried: a `ClientCalls`, or else the number of calls that the test made meanwhile
    failure         what counts as a failure: a function of a call to True, False (a success) or None (neither); by
                    default `call.failed`: no whole and sound answer, 429, or a 5xx
    retries_inside  True if the breaker wraps the retries, so that all attempts of one call count once; with a number
                    for `demand`, attempts are told by `logical_calls`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.settings import seconds, whole

from .breaker_evidence import GO_ON, blame_early, blame_leaks, duration, fail_with, nothing_with, recorder_needed
from .breaker_state import Recovery
from .breaker_trial import examine, plural
from .client_calls import ClientCalls
from .evidence import must_be_calls
from .tolerance import EXACT

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

    from .breaker_trial import Trial
    from .breaker_trip import FailureRatio
    from .client_calls import ClientCall

__all__ = ["assert_breaker_opens", "assert_breaker_sheds", "judge_opening"]


def assert_breaker_opens(
    calls: Calls,
    *,
    after: int | FailureRatio,
    recovery: float,
    demand: ClientCalls | int,
    failure: Callable[[Call], bool | None] | None = None,
    retries_inside: bool = False,
) -> None:
    """Assert that the breaker opens at exactly the failure that it should open at, and stays open.

    From the end of that failure on, no call arrives for *recovery* seconds, or until the test ends, although the client
    makes some; and with a `ClientCalls`, none of the client's calls is denied before. Calls that the client had begun
    before the breaker opened may still arrive.

    Args:
        calls: the calls to what the breaker protects.
        after: the number of failures in a row, from 1 on, or a `failure_ratio`.
        recovery: seconds above 0; 5 ms less are tolerated on the real clock.
        demand: what the client tried. A number is what the test made after the breaker should have opened.
        failure: what counts as a failure, as a function of a call; None from it counts neither way.
        retries_inside: whether the breaker wraps the client's retries.

    Raises:
        ResilienceError: a call arrived while the breaker had to be open, or was denied before.
        NothingToCheck: there were not enough failures, or the client made no call afterwards.

    Gremlin's HasCircuitBreaker (Heorhiadi et al., ICDCS 2016), without its off-by-one: `after=3` is open after the
        third.

    ```python
    import pybreaker, requests
    from pytest_integrations.assertions import ClientCalls, assert_breaker_opens
    from pytest_integrations.faults import status

    def test_the_breaker_opens_after_three_failures(fake_rest):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(status(503), every=1)
        breaker = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=30)

        @breaker
        def stock():
            requests.get(fake_rest.url + "/stock", timeout=5).raise_for_status()

        client = ClientCalls(fake_rest.ledger)
        client.repeat(8, stock)

        assert_breaker_opens(fake_rest.calls, after=3, recovery=30, demand=client)
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    trial = examine(
        calls,
        after=after,
        demand=demand,
        recovery=Recovery(seconds=recovery),
        failure=failure,
        retries_inside=retries_inside,
    )
    judge_opening(trial)


def judge_opening(trial: Trial, kind: str = "") -> None:
    """Fail unless the breaker opened at the right failure and stayed open; *kind* names the failures, if it matters."""
    __tracebackhide__ = True
    openings = [opening for opening in trial.openings if not opening.failed_probes]
    denied = trial.shed_before(openings[0] if openings else None)
    if denied:
        blame_early(trial, denied)
    if not openings:
        nothing_with(
            trial,
            f"the breaker should open after {trial.rule}, and the fake saw {trial.most}",
            hint=f"Inject more failures{kind and f' of the kind {kind}'}, and let the client run into all of them.",
        )
    for opening in openings:
        if opening.leaks:
            blame_leaks(trial, opening, kind)
    if not trial.demanded(openings):
        opener = openings[0].cause.rows[-1].seq
        nothing_with(trial, f"the client made no call after #{opener}, which had to open the breaker", hint=GO_ON)


def assert_breaker_sheds(
    calls: Calls,
    *,
    after: int | FailureRatio,
    recovery: float,
    demand: ClientCalls,
    raises: type[BaseException] | tuple[type[BaseException], ...] | None = None,
    fast: float | None = None,
    leak: int = 0,
    failure: Callable[[Call], bool | None] | None = None,
    retries_inside: bool = False,
) -> None:
    """Assert that the open breaker fails fast: nothing arrives, nobody waits, and the caller can tell why.

    While the breaker has to be open, at most *leak* calls arrive, each call of the client that does not arrive comes
    back within *fast* seconds, and raises one of *raises*.

    Args:
        calls: the calls to what the breaker protects; leave out health checks with `calls.of(...)` or
            `calls.where(...)`.
        after: the number of failures in a row, from 1 on, or a `failure_ratio`.
        recovery: seconds above 0.
        demand: the client's calls.
        raises: the declared error of a shed call; None accepts every error, and a fallback's value.
        fast: seconds; by default 0.05 on the real clock and 0 on the virtual one.
        leak: how many calls may arrive all the same.
        failure: what counts as a failure, as a function of a call; None from it counts neither way.
        retries_inside: whether the breaker wraps the client's retries.

    Raises:
        ResilienceError: too much arrived, a shed call took too long, or it ended in another way than *raises*.
        NothingToCheck: the breaker had no reason to open, or the client made no call meanwhile.

    The "fail fast" of Nygard's Release It!, and what resilience4j calls not permitted (CallNotPermittedException).

    ```python
    import pybreaker, requests
    from pytest_integrations.assertions import ClientCalls, assert_breaker_sheds
    from pytest_integrations.faults import status

    def test_shed_calls_fail_fast_and_say_why(fake_rest):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(status(503), every=1)
        breaker = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=30)

        @breaker
        def stock():
            requests.get(fake_rest.url + "/stock", timeout=5).raise_for_status()

        client = ClientCalls(fake_rest.ledger)
        client.repeat(8, stock)

        assert_breaker_sheds(
            fake_rest.calls, after=3, recovery=30, demand=client, raises=pybreaker.CircuitBreakerError
        )
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    if not isinstance(demand, ClientCalls):
        recorder_needed("assert_breaker_sheds")
    whole("leak", leak)
    if fast is not None:
        seconds("fast", fast)
    trial = examine(
        calls,
        after=after,
        demand=demand,
        recovery=Recovery(seconds=recovery),
        failure=failure,
        retries_inside=retries_inside,
    )
    if not trial.openings:
        what = f"the breaker should open after {trial.rule}, and the fake saw {trial.most}"
        nothing_with(trial, what, hint="Inject more failures; assert_breaker_opens tells whether it opens too early.")
    leaking = [opening for opening in trial.openings if opening.leaks]
    if sum(len(opening.leaks) for opening in leaking) > leak:
        blame_leaks(trial, leaking[0])
    shed = [call for opening in trial.openings for call in trial.shed_in(opening)]
    if not shed:
        nothing_with(trial, "the client made no call while the breaker should be open", hint=GO_ON)
    _judge_speed(trial, shed, fast)
    _judge_errors(trial, shed, raises)


def _judge_speed(trial: Trial, shed: list[ClientCall], fast: float | None) -> None:
    __tracebackhide__ = True
    if fast is None:
        fast = EXACT.late if trial.tolerance is EXACT else 0.05
    slow = [call for call in shed if call.latency > fast]
    if slow:
        worst = max(call.latency for call in slow)
        fail_with(
            trial,
            f"{plural(len(slow), 'shed call')} of {len(shed)} did not fail fast: the slowest took {worst:.3f} s, "
            f"and {duration(fast)} is the limit",
            why="A breaker is there so that nobody waits for a backend that is known to be down.",
            hint="Look for retries with backoff around the breaker, and for a lock that is held during a call; "
            "fast= sets the limit.",
        )


def _judge_errors(
    trial: Trial, shed: list[ClientCall], raises: type[BaseException] | tuple[type[BaseException], ...] | None
) -> None:
    __tracebackhide__ = True
    other = [] if raises is None else [call for call in shed if not isinstance(call.error, raises)]
    if other:
        names = raises if isinstance(raises, tuple) else (raises,)
        wanted = " or ".join(name.__name__ for name in names if name is not None)
        fail_with(
            trial,
            f"{plural(len(other), 'shed call')} of {len(shed)} ended in {_ends(other)}, not in {wanted}",
            why="A caller that cannot tell a shed call from a failed one cannot fall back, and may retry or count it.",
            hint="Let the breaker's own error through: do not catch it together with the errors of the call.",
        )


def _ends(calls: list[ClientCall]) -> str:
    return " and ".join(dict.fromkeys("a value" if call.error is None else type(call.error).__name__ for call in calls))
