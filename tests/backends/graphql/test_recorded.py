"""What the ledger knows of an operation, and what an engine reads by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.graphql.engine import Executable, Rejected
from pytest_integrations.backends.graphql.fake import FakeGraphQL

from .conftest import SCHEMA

if TYPE_CHECKING:
    import httpx

    from .conftest import Ask


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ("{ me { name } version }", ("Query.me", "User.name", "Query.version")),
        ("{ a: me { x: name } b: me { y: name } }", ("Query.me", "User.name")),
        ("{ me { ...A email } } fragment A on User { name ...B } fragment B on User { age }",
         ("Query.me", "User.name", "User.age", "User.email")),
        ("{ me { ... { name } ... on Node { id } } }", ("Query.me", "User.name", "Node.id")),
        ("{ search { __typename ... on Post { author { id } } } }", ("Query.search", "Post.author", "User.id")),
        ("{ __typename __schema { types { name } } }", ()),
        ("{ me { ...A } users { ...A } } fragment A on User { name }", ("Query.me", "User.name", "Query.users")),
    ],
)  # fmt: skip
def test_the_fields_that_an_operation_selects(api: FakeGraphQL, ask: Ask, document: str, fields: Any) -> None:
    """By their coordinates, fragments followed, each once, in the order of the text."""
    ask(document)
    assert api.calls[0].fields == fields


def test_an_operation(api: FakeGraphQL, client: httpx.Client) -> None:
    document = 'query GetUser($id: ID!) { user(id: $id) { name } } mutation M { rename(id: 1, name: "x") { id } }'
    body = {"query": document, "operationName": "GetUser", "variables": {"id": "7"}, "extensions": {"trace": 1}}
    client.post(api.url, json=body, headers={"X-Request-Id": "r1"})

    (call,) = api.calls
    assert (call.operation, call.kind, call.name) == ("query GetUser", "query", "GetUser")
    assert (call.document, call.variables) == (document, {"id": "7"})
    assert call.operations[0].extensions == {"trace": 1}
    assert call.data == {"user": {"name": "User.name 7"}}
    assert (call.errors, call.failed, call.handled) == ((), False, True)
    assert call.request.headers["X-Request-Id"] == "r1"
    assert call.request.get_json() == body
    assert call.response.get_json() == {"data": call.data}


def test_operations_of_a_document_are_told_apart(api: FakeGraphQL, client: httpx.Client) -> None:
    document = "query A { version } query B { me { name } }"
    for name in ("A", "B", "A"):
        client.post(api.url, json={"query": document, "operationName": name})
    assert [call.fields for call in api.calls] == [
        ("Query.version",),
        ("Query.me", "User.name"),
        ("Query.version",),
    ]
    assert [list(call.data) for call in api.calls] == [["version"], ["me"], ["version"]]


def test_an_engine_reads_and_executes_by_itself() -> None:
    engine = FakeGraphQL(SCHEMA).engine
    read = engine.read({"query": "subscription S { added { title author { name } } }"})
    assert isinstance(read, Executable)
    result, causes = engine.begin(read, {"added": {"title": "t"}})
    assert (result, causes) == ({"data": {"added": {"title": "t", "author": {"name": "User.name 1.author"}}}}, ())

    wrong = engine.read({"query": "{ nothing }"})
    assert isinstance(wrong, Rejected)
    assert wrong.phase == "validate"
    assert wrong.result["errors"][0]["message"].startswith("Cannot query field 'nothing'")


def test_documents_are_not_kept_for_ever() -> None:
    engine = FakeGraphQL("type Query { a: Int }").engine
    document = engine.schema.documents.get("{ a }", engine.limits)
    assert engine.schema.documents.get("{ a }", engine.limits) is document
    for number in range(1024):
        engine.read({"query": f"{{ b{number}: a }}"})
    assert engine.schema.documents.get("{ a }", engine.limits) is not document
    long = f"{{ a {' ' * 70_000} }}"
    assert engine.schema.documents.get(long, engine.limits) is not engine.schema.documents.get(long, engine.limits)
