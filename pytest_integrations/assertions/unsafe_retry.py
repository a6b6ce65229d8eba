"""Whether the client repeats what may have been done already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.call import CONNECT

from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import KEY_HEADER, is_success, logical_calls, told_apart
from .idempotency_key import by_intent, is_idempotent, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

    from .grouping import LogicalCall, Per

__all__ = ["REFUSALS", "assert_no_unsafe_retry"]

REFUSALS = (*range(400, 500), 503)
"""The statuses by which a backend says that it did not do what was asked."""

_CONDITIONS = ("If-Match", "If-None-Match", "If-Unmodified-Since")
"""With one of these the second attempt is refused if the first was applied (RFC 9110 section 13.1)."""


def assert_no_unsafe_retry(
    calls: Calls,
    *,
    idempotent: Iterable[str] = (),
    key_header: str = KEY_HEADER,
    refusals: Iterable[int] = REFUSALS,
    per: Per | None = None,
) -> None:
    """Assert that the client repeats nothing that would be done twice.

    Definition: no call whose method is not idempotent (POST, PATCH, and all but GET, HEAD, OPTIONS, TRACE, PUT,
    DELETE and QUERY) is tried again, unless all attempts carry the same *key_header* or a condition such as
    If-Match, or unless each earlier attempt is known not to have been processed: its connection was spoilt before
    there was a request, or it was answered with one of *refusals* (4xx, 503) and no fault let the handler run
    before. After a 500, 502 or 504, a reset, a timeout or a broken answer the client cannot know.

    *idempotent* names operations ("POST /search") and methods that may be repeated although they look unsafe. Raises
    `NothingToCheck` if no such call failed in a way that leaves it open whether it was applied. Source: RFC 9110
    section 9.2.2. The fault to try it with is `lost_response()`: the handler runs, and the client sees a reset.

    ```python
    import http.client, urllib.request
    from pytest_integrations.faults import connection_reset

    def test_a_charge_is_not_sent_twice(fake_rest):
        fake_rest.post("/charges").reply(201)
        fake_rest.inject(connection_reset())

        try:
            urllib.request.urlopen(fake_rest.url + "/charges", data=b"100")
        except OSError:
            pass  # a client that tried again here would charge twice

        assert_no_unsafe_retry(fake_rest.calls)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    declared, refused = set(idempotent), set(refusals)
    groups = logical_calls(calls, per=per) if per is not None else by_intent(calls, key_header)
    at_stake = [group for group in groups if not is_idempotent(group, declared)]
    unknown = [group for group in at_stake if _first_doubt(group, refused) is not None]
    for group in unknown:
        doubt = _first_doubt(group, refused)
        if doubt is not None and doubt is not group[-1] and not _is_guarded(group, key_header):
            _fail(group, doubt, key_header)
    if not unknown:
        what = "no call that is unsafe to repeat failed so that it may have been applied"
        if not at_stake:
            what = "all calls are idempotent" if groups else "no call was made"
        hint = "Let a POST or PATCH fail half-way: fake_rest.inject(lost_response())."
        nothing_to_check(what, calls, groups=groups, hint=hint)


def _first_doubt(group: LogicalCall, refused: set[int]) -> Call | None:
    """Return the first attempt that failed and may have been applied."""
    return next((call for call in group if not is_success(call) and not _is_known_unprocessed(call, refused)), None)


def _is_known_unprocessed(call: Call, refused: set[int]) -> bool:
    if call.operation == CONNECT:
        return True
    if call.unprocessed:
        return not call.handled
    # A handler that answers 503 itself has refused; one that ran before a fault put a 503 over its answer has not.
    is_refused = call.outcome == "answered" and call.status in refused
    return is_refused and not (call.handled and call.fault is not None)


def _is_guarded(group: LogicalCall, key_header: str) -> bool:
    requests = [call for call in group if call.operation != CONNECT]
    keys = {key_of(call, key_header) for call in requests}
    return (len(keys) == 1 and None not in keys) or all(
        any(name in call.headers for name in _CONDITIONS) for call in requests
    )


def _fail(group: LogicalCall, doubt: Call, key_header: str) -> None:
    __tracebackhide__ = True
    retry = group[list(group).index(doubt) + 1]
    keys = {key_of(call, key_header) for call in group if call.operation != CONNECT}
    without = f"without an {key_header}" if None in keys else f"with another {key_header}"
    applied = "had been applied" if doubt.handled else "may have been applied"
    fail(
        f"{group.operation} was sent again {without} after #{doubt.seq} ({doubt.verdict}), which {applied}",
        group,
        groups=[group],
        marks={
            doubt.seq: "applied: the handler ran, and the client could not know"
            if doubt.handled
            else "the handler did not run, but the client could not know",
            retry.seq: "unsafe: done twice if the attempt before was applied",
        },
        footnote=told_apart([group]),
        why="RFC 9110 section 9.2.2: a client must not repeat by itself what is not idempotent, unless it knows that "
        "it was not applied. What is applied twice is charged twice.",
        hint=f"Send the same {key_header} with each attempt, or retry only what was refused (429, 503, no connection). "
        f"If it may be repeated, say idempotent=[{group.operation!r}].",
    )
