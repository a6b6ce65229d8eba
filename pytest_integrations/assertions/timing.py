"""Whether a client gives up in time: on one attempt, on a whole call, and in the right order.

A client that gives up closes its connection; the ledger has the moment (`Call.gone`), as long as the exchange was
open. A connection that is closed when nothing is being answered is no timeout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.ledger import Calls
from pytest_integrations.core.settings import lasting, seconds

from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import logical_calls, told_apart
from .tolerance import tolerance_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from pytest_integrations.core.call import Call

    from .client_calls import ClientCalls
    from .grouping import LogicalCall, Per

__all__ = ["assert_timeout_order", "assert_times_out", "assert_total_time"]

_TOO_LATE = "The caller is gone before the inner failure is noticed: no fallback is reached."
_SHORTEN = "Make the inner timeout, times its attempts, shorter than the outer one, or pass the deadline on."


def assert_times_out(calls: Calls, *, within: float, tolerance: float | None = None) -> None:
    """Assert that the client gives up an attempt that is not answered within *within* seconds.

    No exchange lasts longer, from the request being read to the end of the answer or to the client's leaving; and at
    least one ended by the client's leaving. The wait for which urllib3 keeps the connection after a timeout does not
    count, if the client left another attempt of the same logical call in time; see `assert_backoff`.

    Args:
        calls: the calls to judge; use `calls.of(...)` for one operation.
        within: seconds above 0.
        tolerance: how many seconds late it may be; by default a tenth and 150 ms on the real clock, nothing on a
            virtual one.

    Raises:
        ResilienceError: the client waited longer, whether it was answered in the end or not.
        NothingToCheck: no client left before its answer: nothing was held back for longer than the client waits.

    Gremlin's HasTimeouts (ICDCS 2016). Try it with an answer that does not come (`hang()`) *and* with one that comes
    byte by byte: the timeouts of requests, httpx and aiohttp's `sock_read` begin anew with every byte, so that a drip
    is waited for without an end.

    ```python
    import requests
    from pytest_integrations.assertions import ClientCalls, assert_times_out
    from pytest_integrations.faults import hang

    def test_the_client_does_not_wait_for_ever(fake_rest, virtual_clock):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(hang())

        ClientCalls(fake_rest.ledger)(requests.get, fake_rest.url + "/stock", timeout=0.1)

        assert_times_out(fake_rest.calls, within=0.2)
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    lasting("within", within)
    limit = tolerance_of(calls.ledger, tolerance).latest(within)
    lasted, held = _waits(calls), _held(calls)
    late = [call for call in calls if lasted[call.seq] - held.get(call.seq, 0.0) > limit]
    if late:
        worst = max(late, key=lambda call: lasted[call.seq])
        fail(
            f"the client waited {lasted[worst.seq]:.3f} s for {worst.operation} (#{worst.seq}); "
            f"it should give up within {within:g} s",
            calls,
            why="A client without a timeout passes a hanging backend on to everybody who waits for it.",
            hint=_timeout_hint(worst),
            marks={call.seq: f"{_how_it_ended(call)} after {lasted[call.seq]:.3f} s" for call in late},
        )
    if not any(_gave_up(call) for call in calls):
        nothing_to_check(
            f"no client left before its answer, so that no timeout of {within:g} s was seen",
            calls,
            hint=f"Hold an answer back for longer than {within:g} s: inject(hang()), or let it come byte by byte.",
        )


def assert_total_time(
    calls: Calls,
    *,
    at_most: float,
    demand: ClientCalls | None = None,
    per: Per | None = None,
    tolerance: float | None = None,
) -> None:
    """Assert that a whole call of the client, with all its attempts and waits, takes at most *at_most* seconds.

    From the first attempt's request to the last attempt's end; with *demand*, from the client's call to its return,
    which has the waits before and after in it.

    Args:
        calls: the calls to judge.
        at_most: seconds above 0.
        demand: the client's calls, if they were recorded.
        per: what tells logical calls apart, if `logical_calls` cannot: `"header:X-Request-Id"`, or a function of a
            call.
        tolerance: how many seconds late it may be; by default a tenth and 150 ms on the real clock, nothing on a
            virtual one.

    Raises:
        ResilienceError: a call took longer.
        NothingToCheck: no call failed and no fault was played, so that nothing took time.

    Gremlin's bounded response time. Budgets are missed by clients that check their deadline before a wait and not
    with it: google-api-core 1.14 took 1.0 s for a deadline of 0.3 s.

    ```python
    import requests
    from pytest_integrations.assertions import assert_total_time
    from pytest_integrations.faults import status

    def test_a_retry_stays_within_the_budget(fake_rest, virtual_clock):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(status(503))

        while not requests.get(fake_rest.url + "/stock", timeout=5).ok:
            pass

        assert_total_time(fake_rest.calls, at_most=1.0)
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    lasting("at_most", at_most)
    limit = tolerance_of(calls.ledger, tolerance).latest(at_most)
    if demand is not None:
        _judge_client(calls, demand, at_most, limit)
    else:
        now = calls.ledger.now()
        for group in logical_calls(calls, per=per):
            took = max(_end(call, now) for call in group) - group[0].started
            if took > limit:
                _blame_total(calls, group, took, at_most)
    if not any(call.failed or call.fault is not None for call in calls):
        nothing_to_check(
            "no call failed and no fault was played, so that nothing could use up the time",
            calls,
            hint="Inject what makes the client wait or retry: latency(1.0), hang(), status(503).",
        )


def _judge_client(calls: Calls, demand: ClientCalls, at_most: float, limit: float) -> None:
    __tracebackhide__ = True
    slow = max(demand, key=lambda call: call.latency, default=None)
    if slow is None:
        nothing_to_check("the client made no call", calls, hint="Make the calls through demand=, a ClientCalls.")
    if slow.latency > limit:
        fail(
            f"{slow.name} took {slow.latency:.3f} s; {at_most:g} s is the limit",
            [call for call in calls if slow.first <= call.seq <= slow.last],
            notes=[f"{slow}."],
            why=_TOTAL,
            hint=_BUDGET,
        )


_TOTAL = "Whoever called has its own deadline, and may be gone before the answer comes."
_BUDGET = "Give the call one deadline, and before each wait and each attempt look at what is left of it."


def _blame_total(calls: Calls, group: LogicalCall, took: float, at_most: float) -> None:
    __tracebackhide__ = True
    attempts = "1 attempt" if len(group) == 1 else f"{len(group)} attempts"
    fail(
        f"{group.operation} took {took:.3f} s in {attempts}; {at_most:g} s is the limit",
        calls,
        notes=[told_apart([group])],
        why=_TOTAL,
        hint=_BUDGET,
        marks={group[-1].seq: f"ends {took:.3f} s after #{group[0].seq} began"},
        groups=[group],
    )


def assert_timeout_order(*, inner: Calls, outer: Calls | float, tolerance: float | None = None) -> None:
    """Assert that the inner timeout is shorter than the outer one, so that the inner failure can still be dealt with.

    The longest wait after which the client gave up an *inner* call is shorter than the shortest after which it gave
    up an *outer* one. An inner call that is waited for still, when the outer one around it was given up, is as long.

    Args:
        inner: the calls further down, seen at the deeper fake.
        outer: the calls further up, seen at the shallower fake; or the outer timeout in seconds, where it is known.
        tolerance: how many seconds the inner one may be longer; 0 by default, since the two should be well apart.

    Raises:
        ResilienceError: the inner timeout is as long as the outer one, or longer.
        NothingToCheck: no inner call, or no outer call, was given up.

    The Netflix bug of the Filibuster corpus (Meiklejohn et al., SoCC 2021): a service waits 10 s for what its own
    caller gives 1 s.

    ```python
    import requests
    from pytest_integrations.assertions import ClientCalls, assert_timeout_order
    from pytest_integrations.faults import hang

    def test_the_inner_timeout_is_the_shorter_one(fake_rest, virtual_clock):
        fake_rest.get("/profile").reply(json={})
        fake_rest.inject(hang())

        ClientCalls(fake_rest.ledger)(requests.get, fake_rest.url + "/profile", timeout=0.1)

        assert_timeout_order(inner=fake_rest.calls, outer=1.0)
    ```

    """
    __tracebackhide__ = True
    late = 0.0 if tolerance is None else seconds("tolerance", tolerance)
    if not isinstance(outer, Calls):
        lasting("outer", outer)
    _must_not_outlast(inner, outer)
    deep = _given_up(inner, "inner")
    waits = _waits(inner)
    longest = max(deep, key=lambda call: waits[call.seq])
    if not isinstance(outer, Calls):
        shortest, of, shown = float(outer), "the outer timeout", list(inner)
    else:
        waits |= _waits(outer)
        first = min(_given_up(outer, "outer"), key=lambda call: waits[call.seq])
        shortest, of = waits[first.seq], f"the outer {first.operation} (#{first.seq})"
        shown = list({call.seq: call for call in (*inner, *outer)}.values())
    if waits[longest.seq] >= shortest + late:
        fail(
            f"the inner timeout of {longest.operation} (#{longest.seq}) is {waits[longest.seq]:.3f} s, "
            f"not shorter than {of}, {shortest:.3f} s",
            shown,
            why=_TOO_LATE,
            hint=_SHORTEN,
            marks={longest.seq: f"given up after {waits[longest.seq]:.3f} s"},
        )


def _must_not_outlast(inner: Calls, outer: Calls | float | timedelta) -> None:
    """Fail for an inner call that is waited for still, although the outer one that it was made for was given up."""
    __tracebackhide__ = True
    if not isinstance(outer, Calls) or any(_gave_up(call) for call in inner):
        return  # how long that took tells more
    left = [call for call in outer if _gave_up(call)]
    for call in inner:
        above = next((each for each in left if each.started <= call.started <= _end(each, 0.0)), None)
        if above is not None and _is_waited_for(call):
            fail(
                f"the inner {call.operation} (#{call.seq}) is waited for still, although the outer {above.operation} "
                f"(#{above.seq}) was given up after {_end(above, 0.0) - above.started:.3f} s",
                sorted((*inner, *outer), key=lambda each: each.seq),
                why=_TOO_LATE,
                hint=_SHORTEN,
                marks={call.seq: "nobody waits for what comes of it"},
            )


def _waits(calls: Calls) -> dict[int, float]:
    """Return how long each exchange lasted by number of the call, one without an end until now."""
    now = calls.ledger.now()
    return {call.seq: _end(call, now) - call.started for call in calls}


def _held(calls: Calls) -> dict[int, float]:
    """Return how long the client kept hold of attempts that it had given up, while it waited for the next one."""
    return {
        before.seq: wait - pause
        for group in logical_calls(calls)
        for (before, _), wait, pause in zip(group.retries, group.waits, group.gaps, strict=True)
        if wait is not None and pause is not None
    }


def _end(call: Call, now: float) -> float:
    """Return when *call* was over: an exchange that is held goes on for as long as its connection is open."""
    if call.end is not None:
        return call.end
    return now if call.connection.closed is None else call.connection.closed


def _is_waited_for(call: Call) -> bool:
    return call.outcome in {"open", "hung"} and call.gone is None and call.connection.closed is None


def _gave_up(call: Call) -> bool:
    return call.gone is not None and call.outcome != "answered"


def _given_up(calls: Calls, which: str) -> Sequence[Call]:
    __tracebackhide__ = True
    found = [call for call in calls if _gave_up(call)]
    if not found:
        hint = "Hold its answer back: inject(hang())"
        hint += (
            ", into the outer fake as well, or give the outer timeout itself, in seconds." if which == "outer" else "."
        )
        nothing_to_check(f"no {which} call was given up", calls, hint=hint)
    return found


def _how_it_ended(call: Call) -> str:
    if _gave_up(call):
        return "the client left"
    return "answered" if call.outcome == "answered" else "still waiting" if call.end is None else call.outcome


def _timeout_hint(call: Call) -> str:
    if call.first_byte is not None:
        return (
            "Bytes kept coming, and a read timeout begins anew with each of them: add a limit to the whole call "
            "(asyncio.timeout, a deadline checked while reading)."
        )
    if call.end is None:
        return (
            "Either the client waits on, or it gave up and kept the socket: a timeout has to close the connection, "
            "or a pool fills up with dead ones."
        )
    return "Give the call a timeout: most clients wait for ever, or for minutes, unless they are told."
