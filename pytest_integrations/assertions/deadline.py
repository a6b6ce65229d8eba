"""Whether a client passes on what is left of its deadline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError

from .evidence import fail, nothing_to_check
from .grouping import logical_calls, told_apart
from .tolerance import tolerance_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.ledger import Calls

    from .grouping import LogicalCall, Per

__all__ = ["assert_deadline_shrinks", "read_timeout"]

_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
"""Of a `grpc-timeout` header."""


def assert_deadline_shrinks(
    calls: Calls,
    *,
    header: str,
    parse: Callable[[str], float] | None = None,
    per: Per | None = None,
    tolerance: float | None = None,
) -> None:
    """Assert that each retry tells the backend what is left of the deadline, not the whole of it again.

    Within a logical call, the start of an attempt plus the seconds in its *header* is never later than that of the
    first attempt; and each attempt has the header.

    Args:
        calls: the calls to judge.
        header: the header that carries the remaining time, such as `"grpc-timeout"` or `"X-Request-Timeout"`.
        parse: from the header's text to seconds; by default `read_timeout`.
        per: what tells logical calls apart, if `logical_calls` cannot: `"header:X-Request-Id"`, or a function of a
            call.
        tolerance: how many seconds later it may be; by default 150 ms on the real clock, nothing on a virtual one.

    Raises:
        ResilienceError: a retry was given more time than was left, or no time.
        NothingToCheck: no call with the header was retried.
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
    read = parse or read_timeout
    allowed = tolerance_of(calls.ledger, tolerance).late
    groups = [group for group in logical_calls(calls, per=per) if header in group[0].headers and len(group) > 1]
    if not groups:
        nothing_to_check(
            f"no call with the header {header} was retried",
            calls,
            hint="Let the first attempt fail, inject(status(503)), and check that the client sends the header at all.",
        )
    for group in groups:
        _judge_deadline(calls, group, header, read, allowed)


def _judge_deadline(
    calls: Calls, group: LogicalCall, header: str, read: Callable[[str], float], allowed: float
) -> None:
    __tracebackhide__ = True
    given = read(group[0].headers[header])
    until = group[0].started + given
    for number, attempt in enumerate(group[1:], start=2):
        text = attempt.headers.get(header)
        left = until - attempt.started
        what = f"attempt {number} of {group.operation} (#{attempt.seq})"
        if text is None:
            verdict = f"{what} has no {header}, and {max(left, 0):.3f} s are left of {given:.3g} s"
            mark = f"no {header}"
        elif read(text) > left + allowed:
            verdict = f"{what} is given {read(text):.3g} s, and {max(left, 0):.3f} s are left of {given:.3g} s"
            mark = f"{header}: {text}; at most {max(left, 0):.3f} s"
        else:
            continue
        fail(
            verdict,
            calls,
            notes=[told_apart([group])],
            why="The backend works on for a caller that is no longer there.",
            hint="Keep the moment of the deadline, not its length, and compute the header anew for each attempt.",
            marks={attempt.seq: mark},
            groups=[group],
        )


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
