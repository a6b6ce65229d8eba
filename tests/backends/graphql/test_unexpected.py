"""What fails a test by itself, what is said then, and how a test says that it is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.core.errors import UnexpectedCall

from .conftest import SCHEMA, told

if TYPE_CHECKING:
    from .conftest import Ask


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("query Q { me { nam } }", "Cannot query field 'nam' on type 'User'. Did you mean 'name'?"),
        ("query Q { me { name }", "Syntax Error: Expected Name, found <EOF>."),
        ("query Q { user { name } }", "of type 'ID!' is required, but it was not provided"),
        ("query Q($id: ID!) { user(id: $id) { name } }", "$id"),
        ("query A { version } query B { version }", "Must provide operation name"),
        ("fragment F on User { name }", "Fragment 'F' is never used."),
        ("", "Syntax Error: Unexpected <EOF>."),
    ],
)
def test_an_operation_that_is_not_valid(api: FakeGraphQL, ask: Ask, document: str, message: str) -> None:
    """Its client gets the errors and no data, and the test fails, even if the client has swallowed that."""
    result = ask(document, fails=True)

    assert "data" not in result
    assert message in result["errors"][0]["message"]
    with pytest.raises(UnexpectedCall) as raised:
        api.verify()
    assert message in str(raised.value)
    assert "is not valid:" in str(raised.value)
    assert "make the fake with invalid='allow'" in str(raised.value)


def test_what_is_said_names_the_operation_and_the_place(api: FakeGraphQL, ask: Ask) -> None:
    ask("query GetUser {\n  me { nam }\n  usr { id }\n}", fails=True)

    (text,) = told(api)
    assert text == (
        "api: query GetUser is not valid:\n"
        "  Cannot query field 'nam' on type 'User'. Did you mean 'name'? (line 2, column 8)\n"
        "  Cannot query field 'usr' on type 'Query'. Did you mean 'user', 'sum', or 'users'? (line 3, column 3)\n"
        "  (a client that is meant to send this: make the fake with invalid='allow')"
    )
    assert api.calls[0].operation == "query GetUser"


def test_invalid_operations_may_be_allowed() -> None:
    with FakeGraphQL(SCHEMA, invalid="allow") as api:
        result = httpx.post(api.url, json={"query": "{ nothing }"}, trust_env=False).json()
        assert httpx.get(api.url, trust_env=False).status_code == 400
    assert "Cannot query field 'nothing'" in result["errors"][0]["message"]


def test_another_path(api: FakeGraphQL, client: httpx.Client) -> None:
    """It is a 404 that names the path and the right one, however much is allowed."""
    api.invalid = "allow"
    answer = client.post(f"{api.url}/v2", json={"query": "{ version }"})

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["message"] == "api: nothing answers POST /graphql/v2: it answers at /graphql"
    assert len(told(api)) == 1
    assert api.calls[0].kind == "request"


def test_no_schema() -> None:
    with FakeGraphQL() as fake:
        assert httpx.post(fake.url, json={"query": "{ a }"}, trust_env=False).status_code == 404
        assert told(fake) == [
            "fake_graphql has no schema: give it one before it is asked, fake_graphql.schema('type Query { … }')"
        ]


# -- what nobody has scripted


@pytest.fixture
def strict() -> Any:
    with FakeGraphQL(SCHEMA, "api", unscripted="fail") as fake:
        yield fake


def _ask(fake: FakeGraphQL, document: str, **variables: Any) -> Any:
    answer = httpx.post(fake.url, json={"query": document, "variables": variables}, trust_env=False)
    assert answer.status_code == 200
    return answer.json()


def test_unscripted_operations_may_fail_the_test(strict: FakeGraphQL) -> None:
    """It is told which rules came nearest, and what was otherwise."""
    get_user = "query GetUser($id: ID!) { user(id: $id) { name } }"
    assert "write: api.query('GetUser').reply" in _ask(strict, get_user, id="1")["errors"][0]["message"]
    strict.query("GetUser", variables={"id": "7"}).reply({"user": {"name": "Ada"}})
    strict.query("GetUsers").reply({"users": []})
    strict.mutation("GetUser").reply({})
    strict.query("Else")
    result = _ask(strict, get_user, id="8")

    assert result["errors"][0]["extensions"] == {"code": "UNSCRIPTED"}
    assert told(strict)[1] == (
        "api: nothing was scripted for query GetUser\n"
        "  nearest:\n"
        "    query GetUser: variable id is '8', expected '7'\n"
        "    mutation GetUser: it is a query, expected a mutation\n"
        "    query GetUsers: its name is 'GetUser'\n"
        "    ... of 4 rules"
    )
    assert _ask(strict, get_user, id="7") == {"data": {"user": {"name": "Ada"}}}


def test_what_has_a_resolver_is_scripted(strict: FakeGraphQL) -> None:
    strict.resolve("Query.version", "1").resolve("Query.me", {"name": "Ada"})

    assert _ask(strict, "{ version me { name } }") == {"data": {"version": "1", "me": {"name": "Ada"}}}
    assert "errors" in _ask(strict, "{ version users { name } }")
    assert len(told(strict)) == 1


def test_a_rule_without_a_reply_scripts_nothing(strict: FakeGraphQL) -> None:
    strict.query("Q")
    assert "query Q: it has no reply" in _ask(strict, "query Q { version }")["errors"][0]["message"]
    assert told(strict)


def test_what_a_predicate_raises_fails_the_test(api: FakeGraphQL, client: httpx.Client) -> None:
    api.query("Q", where=lambda operation: operation.nothing).reply({})  # type: ignore[attr-defined]
    assert client.post(api.url, json={"query": "query Q { version }"}).status_code == 500
    assert "raised AttributeError" in told(api)[0]
