"""Words for what can come of a call, so that a test can say which of them a breaker must count or ignore."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import UnknownName
from pytest_integrations.core.graphql_call import GraphQLCall

if TYPE_CHECKING:
    from pytest_integrations.core.call import Call

__all__ = ["Kind", "kind_name", "matcher"]

Kind = int | str | Callable[["Call"], object]
"""A status (`503`), a class of them (`"5xx"`), an outcome (`"timeout"`, `"reset"`, `"closed"`, `"truncated"`,
`"spoiled"`), of GraphQL what came in spite of the status (`"errors"` without data, `"partial"` data), or a function of
the call."""

_OUTCOMES: dict[str, tuple[str, ...]] = {
    "timeout": ("hung", "abandoned", "open"),  # the fake may not have seen the client leave
    "reset": ("reset",),
    "closed": ("closed",),
    "truncated": ("truncated",),
}
_RESULTS = ("errors", "partial")
_CLASSES = {"2xx": 2, "3xx": 3, "4xx": 4, "5xx": 5}


def matcher(kind: Kind) -> Callable[[Call], bool]:
    """Return what tells whether a call came to this *kind* of end; raises UnknownName for a word that is none."""
    if callable(kind):
        return lambda call: bool(kind(call))
    if isinstance(kind, int):
        return lambda call: call.outcome == "answered" and call.status == kind
    if kind in _CLASSES:
        hundred = _CLASSES[kind]
        return lambda call: call.outcome == "answered" and (call.status or 0) // 100 == hundred
    if kind in _RESULTS:
        return lambda call: call.outcome == "answered" and isinstance(call, GraphQLCall) and call.result == kind
    if kind == "spoiled":
        return lambda call: call.outcome == "answered" and call.spoiled
    if kind in _OUTCOMES:
        outcomes = _OUTCOMES[kind]
        return lambda call: call.outcome in outcomes
    what, known = "kind of answer", [*_CLASSES, "spoiled", *_RESULTS, *_OUTCOMES]
    raise UnknownName(what, kind, known, hint="A status as a number and a function of the call are good too.")


def kind_name(kind: Kind) -> str:
    """Return the word for *kind* in a verdict."""
    return getattr(kind, "__name__", type(kind).__name__) if callable(kind) else str(kind)
