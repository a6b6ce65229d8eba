"""What a circuit breaker has to count, what it has to ignore, and what it has to leave alone.

Parameters are those of `breaker`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import whole
from pytest_integrations.core.when import When

from .breaker import judge_opening
from .breaker_evidence import GO_ON, fail_with, nothing_with
from .breaker_kinds import kind_name, matcher
from .breaker_state import Recovery
from .breaker_trial import examine, must_fit, plural, told
from .evidence import fail, must_be_calls, nothing_to_check

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

    from .breaker_kinds import Kind
    from .breaker_trial import Trial
    from .breaker_trip import FailureRatio
    from .client_calls import ClientCall, ClientCalls
    from .grouping import Per

__all__ = ["assert_breaker_counts", "assert_breaker_ignores", "assert_breaker_isolated"]


def assert_breaker_counts(
    calls: Calls,
    kind: Kind,
    *,
    after: int | FailureRatio,
    demand: ClientCalls | int,
    recovery: float | None = None,
    retries_inside: bool = False,
) -> None:
    """Assert that failures of one kind open the breaker by themselves.

    Only calls that came to this *kind* of end are failures; other failed calls count neither way. Then the same is
    judged as by `assert_breaker_opens`. Use it once for each kind that must count, each in a test of its own: with
    `@pytest.mark.parametrize` over timeouts, resets, 5xx and truncated bodies.

    Args:
        calls: the calls to what the breaker protects.
        kind: a status (`503`), a class (`"5xx"`), `"timeout"`, `"reset"`, `"closed"`, `"truncated"`, `"spoiled"`, or a
            function of a call, such as `lambda call: call.ended - call.started > 1` for slow ones.
        after: the number of failures in a row, from 1 on, or a `failure_ratio`.
        demand: what the client tried. A number is what the test made after the breaker should have opened.
        recovery: seconds; None for a test that ends before a breaker could recover.
        retries_inside: whether the breaker wraps the client's retries.

    Raises:
        ResilienceError: the breaker did not open.
        NothingToCheck: there were not enough failures of this kind, or the client made no call afterwards.
        UnknownName: *kind* is a word that names no end of a call.

    The usual bug is a timeout that is caught and retried inside, so that the breaker is never told of the one fault
    that it is for.

    ```python
    import pybreaker, requests
    from pytest_integrations.assertions import ClientCalls, assert_breaker_counts
    from pytest_integrations.faults import connection_reset

    def test_resets_open_the_breaker(fake_rest):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(connection_reset(), every=1)
        breaker = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=30)
        client = ClientCalls(fake_rest.ledger)

        client.repeat(8, breaker(requests.get), fake_rest.url + "/stock", timeout=5)

        assert_breaker_counts(fake_rest.calls, "reset", after=3, demand=client)
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    counted = matcher(kind)
    trial = examine(
        calls,
        after=after,
        demand=demand,
        recovery=Recovery() if recovery is None else Recovery(seconds=recovery),
        failure=lambda call: counted(call) or (None if call.failed else False),
        retries_inside=retries_inside,
    )
    others = [one for one in trial.admitted if one.failed is None and one.rows[-1].failed]
    if others and trial.shed_before(next(iter(trial.openings), None)):
        what = f"#{others[0].seq} failed in another way than {kind_name(kind)}, and may have helped to open the breaker"
        nothing_with(trial, what, hint="Inject one kind of failure a test.")
    judge_opening(trial, kind_name(kind))


def assert_breaker_ignores(
    calls: Calls, kind: Kind, *, times: int, demand: ClientCalls | int, retries_inside: bool = False
) -> None:
    """Assert that answers of one kind never open the breaker.

    After *times* answers of this *kind* in a row, every further call of the client still arrives; and with a
    `ClientCalls`, none is denied from the first of them on.

    Args:
        calls: the calls to what the breaker protects.
        kind: a status (`404`), a class (`"4xx"`), `"timeout"` (for cancelled calls), or a function of a call.
        times: how many in a row, from 1 on; more than the failures that would open the breaker.
        demand: what the client tried. A number is what the test made after the *times* answers.
        retries_inside: whether the breaker wraps the client's retries.

    Raises:
        ResilienceError: calls did not arrive after answers that should not count.
        NothingToCheck: there were fewer such answers in a row, or the client made no call afterwards.
        UnknownName: *kind* is a word that names no end of a call.

    A 404 tells that the backend is well. Libraries count every exception unless they are told not to: circuitbreaker
    and pybreaker count all of them by default.

    ```python
    import pybreaker, requests
    from pytest_integrations.assertions import ClientCalls, assert_breaker_ignores

    def test_a_missing_book_does_not_open_the_breaker(fake_rest):
        fake_rest.get("/books/1").reply(404)
        breaker = pybreaker.CircuitBreaker(fail_max=3, exclude=[lambda e: e.response.status_code == 404])

        @breaker
        def book():
            requests.get(fake_rest.url + "/books/1", timeout=5).raise_for_status()

        client = ClientCalls(fake_rest.ledger)
        client.repeat(8, book)

        assert_breaker_ignores(fake_rest.calls, 404, times=5, demand=client)
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    whole("times", times, 1)
    trial = examine(
        calls, after=times, demand=demand, recovery=Recovery(), failure=matcher(kind), retries_inside=retries_inside
    )
    name = kind_name(kind)
    last = trial.openings[0] if trial.openings else None
    denied = [*trial.shed_before(last), *(trial.shed_in(last) if last else [])]
    if denied:
        _blame_counting(trial, denied, name)
    if last is None:
        what = f"{times} answers of the kind {name} in a row were to be ignored, and the fake saw {trial.most} of them"
        nothing_with(
            trial,
            what.replace("failures ", "").replace("no failure", "none"),
            hint="Script more of them.",
            states=False,
        )
    if not trial.demanded([last]):
        nothing_with(
            trial, f"the client made no call after {times} answers of the kind {name}", hint=GO_ON, states=False
        )
    arrived = len(last.leaks) + len(last.stragglers)
    if isinstance(demand, int) and arrived < demand:
        fail_with(
            trial,
            f"the breaker counts {name}: after {times} of them {arrived} of {plural(demand, 'further call')} arrived",
            why=_WELL,
            hint=_EXCLUDE,
            states=False,
        )


_WELL = "An answer like this tells that the backend is well; shedding its calls makes an outage out of a wrong request."
_EXCLUDE = "Name it among the errors that the breaker ignores (exclude=, ignore_exceptions, expected_exception)."


def _blame_counting(trial: Trial, denied: list[ClientCall], name: str) -> None:
    __tracebackhide__ = True
    seen = sum(bool(one.failed) and one.before(denied[0]) for one in trial.admitted)
    verdict = (
        f"the breaker counts {name}: after {seen} of them, {plural(len(denied), 'call')} by the client did not arrive"
    )
    fail_with(trial, f"{verdict} ({told(denied)})", why=_WELL, hint=_EXCLUDE, states=False)


def assert_breaker_isolated(
    calls: Calls,
    *,
    opened: str,
    admitted: str,
    after: int | FailureRatio,
    demand: ClientCalls | int,
    recovery: float | None = None,
    by: Per = "operation",
    failure: Callable[[Call], bool | None] | None = None,
) -> None:
    """Assert that the breaker of one thing leaves another thing alone.

    While the breaker of *opened* has to be open, every call that the client makes to *admitted* arrives.

    Args:
        calls: the calls to both: of one fake, or `fakes.calls` for several.
        opened: what fails: an operation such as `"POST /users"`, or what *by* makes of a call.
        admitted: what must go on.
        after: the number of failures in a row of *opened*, from 1 on, or a `failure_ratio`.
        demand: what the client tried on *admitted*, recorded apart from what it tried on *opened*. A number is what the
            test made on *admitted* meanwhile.
        recovery: seconds; None for a test that ends before a breaker could recover.
        by: what breakers are kept apart by: `"operation"`, `"fake"`, `"header:X-Tenant"`, or a function of a call.
        failure: what counts as a failure of *opened*, as a function of a call; None from it counts neither way.

    Raises:
        ResilienceError: a call to *admitted* did not arrive.
        NothingToCheck: the breaker of *opened* did not open, or the client did not try *admitted* meanwhile.

    The scope of a breaker: "Method Overloading the Circuit" (Meiklejohn et al., SoCC 2022).

    ```python
    import pybreaker, requests
    from pytest_integrations.assertions import ClientCalls, assert_breaker_isolated
    from pytest_integrations.faults import status

    def test_reading_goes_on_while_writing_is_down(fake_rest):
        fake_rest.get("/users").reply(json=[])
        fake_rest.post("/users").inject(status(503), every=1)
        breakers = {method: pybreaker.CircuitBreaker(fail_max=3) for method in ("GET", "POST")}

        def users(method):
            requests.request(method, fake_rest.url + "/users", timeout=5).raise_for_status()

        writer, reader = ClientCalls(fake_rest.ledger), ClientCalls(fake_rest.ledger)
        writer.repeat(5, breakers["POST"].call, users, "POST")
        reader.repeat(5, breakers["GET"].call, users, "GET")

        assert_breaker_isolated(
            fake_rest.calls, opened="POST /users", admitted="GET /users", after=3, demand=reader
        )
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    must_fit(calls, demand)
    key = When(per=by).key
    failing = calls.where(lambda call: key(call, call.connection.id) == opened)
    spared = calls.where(lambda call: key(call, call.connection.id) == admitted)
    if opened == admitted:
        msg = f"opened= and admitted= are both {opened!r}: give two things that breakers are kept apart by"
        raise ScriptingError(msg)
    settings = Recovery() if recovery is None else Recovery(seconds=recovery)
    broken = examine(failing, after=after, demand=0, recovery=settings, failure=failure, retries_inside=False)
    first = next(iter(broken.openings), None)
    if first is None or first.leaks:
        seen = f"{opened} saw {broken.most}" if first is None else f"#{first.leaks[0].seq} still arrived"
        what = f"the breaker of {opened} should open after {broken.rule}, and {seen}"
        nothing_to_check(what, calls, hint="Open that breaker first: assert_breaker_opens tells whether it does.")
    _judge_spared(calls, spared, broken, demand, (opened, admitted))


def _judge_spared(
    calls: Calls,
    spared: Calls,
    broken: Trial,
    demand: ClientCalls | int,
    names: tuple[str, str],
) -> None:
    __tracebackhide__ = True
    opened, admitted = names
    opening = broken.openings[0]
    until = opening.over(broken.tolerance)
    arrived = [call for call in spared if call.seq > opening.cause.seq and call.started < until]
    if isinstance(demand, int):
        made, missing = demand, max(demand - len(arrived), 0)
    else:
        wanted = [call for call in demand if opening.cause.before(call) and call.started < until]
        made = len(wanted)
        missing = sum(not any(call.first <= one.seq <= call.last for one in spared) for call in wanted)
    if not made:
        nothing_to_check(f"the client did not try {admitted} while {opened} was shed", calls, hint=GO_ON)
    if missing:
        fail(
            f"the breaker of {opened} sheds {admitted} too: {missing} of {plural(made, 'call')} to it did not arrive",
            calls,
            why="One thing that is down takes others down with it, though they are well.",
            hint=f"Give {opened} and {admitted} a breaker each.",
            bands=broken.bands(),
        )
