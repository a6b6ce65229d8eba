"""Whatever valid document a client sends: it is answered, with what it selects and nothing else, always alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
from graphql import (
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_integrations.backends.graphql.schema import Schema

from .conftest import SCHEMA

if TYPE_CHECKING:
    from pytest_integrations.backends.graphql.fake import FakeGraphQL

TYPES = Schema.of(SCHEMA).graphql.type_map
ARGUMENTS = {"ID!": '"{}"', "Int!": "{}", "String": '"{}"', "String!": '"{}"'}


@st.composite
def selections(draw: st.DrawFn, name: str, depth: int) -> list[dict[str, Any]]:
    """Draw what is selected of the type *name*: fields with aliases of their own, and fragments on its types."""
    kind = TYPES[name]
    chosen: list[dict[str, Any]] = [{"key": "t" + str(depth), "field": "__typename", "of": None}]
    fields = [
        (field, each)
        for field, each in getattr(kind, "fields", {}).items()
        if depth or is_leaf_type(get_named_type(each.type))
    ]
    for number, (field, each) in enumerate(draw(st.lists(st.sampled_from(fields), max_size=4)) if fields else ()):
        inner = get_named_type(each.type)
        chosen.append(
            {
                "key": f"a{depth}_{number}",
                "field": field,
                "arguments": [
                    f"{argument}: {ARGUMENTS[str(spec.type)].format(draw(st.integers(0, 99)))}"
                    for argument, spec in each.args.items()
                    if is_required_argument(spec) or draw(st.booleans())
                ],
                "type": each.type,
                "of": None if is_leaf_type(inner) else draw(selections(inner.name, depth - 1)),
            }
        )
    if is_abstract_type(kind) and depth:
        for possible in ("User", "Post"):
            part = draw(selections(possible, depth - 1))
            for each in part:
                each["key"] = f"{possible}_{each['key']}"
            chosen.append({"on": possible, "of": part})
    return chosen


def _text(chosen: list[dict[str, Any]]) -> str:
    parts = []
    for each in chosen:
        inner = f" {_text(each['of'])}" if each["of"] else ""
        if "on" in each:
            parts.append(f"... on {each['on']}{inner}")
        else:
            arguments = f"({', '.join(each['arguments'])})" if each.get("arguments") else ""
            parts.append(f"{each['key']}: {each['field']}{arguments}{inner}")
    return "{ " + " ".join(parts) + " }"


def _check(value: Any, kind: Any, chosen: list[dict[str, Any]] | None) -> None:
    """Check that *value* is one of the *kind*, with what was *chosen* of it and no more."""
    if value is None:
        assert not is_non_null_type(kind)
        return
    kind = get_nullable_type(kind)
    if is_list_type(kind):
        for each in value:
            _check(each, kind.of_type, chosen)
    elif is_enum_type(kind):
        assert value in kind.values
    elif is_leaf_type(kind):
        assert kind.serialize(value) == value
    else:
        assert chosen is not None
        _check_object(value, kind, chosen)


def _check_object(value: dict[str, Any], kind: Any, chosen: list[dict[str, Any]]) -> None:
    own = value[chosen[0]["key"]]  # its `__typename`
    expected: dict[str, dict[str, Any]] = {}
    for each in chosen:
        if "on" not in each:
            expected[each["key"]] = each
        elif each["on"] == own:
            expected |= {part["key"]: part for part in each["of"]}
    assert list(value) == list(expected)
    for key, each in expected.items():
        if each["field"] == "__typename":
            assert value[key] == own
            assert own in TYPES
        else:
            _check(value[key], each["type"], each["of"])


@given(chosen=selections("Query", 4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_query(api: FakeGraphQL, chosen: list[dict[str, Any]]) -> None:
    """By POST it is executed, then found ready; by GET it is the same; nothing fails the test."""
    document = _text(chosen)
    with httpx.Client(trust_env=False, timeout=10) as client:
        answers = [
            client.post(api.url, json={"query": document}),
            client.post(api.url, json={"query": document}),
            client.get(api.url, params={"query": document}),
        ]
    results = [answer.json() for answer in answers]

    assert "errors" not in results[0], results[0]
    _check_object(results[0]["data"], TYPES["Query"], chosen)
    assert results[1] == results[0] == results[2]
    assert json.dumps(results[0]) == json.dumps(results[1])  # the order of the fields, too
    assert api.ledger.untold() == []
