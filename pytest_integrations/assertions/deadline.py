"""Whether a client passes on what is left of its deadline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.grpc_call import GrpcCall

from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import logical_calls, told_apart
from .tolerance import tolerance_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

    from .grouping import LogicalCall, Per

__all__ = ["assert_deadline_shrinks", "deadline_of", "read_timeout"]

_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
"""Of a `grpc-timeout` header."""


def assert_deadline_shrinks(
    calls: Calls,
    *,
    header: str | None = None,
    parse: Callable[[str], float] | None = None,
    per: Per | None = None,
    tolerance: float | None = None,
) -> None:
    """Assert that each retry tells the backend what is left of the deadline, not the whole of it again.

    Within a logical call, the start of an attempt plus the timeout that it tells is never later than that of the
    first attempt; and each attempt tells one. gRPC calls tell it by `grpc-timeout`, which clients round up, so that a
    hundredth of what is left is allowed as well; other calls by a *header*.

    Args:
        calls: the calls to judge.
        header: the header that carries the remaining time, such as `"X-Request-Timeout"`; gRPC calls need none.
        parse: from the header's text to seconds; by default `read_timeout`.
        per: what tells logical calls apart, if `logical_calls` cannot: `"header:X-Request-Id"`, or a function of a
            call.
        tolerance: how many seconds later it may be; by default 150 ms on the real clock, nothing on a virtual one.

    Raises:
        ResilienceError: a retry was given more time than was left, or no time.
        NothingToCheck: no call that told a timeout was retried.
        ScriptingError: the header's text cannot be read as seconds.

    gRPC's deadlines (grpc.io/docs/guides/deadlines). google-api-core from 2.24.1 on hands the full timeout out again
    when less than a second is left, by design, and is flagged.

    ```python
    import requests
    from pytest_integrations.assertions import assert_deadline_shrinks
    from pytest_integrations.faults import status

    def test_the_retry_has_less_time(fake_rest):
        fake_rest.get("/stock").reply(json={"left": 3})
        fake_rest.inject(status(503))

        for left in ("1.5", "0.5"):
            requests.get(fake_rest.url + "/stock", headers={"X-Timeout": left}, timeout=5)

        assert_deadline_shrinks(fake_rest.calls, header="X-Timeout")
    ```

    """
    __tracebackhide__ = True
    must_be_calls(calls)
    what = header or "grpc-timeout"
    allowed = tolerance_of(calls.ledger, tolerance).late
    found = [(group, deadline_of(group[0], header, parse)) for group in logical_calls(calls, per=per) if len(group) > 1]
    judged = [(group, until) for group, until in found if until is not None]
    if not judged:
        nothing_to_check(
            f"no call with {what} was retried",
            calls,
            hint="Let the first attempt fail, inject(status(503)), and check that the client sends it at all.",
        )
    for group, until in judged:
        for attempt in group[1:]:
            told, left = deadline_of(attempt, header, parse), max(0.0, until - attempt.started)
            rounded_up = left / 100 if header is None else 0.0
            if told is None or told > until + allowed + rounded_up:
                given = None if told is None else told - attempt.started
                _fail(calls, group, attempt, until, f"no {what}" if given is None else f"{what}: {given:.3g} s")


def _fail(calls: Calls, group: LogicalCall, attempt: Call, until: float, told: str) -> NoReturn:
    __tracebackhide__ = True
    left, whole = max(0.0, until - attempt.started), until - group[0].started
    number = group.attempts.index(attempt) + 1
    fail(
        f"attempt {number} of {group.operation} (#{attempt.seq}) has {told}, "
        f"and {left:.3f} s are left of {whole:.3g} s",
        calls,
        notes=[told_apart([group])],
        why="The backend works on for a caller that is no longer there.",
        hint="Keep the moment of the deadline, not its length, and compute the timeout anew for each attempt.",
        marks={attempt.seq: f"{told}; at most {left:.3f} s"},
        groups=[group],
    )


def deadline_of(call: Call, header: str | None, parse: Callable[[str], float] | None = None) -> float | None:
    """Return when *call*'s client gives up, in the ledger's seconds, as it told; None if it told nothing."""
    if header is None:
        return call.deadline if isinstance(call, GrpcCall) else None
    text = call.headers.get(header)
    return None if text is None else call.started + (parse or read_timeout)(text)


def read_timeout(text: str) -> float:
    """Return the seconds that a header's *text* tells: a number of seconds, or a gRPC timeout such as `"100m"`.

    Raises:
        ScriptingError: it is neither; give `parse=`.

    >>> read_timeout("1.5"), read_timeout("100m"), read_timeout("2S")
    (1.5, 0.1, 2.0)
    """
    grpc = re.fullmatch(r"(\d{1,8})([HMSmun])", text.strip())
    if grpc:
        return int(grpc[1]) * _UNITS[grpc[2]]
    if re.fullmatch(r"\d+(\.\d*)?|\.\d+", text.strip()):
        return float(text)
    msg = f"{text!r} is not a number of seconds nor a gRPC timeout (100m, 2S): give parse=, from the text to seconds"
    raise ScriptingError(msg)
