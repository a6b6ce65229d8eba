"""What must not be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.graphql_call import GraphQLCall

from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import logical_calls, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

    from .grouping import Per

__all__ = ["CLIENT_ERRORS", "assert_not_retried"]

CLIENT_ERRORS = tuple(status for status in range(400, 500) if status not in {408, 425, 429})
"""The 4xx that the same request would get again: all but Request Timeout, Too Early and Too Many Requests."""


def assert_not_retried(
    calls: Calls, *, after: int | str | Iterable[int | str] = CLIENT_ERRORS, per: Per | None = None
) -> None:
    """Assert that the client does not try again *after* outcomes that another attempt cannot better.

    Definition: in every logical call, no attempt with one of these outcomes is followed by another attempt. *after*
    is one outcome or several: a status (404), the code of a refusal ("OOM", "OverLimit"), the name of a fault as it is
    scripted ("truncated_body"), or how the exchange ended ("reset", "closed", "truncated", "hung", "abandoned",
    "spoiled"). Not given, it is each client error: the 4xx but 408, 425 and 429, and GraphQL errors that are the
    request's own fault, such as "UNAUTHENTICATED", whatever the status. A 401 followed by the same request with other
    credentials, a cookie among them, is a login, not a retry; and a 412 followed by one with another If-Match is an
    update of what has been read anew.

    Raises `NothingToCheck` if no attempt had such an outcome. Source: RFC 9110 section 15.5, "the client seems to
    have erred"; AWS SDKs and gRPC retry none of these.

    ```python
    import urllib.error, urllib.request
    from pytest_integrations.faults import status

    def test_a_missing_user_is_asked_for_once(fake_rest):
        fake_rest.get("/users/1").reply(404)

        try:
            urllib.request.urlopen(fake_rest.url + "/users/1")
        except urllib.error.HTTPError as error:
            assert error.code == 404

        assert_not_retried(fake_rest.calls, after=404)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    wanted = {after} if isinstance(after, int | str) else set(after)
    if not wanted:
        msg = "after= is empty: name at least one status, outcome or fault"
        raise ScriptingError(msg)
    groups = logical_calls(calls, per=per)
    met = [(group, call) for group in groups for call in group if _outcomes(call) & wanted]
    broken = [(group, call) for group, call in met if call is not group[-1]]
    if broken:
        group, call = broken[0]
        others = f" ({len(broken)} of {len(met)} such answers were)" if len(met) > 1 else ""
        shown = list({id(group): group for group, _ in broken}.values())
        fail(
            f"{group.operation} was tried again after {call.verdict}, which must not be retried{others}",
            [call for group in shown for call in group],
            groups=shown,
            marks={call.seq: "must be the last attempt" for _, call in broken},
            footnote=told_apart(shown),
            why="The same request gets the same answer: the retries cost time and load, and hide the error.",
            hint="Retry by a list of what passes (connection errors, 408, 429, 502, 503, 504), not on every error."
            if call.status in CLIENT_ERRORS
            else f"Take {call.verdict} out of what the client retries.",
        )
    if not met:
        nothing_to_check(
            f"no attempt ended in {_listed(wanted)}",
            calls,
            groups=groups,
            hint="Script one: fake_rest.inject(status(404)).",
        )


def _outcomes(call: Call) -> set[int | str]:
    """Return all that *call*'s outcome can be called."""
    names: set[int | str] = {call.outcome}
    if call.outcome == "answered":
        words = call.verdict.split()  # of what has no status: the code of its refusal, or "ok"
        names = {call.status if call.status is not None else "".join(words[:1]), *words[1:]}
    if isinstance(call, GraphQLCall) and call.denied and not call.failed:
        names.add(400)  # what would be its status, if errors had one
    return names | ({call.fault.name} if call.fault is not None else set())


def _listed(wanted: set[int | str]) -> str:
    if wanted == set(CLIENT_ERRORS):
        return "a client error (4xx but 408, 425, 429)"
    return " or ".join(sorted(map(str, wanted)))
