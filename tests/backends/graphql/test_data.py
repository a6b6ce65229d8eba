"""What a test says of types, fields and scalars; errors of fields, and what they take with them."""

from __future__ import annotations

import asyncio
import gc
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from graphql import GraphQLError

from pytest_integrations.backends.graphql.errors import FieldError
from pytest_integrations.backends.graphql.library import PARTS
from pytest_integrations.core.errors import HandlerFailed, ScriptingError

from .conftest import told

if TYPE_CHECKING:
    from pytest_integrations.backends.graphql.fake import FakeGraphQL

    from .conftest import Ask


# -- types and scalars


def test_values_of_a_type(api: FakeGraphQL, ask: Ask) -> None:
    """They hold wherever an object of the type turns up, and a reply goes before them."""
    api.type("User", {"name": "Ada", "role": "ADMIN", "age": lambda: 36})
    api.query("Q").reply({"me": {"name": "Bob"}})

    assert ask("query Q { me { name role age email } users { name } }") == {
        "me": {"name": "Bob", "role": "ADMIN", "age": 36, "email": "User.email 1"},
        "users": [{"name": "Ada"}, {"name": "Ada"}],
    }


def test_a_callable_of_a_type_makes_each_object(api: FakeGraphQL, ask: Ask) -> None:
    """It is asked once for each, and told the id."""
    asked = []

    def user(known: dict[str, Any]) -> dict[str, Any]:
        asked.append(known["id"])
        return {"name": f"user {known['id']}", "age": len(asked)}

    api.type("User", user)
    users = ask("{ users { name age email } }")["users"]

    assert users == [
        {"name": "user 1", "age": 1, "email": "User.email 1"},
        {"name": "user 2", "age": 2, "email": "User.email 2"},
    ]
    assert asked == ["1", "2"]


def test_scalars(api: FakeGraphQL, ask: Ask) -> None:
    amounts = iter(["1.00", "2.00"])
    api.scalar("Money", lambda: next(amounts))
    api.scalar("DateTime", datetime(2026, 5, 1, tzinfo=UTC))

    assert ask("{ users { balance born } }") == {
        "users": [
            {"balance": "1.00", "born": "2026-05-01T00:00:00+00:00"},
            {"balance": "2.00", "born": "2026-05-01T00:00:00+00:00"},
        ]
    }


def test_values_of_python_as_json(api: FakeGraphQL, ask: Ask) -> None:
    """Dates, UUIDs and decimals are text; what JSON has no form for fails the test."""
    api.scalar("UUID", UUID(int=7)).scalar("Money", Decimal("1.50")).scalar("DateTime", date(2026, 5, 1))
    assert ask("{ me { key balance born } }") == {
        "me": {"key": "00000000-0000-0000-0000-000000000007", "balance": "1.50", "born": "2026-05-01"}
    }
    api.scalar("Money", {1, 2})
    assert "cannot be sent as JSON" in ask("{ me { balance } }", fails=True)["errors"][0]["message"]
    assert "{1, 2} cannot be sent as JSON: give text, a number, a list or a dict for this scalar" in told(api)[0]


def test_json_that_cannot_be_sent_later(api: FakeGraphQL, ask: Ask) -> None:
    """The same, where it comes of an `async def` resolver."""

    async def money() -> set[int]:
        return {1}

    api.resolve("User.balance", money)
    ask("{ me { balance } }", fails=True)
    assert "cannot be sent as JSON" in told(api)[0]


# -- resolvers


def test_a_resolver_gets_the_arguments_and_the_call(api: FakeGraphQL, ask: Ask) -> None:
    api.resolve("Query.sum", lambda arguments: arguments["a"] + arguments["b"])
    api.resolve("Query.version", lambda arguments, call: f"{call.operation} {arguments}")
    api.resolve("User.tags", lambda: ["no arguments taken"])
    api.resolve("User.age", 36)
    api.resolve("User.name", lambda *everything: f"{len(everything)} arguments")

    assert ask("query Q($a: Int!) { sum(a: $a, b: 2) version me { tags age name } }", a=1) == {
        "sum": 3,
        "version": "query Q {}",
        "me": {"tags": ["no arguments taken"], "age": 36, "name": "2 arguments"},
    }


def test_a_resolver_may_return_a_part(api: FakeGraphQL, ask: Ask) -> None:
    """A dict or an object with attributes; what is missing is made up, and its id is its own."""

    @dataclass
    class User:
        id: str
        name: str

    api.resolve("Query.user", lambda arguments: User(arguments["id"], "Ada"))
    api.resolve("Query.users", [{"id": "x", "name": "Bob"}])

    assert ask("{ user(id: 7) { id name email } users { id name email } }") == {
        "user": {"id": "7", "name": "Ada", "email": "User.email 7"},
        "users": [{"id": "x", "name": "Bob", "email": "User.email x"}],
    }


def test_resolvers_run_beside_the_wire(api: FakeGraphQL, ask: Ask) -> None:
    """A plain one on a worker thread, an `async def` one on the asyncio thread: one that blocks holds nobody up."""
    seen: dict[str, str] = {}

    def plain(arguments: dict[str, Any]) -> str:
        seen["plain"] = threading.current_thread().name
        return "plain"

    async def later(arguments: dict[str, Any]) -> str:
        await asyncio.sleep(0)
        seen["async"] = threading.current_thread().name
        return "later"

    api.resolve("Query.version", plain).resolve("User.name", later)
    data = ask("{ version me { name } users { name } }")

    assert data == {"version": "plain", "me": {"name": "later"}, "users": [{"name": "later"}] * 2}
    assert seen["plain"].startswith("integrations-worker")
    assert seen["async"] == "integrations-asyncio"


def test_a_resolver_may_ask_another_fake(api: FakeGraphQL, ask: Ask) -> None:
    import httpx

    from pytest_integrations import FakeRest

    with FakeRest() as rest:
        rest.get("/name").reply(text="Ada")
        api.resolve("User.name", lambda: httpx.get(f"{rest.url}/name", trust_env=False).text)
        assert ask("{ me { name } }") == {"me": {"name": "Ada"}}


# -- errors


@pytest.mark.parametrize(
    "error", [FieldError("hidden", code="FORBIDDEN"), GraphQLError("hidden", extensions={"code": "FORBIDDEN"})]
)
def test_an_error_of_a_field(api: FakeGraphQL, ask: Ask, error: Exception) -> None:
    """It has the field's path and place, and the field is null; the test does not fail for it."""

    def email(arguments: dict[str, Any]) -> str:
        raise error

    api.resolve("User.email", email)
    assert ask("{ me { mail: email name } }", fails=True) == {
        "errors": [
            {
                "message": "hidden",
                "locations": [{"line": 1, "column": 8}],
                "path": ["me", "mail"],
                "extensions": {"code": "FORBIDDEN"},
            }
        ],
        "data": {"me": {"mail": None, "name": "User.name 1"}},
    }


@pytest.mark.parametrize(
    ("document", "data", "path"),
    [
        ("{ maybe { name } version }", {"maybe": None, "version": "Query.version 1"}, ["maybe", "name"]),
        ("{ me { name } version }", None, ["me", "name"]),
        ("{ maybe { friends { name } } }", {"maybe": None}, ["maybe", "friends", 0, "name"]),
        ("{ maybe { best { name } } }", {"maybe": {"best": None}}, ["maybe", "best", "name"]),
    ],
)
def test_an_error_takes_its_parents_with_it(
    api: FakeGraphQL, ask: Ask, document: str, data: Any, path: list[Any]
) -> None:
    """As far as they cannot be null: to the next field that can, or to all of the data."""

    def name(arguments: dict[str, Any]) -> str:
        msg = "gone"
        raise FieldError(msg)

    api.resolve("User.name", name)
    result = ask(document, fails=True)

    assert result["data"] == data
    assert result["errors"][0]["path"] == path


def test_an_error_as_a_value(api: FakeGraphQL, ask: Ask) -> None:
    """Of whatever kind, since it was given on purpose; in a list it is that item's."""
    api.query().reply({"me": {"email": ValueError("no mail"), "tags": ["a", FieldError("no tag", code="X"), "c"]}})
    result = ask("{ me { email tags } }", fails=True)

    assert result["data"] == {"me": {"email": None, "tags": ["a", None, "c"]}}
    assert [(each["message"], each["path"]) for each in result["errors"]] == [
        ("no mail", ["me", "email"]),
        ("no tag", ["me", "tags", 1]),
    ]
    assert result["errors"][1]["extensions"] == {"code": "X"}


@pytest.mark.skipif(not PARTS, reason="graphql-core 3.2 itself leaves coroutines behind")
def test_an_error_beside_what_is_async(api: FakeGraphQL, ask: Ask) -> None:
    """It takes its parents with it all the same, and nothing is left behind that was never awaited."""

    async def email() -> str:
        return "a@b"

    api.resolve("User.email", email)
    api.query().reply({"maybe": {"name": FieldError("gone")}, "users": [{"name": FieldError("gone")}, {}]})

    assert ask("{ maybe { email name } version }", fails=True)["data"] == {
        "maybe": None,
        "version": "Query.version 1",
    }
    assert ask("{ users { email name } }", fails=True)["data"] is None
    gc.collect()  # a coroutine that nobody awaited would be told of now


@pytest.mark.parametrize("is_async", [False, True])
def test_anything_else_that_a_resolver_raises_fails_the_test(api: FakeGraphQL, ask: Ask, is_async: bool) -> None:  # noqa: FBT001 -- parametrized
    """Its client gets a field error all the same."""

    def plain(arguments: dict[str, Any]) -> str:
        raise ZeroDivisionError

    async def later(arguments: dict[str, Any]) -> str:
        raise ZeroDivisionError

    api.resolve("User.email", later if is_async else plain)
    result = ask("query Q { me { email } }", fails=True)

    assert result["data"] == {"me": {"email": None}}
    with pytest.raises(HandlerFailed, match="api: a resolver for query Q raised ZeroDivisionError") as raised:
        api.verify()
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_a_null_where_none_may_be(api: FakeGraphQL, ask: Ask) -> None:
    """A test may give one: its client gets what a server answers then."""
    api.query().reply({"maybe": {"name": None}})
    result = ask("{ maybe { name } }", fails=True)

    assert result["data"] == {"maybe": None}
    assert result["errors"][0]["message"] == "Cannot return null for non-nullable field User.name."


# -- mistakes of the test


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"me": {"nam": "Ada"}}, "data was given for User.nam, which the schema does not have. Did you mean 'name'?"),
        ({"mee": {}}, "data was given for Query.mee, which the schema does not have. Did you mean 'me'?"),
        ({"me": {"age": "old"}}, "User.age is a Int: 'old' was given for it"),
        ({"me": {"role": "BOSS"}}, "User.role is a Role: 'BOSS' was given for it"),
        ({"me": "Ada"}, "Query.me is a User: 'Ada' was given for it, valid is a dict of its fields"),
        (
            {"users": {"name": "Ada"}},
            "Query.users is a list of User!: {'name': 'Ada'} was given for it",
        ),
        ({"search": [{"__typename": "Usr"}]}, "__typename 'Usr' is no Hit: valid are User, Post"),
    ],
)
def test_data_that_does_not_fit_the_schema(api: FakeGraphQL, ask: Ask, data: Any, message: str) -> None:
    """It fails the test, and its client gets an error."""
    api.query().reply(data)
    ask("{ me { name age role } users { name } search { ... on User { name } } }", fails=True)

    assert any(message in text for text in told(api))


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (lambda api: api.type("Usr", {}), "the schema has no type 'Usr'. Did you mean 'User'"),
        (lambda api: api.type("Role", {}), "the schema has no type 'Role'"),
        (lambda api: api.type("User", {"nam": 1}), "the schema has no field of User 'nam'. Did you mean 'name'?"),
        (lambda api: api.resolve("Query.usr", 1), "the schema has no field of Query 'usr'. Did you mean 'user'"),
        (lambda api: api.resolve("Quer.user", 1), "the schema has no type 'Quer'. Did you mean 'Query'"),
        (lambda api: api.resolve("User", 1), r"resolve\('User'\): a field is written with its type"),
        (lambda api: api.scalar("Mony", 1), "the schema has no scalar 'Mony'. Did you mean 'Money'"),
    ],
)
def test_what_the_schema_does_not_have(api: FakeGraphQL, say: Any, message: str) -> None:
    """It is refused at the line that says it, with near names."""
    with pytest.raises(ScriptingError, match=message):
        say(api)


def test_a_callable_of_a_type_that_returns_something_else(api: FakeGraphQL, ask: Ask) -> None:
    api.type("User", lambda: {"nam": "Ada"})
    ask("{ me { email } }", fails=True)
    assert "data was given for User.nam, which the schema does not have. Did you mean 'name'?" in told(api)[0]
    api.type("User", lambda: "Ada")
    ask("{ me { email } }", fails=True)
    assert "the callable for the type User returned 'Ada': valid is a dict of its fields" in told(api)[0]


async def _later() -> dict[str, Any]:
    return {}


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (lambda api: api.type("User", _later), "only the resolver of a field can be: see resolve"),
        (lambda api: api.scalar("Money", _later), "only the resolver of a field can be: see resolve"),
        (lambda api: api.type("User", "Ada"), r"type\('User', 'Ada'\): valid are a dict of values"),
    ],
)
def test_what_cannot_be_said_of_types(api: FakeGraphQL, say: Any, message: str) -> None:
    with pytest.raises(ScriptingError, match=message):
        say(api)
