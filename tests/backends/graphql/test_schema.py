"""What a schema may be given as, and what is said of one that is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from graphql import GraphQLSchema, build_schema, introspection_from_schema

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.backends.graphql.schema import Schema
from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from pathlib import Path

SDL = 'type Query { "who" user(id: ID!): User }\ntype User { id: ID! name: String role: Role }\nenum Role { ADMIN }'


def _introspected() -> dict[str, Any]:
    return dict(introspection_from_schema(build_schema(SDL)))


def _ariadne() -> GraphQLSchema:
    from ariadne import EnumType, QueryType, make_executable_schema

    query = QueryType()
    query.set_field("user", lambda *_: {"name": "from ariadne's resolver"})
    schema: GraphQLSchema = make_executable_schema(SDL, query, EnumType("Role", {"ADMIN": 42}))
    return schema


SOURCES = {
    "SDL": lambda _path: SDL,
    "introspection": lambda _path: _introspected(),
    "introspection with data": lambda _path: {"data": _introspected()},
    "introspection as text": lambda _path: json.dumps({"data": _introspected()}),
    "graphql-core": lambda _path: build_schema(SDL),
    "ariadne": lambda _path: _ariadne(),
    "path of SDL": lambda path: _written(path / "a.graphqls", SDL),
    "path as text": lambda path: str(_written(path / "a.graphql", SDL)),
    "path of introspection": lambda path: _written(path / "schema.json", json.dumps(_introspected())),
}


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SOURCES)
def test_a_schema_may_be_given_as(name: str, tmp_path: Path) -> None:
    """All of them are the same schema, and none brings its resolvers along."""
    fake = FakeGraphQL(SOURCES[name](tmp_path))
    read = fake.engine.read({"query": "{ user(id: 7) { id name role } }"})
    result, causes = fake.engine.begin(read)  # type: ignore[arg-type]

    assert result == {"data": {"user": {"id": "7", "name": "User.name 7", "role": "ADMIN"}}}
    assert causes == ()


def test_strawberry() -> None:
    """A schema of strawberry is taken by the schema of graphql-core that it has."""
    pytest.importorskip("strawberry", exc_type=ImportError)  # its releases of today need graphql-core 3.3
    from tests.backends.graphql.berries import schema

    fake = FakeGraphQL(schema)
    read = fake.engine.read({"query": "{ user(id: 7) { id name role } }"})
    assert fake.engine.begin(read)[0]["data"]["user"] == {"id": "7", "name": "User.name 7", "role": "ADMIN"}  # type: ignore[arg-type]


def test_a_schema_is_parsed_once_by_its_text() -> None:
    assert Schema.of(SDL) is Schema.of(SDL)
    made = build_schema(SDL)
    assert Schema.of(made) is Schema.of(made)
    assert Schema.of(Schema.of(SDL)) is Schema.of(SDL)


def test_schemas_are_not_kept_for_ever() -> None:
    first = Schema.of("type Query { first: Int }")
    for number in range(64):
        Schema.of(f"type Query {{ a{number}: Int }}")
    assert Schema.of("type Query { first: Int }") is not first


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("type Query { user: }", r"schema: Syntax Error: Expected Name, found '}'.[\s\S]*1 \| type Query"),
        ("type Query { user: Usr }", r"schema: Unknown type 'Usr'[\s\S]*1 \| type Query { user: Usr }"),
        ("type User { id: ID }", "schema: Query root type must be provided"),
        ("type Query { a: Int }\ntype Query { b: Int }", "There can be only one type named 'Query'"),
        ("", "schema: Syntax Error: Unexpected <EOF>"),
        ("no/such/file.graphql", "schema='no/such/file.graphql' cannot be read: .*No such file"),
        ("{ not json", "the introspection result is not JSON"),
        ('{"a": 1}', "a dict with the keys 'a' is not an introspection result"),
        ({"data": {"a": 1}}, r"a dict with the keys 'data' is not an introspection result: valid are"),
        ({"__schema": {}}, "the introspection result cannot be read"),
        (7, "schema=7 is not a schema: valid are SDL text, the path of"),
    ],
)
def test_a_schema_that_is_none(source: Any, message: str) -> None:
    """It is one clear error at the line that gives it, with graphql's own words and the place."""
    with pytest.raises(ScriptingError, match=message):
        FakeGraphQL(source)


def test_a_schema_can_be_given_later() -> None:
    fake = FakeGraphQL()
    with pytest.raises(ScriptingError, match=r"fake_graphql has no schema: give it one, fake_graphql.schema\("):
        fake.type("User", {})
    assert fake.schema(SDL) is fake
    fake.type("User", {"name": "Ada"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"http_status": "strict"}, "http_status='strict' is unknown: valid are 'audit', 'draft', 'always-200'"),
        ({"unscripted": "error"}, "unscripted='error' is unknown: valid are 'data', 'fail'"),
        ({"invalid": "ok"}, "invalid='ok' is unknown: valid are 'fail', 'allow'"),
        ({"path": "graphql"}, "path='graphql' must begin with a slash"),
        ({"list_length": -1}, "list_length=-1 is not a count"),
    ],
)
def test_a_fake_that_cannot_be_made(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ScriptingError, match=message):
        FakeGraphQL(SDL, **arguments)
