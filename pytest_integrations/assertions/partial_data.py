"""Whether what came of a GraphQL operation reaches the client's caller, if not all of it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.graphql_call import GraphQLCall

from .evidence import fail, must_be_calls, nothing_to_check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.ledger import Calls

__all__ = ["assert_partial_data_preserved"]

_DEEP = 50
_SHOWN = 6
_WHY = (
    "A GraphQL answer may have errors and data: what came is good, and the caller can show it. A client that raises on "
    "any `errors` key throws away the whole page because one field of it failed."
)


def assert_partial_data_preserved(calls: Calls, seen: object, *, errors: bool = True) -> None:
    """Assert that the client hands over all the data of a partial answer, and all of its errors.

    Definition: of the last operation of *calls* whose answer has `errors` and `data` in which something is not null,
    each value that is not null is found in *seen*, as often as it was answered, and so is the message of each error
    (not with `errors=False`). *seen* is what the client gave to its caller: a value it returned, an exception that it
    raised, or a tuple of both. Values are looked for in mappings, lists, dataclasses, attributes of objects, and in the
    `args` and the cause of exceptions, by whatever name: a client may turn answers into objects of its own.

    Raises `NothingToCheck` if no answer was partial: let a field that may be null fail,
    `fake_graphql.inject(field_error("User.email"))`. Source: GraphQL specification, section 7.1 "Response format".

    ```python
    import requests
    from pytest_integrations.assertions import assert_partial_data_preserved
    from pytest_integrations.faults import field_error

    def test_a_field_that_fails_does_not_cost_the_rest(fake_graphql):
        fake_graphql.schema("type Query { user: User } type User { name: String email: String }")
        fake_graphql.inject(field_error("User.email"))

        answer = requests.post(fake_graphql.url, json={"query": "{ user { name email } }"}).json()

        assert_partial_data_preserved(fake_graphql.calls, answer)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    operations = [call for call in calls if isinstance(call, GraphQLCall)]
    partial = [call for call in operations if call.result == "partial" and call.outcome == "answered"]
    if not partial:
        what = "no answer had both data and errors" if operations else "no GraphQL operation was called"
        hint = 'Let a field fail that may be null: fake_graphql.inject(field_error("User.email")).'
        nothing_to_check(what, calls, hint=hint)
    call = partial[-1]
    found = list(_values(seen))
    missing = _missing(call, found)
    untold = _untold(call, found) if errors else []
    if not missing and not untold:
        return
    lost = [f"{path} = {value!r}" for path, value in missing]
    parts = [f"{len(lost)} of {len(_leaves(call))} values of its data"] if lost else []
    parts += [f"{len(untold)} of its {len(call.errors)} errors"] if untold else []
    verdict = f"{call.operation} #{call.seq} was answered in part, and the caller did not get {' and '.join(parts)}"
    notes = [_listed("Lost", lost), _listed("Not told", [repr(message) for message in untold])]
    notes.append(f"The caller got {_short(seen)}.")
    hint = "Hand over `data` and `errors` together, in a result or an error that has both."
    marks = {call.seq: "partial"}
    fail(verdict, calls, notes=filter(None, notes), why=_WHY, hint=hint, marks=marks)


def _leaves(call: GraphQLCall) -> list[tuple[str, object]]:
    return [leaf for result in call.results for leaf in _paths(result.get("data"), "")]


def _paths(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Find what is no object and no list and not null, with the path to it."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _paths(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _paths(each, f"{path}[{place}]")
    elif value is not None:
        yield path, value


def _missing(call: GraphQLCall, found: list[object]) -> list[tuple[str, object]]:
    """Return the leaves of the data that were not *found* as often as they were answered."""
    left = Counter(map(_identity, found))
    missing = []
    for path, value in _leaves(call):
        if left[_identity(value)]:
            left[_identity(value)] -= 1
        else:
            missing.append((path, value))
    return missing


def _identity(value: object) -> tuple[str, str]:
    """Tell values apart by type as JSON does: true is not 1, and 1.0 is 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return type(value).__name__, str(value)
    return "number", repr(float(value))


def _untold(call: GraphQLCall, found: list[object]) -> list[str]:
    texts = [value for value in found if isinstance(value, str)]
    messages = [str(error.get("message", "")) for error in call.errors]
    return [message for message in messages if not any(message in each for each in texts)]


def _values(value: object, deep: int = 0, on_the_way: frozenset[int] = frozenset()) -> Iterator[object]:
    """Find every plain value in what a client gave to its caller."""
    if value is None or isinstance(value, str | int | float | bytes):
        if value is not None:
            yield value
        return
    if deep > _DEEP or id(value) in on_the_way:
        return
    if isinstance(value, Mapping) and "message" in value and value.keys() & {"locations", "path", "extensions"}:
        yield value["message"]  # an error; the lines and places that it tells are no data
        return
    for each in _parts(value):
        yield from _values(each, deep + 1, on_the_way | {id(value)})


def _parts(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, BaseException):
        return [str(value), *_attributes(value), *_unsaid(value), value.__cause__]
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value)]
    return _attributes(value)


def _attributes(value: object) -> list[object]:
    slots = (name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()) or ())
    named = {name: getattr(value, name, None) for name in slots if isinstance(name, str)}
    return list((named | getattr(value, "__dict__", {})).values())


def _unsaid(error: BaseException) -> list[object]:
    """Return the arguments of an error that are no attributes as well, and would be counted twice."""
    kept = {id(each) for each in _attributes(error)}
    return [each for each in error.args if id(each) not in kept and not isinstance(each, str)]


def _listed(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    more = f", and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"{title}: {', '.join(lines[:_SHOWN])}{more}."


def _short(seen: object) -> str:
    text = " ".join(repr(seen).split())
    return text if len(text) <= 200 else f"{text[:200]}…"
