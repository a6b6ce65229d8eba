"""How often the client tried."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError

from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import KEY_HEADER, RENEWED_KEYS, is_success, logical_calls, over, renew_their_key, told_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.ledger import Calls

    from .grouping import LogicalCall, Per

__all__ = ["assert_attempts"]


def assert_attempts(
    calls: Calls,
    *,
    exactly: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    per: Per | None = None,
) -> None:
    """Assert how many attempts the client made for each logical call.

    Definition: every logical call in *calls* has *exactly* so many attempts, or *at_least*, or *at_most*, or a
    number between the two. Attempts are 1 and the retries: a client that "retries 3 times" makes 4. Every request
    counts, also those that a library below the client repeats on its own (urllib3 up to 3 times, aiohttp once on a
    connection that dropped), and so does every connection that a fault spoilt before there was a request.
    Connections that were only opened do not.

    Raises `NothingToCheck` if the numbers are as asked, but no attempt failed: then a client without retries passes
    too. Source: Gremlin's HasBoundedRetries (ICDCS 2016), which counts retries; resilience4j's maxAttempts counts
    attempts.

    ```python
    import urllib.error, urllib.request
    from pytest_integrations.faults import status

    def test_the_client_tries_three_times(fake_rest):
        fake_rest.get("/users").reply(json=[])
        fake_rest.inject(status(503), status(503))

        for attempt in range(5):
            try:
                urllib.request.urlopen(fake_rest.url + "/users").close()
                break
            except urllib.error.HTTPError:
                continue

        assert_attempts(fake_rest.calls, exactly=3)
        assert_attempts(fake_rest.calls, at_most=5)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    wanted = _wanted(exactly, at_least, at_most)
    groups = logical_calls(calls, per=per)
    if not groups:
        nothing_to_check("no call was made", calls, hint="Is the client under test given the URL of the fake?")
    broken = [group for group in groups if not wanted.allows(group)]
    if broken:
        _fail(calls, groups, broken, wanted)
    if all(is_success(call) for call in calls):
        nothing_to_check(
            f"no attempt failed, and then a client that cannot retry makes {wanted} as well",
            calls,
            groups=groups,
            hint="Script a failure: fake_rest.inject(status(503)).",
        )


def attempts(number: float) -> str:
    """Return the words for a number of attempts.

    >>> attempts(1), attempts(3)
    ('1 attempt', '3 attempts')
    """
    return f"{number} attempt{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How many attempts are right."""

    low: float
    high: float

    def allows(self, group: LogicalCall) -> bool:
        return self.low <= len(group) <= self.high

    def __str__(self) -> str:
        if self.low == self.high:
            return f"exactly {attempts(self.low)}"
        if math.isinf(self.high):
            return f"at least {attempts(self.low)}"
        return f"at most {attempts(self.high)}" if self.low == 1 else f"{self.low} to {attempts(self.high)}"


def _wanted(exactly: int | None, at_least: int | None, at_most: int | None) -> _Wanted:
    for name, value in (("exactly", exactly), ("at_least", at_least), ("at_most", at_most)):
        if value is not None and not _is_number(value):
            msg = f"{name}={value!r} is not a number of attempts: valid are whole numbers from 1 on (1 and the retries)"
            raise ScriptingError(msg)
    if (exactly is None) == (at_least is None and at_most is None):
        msg = "say how many attempts are right: exactly=, or else at_least=, at_most= or both"
        raise ScriptingError(msg)
    if exactly is not None:
        return _Wanted(exactly, exactly)
    wanted = _Wanted(at_least or 1, at_most or math.inf)
    if wanted.low > wanted.high:
        msg = f"at_least={at_least} is more than at_most={at_most}: no client can do that"
        raise ScriptingError(msg)
    return wanted


def _is_number(value: object) -> bool:
    """Tell whether *value* is a whole number from 1 on."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 1 and not value % 1


def _fail(calls: Calls, groups: Sequence[LogicalCall], broken: Sequence[LogicalCall], wanted: _Wanted) -> None:
    __tracebackhide__ = True
    first = broken[0]
    healthy = ", which succeeded" if first.succeeded and len(first) < wanted.low else ""
    others = (
        f" ({len(broken)} of {len(groups)} logical calls {'is' if len(broken) == 1 else 'are'} wrong)"
        if len(groups) > 1
        else ""
    )
    why, hint = _too_few(calls, first) if len(first) < wanted.low else _too_many(first)
    fail(
        f"expected {wanted} of {first.operation}, saw {len(first)}{healthy}{others}",
        [call for group in broken for call in group],
        groups=broken,
        why=why,
        hint=hint,
        footnote=told_apart(groups),
    )


def _too_few(calls: Calls, group: LogicalCall) -> tuple[str, str]:
    last = group[-1]
    if KEY_HEADER in last.headers and renew_their_key(calls):
        return RENEWED_KEYS
    if any(_came_too_soon(group, other) for other in logical_calls(calls)):
        return (
            f"A call like it came while #{last.seq} was still open, and so was not taken for its retry.",
            "If it is one, put `with fake_rest.logical_call():` around the call.",
        )
    if group.succeeded:
        return "A call that succeeds is not tried again.", "Script as many failures as retries are expected: times=."
    seen = [call.verdict for call in group[:-1] if call.verdict != last.verdict]
    if len(group) > 1 and not seen:
        return (
            f"The client tried again, and gave up after attempt {len(group)}.",
            "Attempts are 1 and the retries: the limit that the client was given may count only one of the two.",
        )
    retried = f"The client tried again after {' and '.join(dict.fromkeys(seen))}, but" if seen else "The client did"
    unsafe = last.operation.partition(" ")[0] in {"POST", "PATCH"}
    return (
        f"{retried} not{'' if seen else ' try again'} after {last.verdict}.",
        "urllib3 and requests do not retry POST and PATCH unless allowed_methods names them."
        if unsafe and not seen
        else "A client that retries one kind of failure but not another usually catches too few exceptions.",
    )


def _came_too_soon(group: LogicalCall, other: LogicalCall) -> bool:
    last, end = group[-1], over(group[-1])
    is_like = (other[0].operation, other[0].body) == (last.operation, last.body)
    return other[0].seq > last.seq and is_like and not is_success(last) and (end is None or end > other[0].started)


def _too_many(group: LogicalCall) -> tuple[str, str]:
    done = next((before for before, _ in group.retries if is_success(before)), None)
    if done is not None:
        return (
            f"#{done.seq} had succeeded, and the same was asked again.",
            "Look for a wrapper that makes the call twice. If the calls are separate ones, say so: see the note below.",
        )
    why = "Every attempt beyond the limit adds to the load of a backend that is already failing."
    if group.operation == "connect":
        return why, "None came as far as a request: connection errors have a limit of their own in many clients."
    return why, (
        "Retries multiply: look for a second layer below that retries (urllib3 3 times, redis-py 10 times by default, "
        "aiohttp once on a dropped connection), and for a limit that counts retries instead of attempts."
    )
