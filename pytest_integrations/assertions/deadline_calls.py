"""Whether calls end with the deadline of whoever waits for them: told to the backend, kept, and cancelled at last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.call import CONNECT
from pytest_integrations.core.when import seconds

from .deadline import deadline_of
from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import is_success, logical_calls, over, told_apart
from .tolerance import tolerance_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls, Ledger

    from .grouping import Per

__all__ = ["assert_cancels", "assert_deadline_propagated", "assert_no_attempt_after_deadline"]

_WORKS_ON = "A backend that is not told works on for a caller that is no longer there, and so do those behind it."
_LOOK = 0.002
"""Seconds between two looks at whether a client has left."""
_HINT = "Give a call a timeout: stub.Get(request, timeout=seconds)."


def _requests(calls: Calls) -> list[Call]:
    return [call for call in calls if call.operation != CONNECT]


def assert_deadline_propagated(
    calls: Calls,
    *,
    within: float | timedelta,
    since: float = 0.0,
    header: str | None = None,
    parse: Callable[[str], float] | None = None,
    tolerance: float | None = None,
) -> None:
    """Assert that every call tells its backend a deadline, and none later than that of whoever waits for it.

    Definition: each call carries a timeout, and its start plus that timeout is not later than *since* (when the
    caller's own time began, in the ledger's seconds) plus *within* (how much it had). gRPC calls tell it by
    `grpc-timeout`; of others *header* is what tells it, read by *parse* (`read_timeout`). *tolerance* is how many
    seconds later it may be: by default 150 ms on the real clock, nothing on a virtual one; gRPC clients round up to
    the next unit of at most 8 digits, so that a hundredth of what is left is allowed as well.

    Raises `NothingToCheck` if there was no call. Source: grpc.io/docs/guides/deadlines, "Deadline propagation".

    ```python
    import requests

    def test_the_backend_is_told_how_long_there_is(fake_rest):
        fake_rest.get("/stock").reply(json={"left": 3})

        requests.get(fake_rest.url + "/stock", headers={"X-Timeout": "1.5"}, timeout=1.5)

        assert_deadline_propagated(fake_rest.calls, within=2, header="X-Timeout")
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    length = seconds("within", within)
    until, allowed = seconds("since", since) + length, tolerance_of(calls.ledger, tolerance).late
    requests = _requests(calls)
    if not requests:
        nothing_to_check("no call was made", calls, hint="Call something that calls the backend.")
    what = header or "grpc-timeout"
    for call in requests:
        told, left = deadline_of(call, header, parse), max(0.0, until - call.started)
        if told is None:
            verdict = f"{call.operation} #{call.seq} has no {what}, and {left:.3f} s were left of {length:.3g} s"
            mark = f"no {what}"
        elif told > until + allowed + left / 100:
            given = told - call.started
            verdict = (
                f"{call.operation} #{call.seq} is given {given:.3g} s, and {left:.3f} s were left of {length:.3g} s"
            )
            mark = f"at most {left:.3f} s"
        else:
            continue
        hint = "Keep the moment of the deadline, and give each call what is left of it: context.time_remaining()."
        fail(verdict, calls, why=_WORKS_ON, hint=hint, marks={call.seq: mark})


def assert_no_attempt_after_deadline(
    calls: Calls,
    *,
    header: str | None = None,
    parse: Callable[[str], float] | None = None,
    per: Per | None = None,
    tolerance: float | None = None,
) -> None:
    """Assert that nothing is tried again once the deadline of the logical call has passed.

    Definition: within a logical call no attempt starts later than the first one's start plus its timeout, told as in
    `assert_deadline_propagated`; *per* is that of `logical_calls`. Raises `NothingToCheck` if no call with a deadline
    failed, so that none could have been tried again.

    The usual bug is a retry loop that counts attempts and not time. Source: gRFC A6, "the deadline applies to the
    whole call, retries included".

    ```python
    import requests
    from pytest_integrations.faults import status

    def test_it_stops_in_time(fake_rest):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(status(503))

        for left in ("1.5", "1.4"):
            requests.get(fake_rest.url + "/stock", headers={"X-Timeout": left}, timeout=5)

        assert_no_attempt_after_deadline(fake_rest.calls, header="X-Timeout")
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    allowed = tolerance_of(calls.ledger, tolerance).late
    judged = False
    for group in logical_calls(calls, per=per):
        first = next((call for call in group if call.operation != CONNECT), group[0])
        until = deadline_of(first, header, parse)
        judged = judged or (until is not None and not is_success(first))
        late = next((call for call in group if until is not None and call.started > until + allowed), None)
        if late is not None and until is not None:
            fail(
                f"{group.operation} was tried again {late.started - until:.3f} s after its deadline (#{late.seq})",
                calls,
                why="Nobody waits for the answer any more; the attempt is load for nothing.",
                hint="Ask before each attempt, and before each pause, whether there is time left.",
                marks={late.seq: f"the deadline of #{first.seq} passed at {until:.3f} s"},
                groups=[group],
                footnote=told_apart([group]),
            )
    if not judged:
        nothing_to_check("no call with a deadline failed", calls, hint=f"{_HINT} Let the first attempt fail.")


def assert_cancels(
    calls: Calls,
    *,
    header: str | None = None,
    parse: Callable[[str], float] | None = None,
    tolerance: float | None = None,
) -> None:
    """Assert that the client ends at its deadline what the backend has not answered by then.

    Definition: each call that was not over at its deadline was ended by its client then: cancelled (RST_STREAM of
    gRPC), or its connection closed. *tolerance* is how many seconds later it may be: by default 150 ms on the real
    clock, nothing on a virtual one. Deadlines are told as in `assert_deadline_propagated`.

    Raises `NothingToCheck` if every call was over before its deadline: let one hang, `inject(hang())`, and look when
    the deadline has passed.

    ```python
    import pytest, requests
    from pytest_integrations.faults import hang

    def test_it_hangs_up(fake_rest, virtual_clock):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(hang())

        with pytest.raises(requests.ReadTimeout):
            requests.get(fake_rest.url + "/stock", headers={"X-Timeout": "0.1"}, timeout=0.1)

        assert_cancels(fake_rest.calls, header="X-Timeout")
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    allowed = tolerance_of(calls.ledger, tolerance).late
    told = [(call, deadline_of(call, header, parse)) for call in _requests(calls)]
    _let_them_leave(calls.ledger, [(call, until) for call, until in told if until is not None], allowed)
    now = calls.ledger.now()
    judged = False
    for call, until in told:
        if until is None or (call.ended is not None and call.ended <= until and call.gone is None):
            continue
        left = call.gone if call.gone is not None else over(call) if getattr(call, "cancelled", False) else None
        if (left is None and until > now) or (left is not None and left < until - allowed):
            continue  # it has time yet, or had its own reasons, earlier
        judged = True
        if left is None or left > until + allowed:
            when = "and was not ended by its client" if left is None else f"and was ended {left - until:.3f} s later"
            fail(
                f"{call.operation} #{call.seq} had a deadline at {until:.3f} s {when}",
                calls,
                why=_WORKS_ON,
                hint="Cancel the call when its caller has left: future.cancel(), or close the connection.",
                marks={call.seq: f"its deadline passed at {until:.3f} s"},
            )
    if not judged:
        nothing_to_check(
            "every call was over before its deadline", calls, hint=f"{_HINT} Let one hang: inject(hang())."
        )


def _let_them_leave(ledger: Ledger, told: list[tuple[Call, float]], allowed: float) -> None:
    """Wait while one whose deadline has passed may still leave in time: some tell their caller first."""
    while any(call.ended is call.gone is None and until <= ledger.now() < until + allowed for call, until in told):
        ledger.clock.sleep(_LOOK)
        ledger.settle()
