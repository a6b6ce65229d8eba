"""Data that nobody gave: values that speak, of the right kinds, the same in each run."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from pytest_integrations.backends.graphql.engine import Executable
from pytest_integrations.backends.graphql.fake import FakeGraphQL

from .conftest import SCHEMA

if TYPE_CHECKING:
    from .conftest import Ask

EVERYTHING = """{
  version
  user(id: 7) { id name email role age score active born key balance tags best { id } friends { id name } }
  users { id name role }
  search { __typename ... on Node { id } ... on User { name } ... on Post { title author { id name } } }
}"""


def _data(fake: FakeGraphQL, document: str) -> Any:
    read = fake.engine.read({"query": document})
    assert isinstance(read, Executable), read
    result, causes = fake.engine.begin(read)
    assert causes == ()
    assert "errors" not in result
    return result["data"]


def test_values_say_where_they_come_from(ask: Ask) -> None:
    """A text is its field and its object: the id that was asked for, else its way from the root."""
    assert ask("{ user(id: 7) { id name best { id name } friends { id name } } }") == {
        "user": {
            "id": "7",
            "name": "User.name 7",
            "best": {"id": "7.best", "name": "User.name 7.best"},
            "friends": [
                {"id": "7.friends.1", "name": "User.name 7.friends.1"},
                {"id": "7.friends.2", "name": "User.name 7.friends.2"},
            ],
        }
    }
    assert ask("{ me { id } users { id name } version }") == {
        "me": {"id": "1"},
        "users": [{"id": "1", "name": "User.name 1"}, {"id": "2", "name": "User.name 2"}],
        "version": "Query.version 1",
    }


def test_no_two_objects_beside_each_other_have_one_id(ask: Ask) -> None:
    """Or a client with a normalized cache would take them for one."""
    me = ask("{ me { id best { id } friends { id friends { id } } } }")["me"]
    ids = [me["id"], me["best"]["id"]]
    for friend in me["friends"]:
        ids += [friend["id"], *(each["id"] for each in friend["friends"])]
    assert len(set(ids)) == len(ids) == 8


def test_an_object_is_the_same_wherever_it_is_asked_for(ask: Ask) -> None:
    """Two fields that lead to the object of one id, in two requests, have the same values for it."""
    fields = "name role age score active born key balance"
    one = ask(f"{{ user(id: 2) {{ {fields} }} }}")["user"]
    other = ask(f"{{ users {{ {fields} }} }}")["users"][1]
    assert one == other
    assert one != ask(f"{{ user(id: 3) {{ {fields} }} }}")["user"]


def test_kinds(ask: Ask) -> None:
    """Each scalar has a value of its kind, well-known custom ones in their form."""
    user = ask("{ user(id: 7) { id role age score active born key balance tags } }")["user"]
    assert user["role"] in {"ADMIN", "USER", "GUEST"}
    assert isinstance(user["age"], int)
    assert isinstance(user["score"], float)
    assert isinstance(user["active"], bool)
    assert datetime.fromisoformat(user["born"]).tzinfo is not None
    assert UUID(user["key"]).version == 4
    assert user["balance"] == "User.balance 7"  # of a scalar that nobody knows
    assert user["tags"] == ["User.tags 7.1", "User.tags 7.2"]


@pytest.mark.parametrize(
    ("scalar", "reads"),
    [
        ("DateTime", datetime.fromisoformat),
        ("AWSDateTime", datetime.fromisoformat),
        ("Date", date.fromisoformat),
        ("Time", time.fromisoformat),
        ("UUID", UUID),
        ("Decimal", Decimal),
        ("BigInt", lambda value: int(value) > 2**53 or pytest.fail(value)),
        ("Timestamp", datetime.fromtimestamp),
        ("JSON", lambda value: value["Query.it"]),
        ("URL", lambda value: re.fullmatch(r"https://example\.com/[a-z.0-9]+", value)[0]),  # type: ignore[index]
        ("Email", lambda value: re.fullmatch(r"[a-z.0-9]+@example\.com", value)[0]),  # type: ignore[index]
        ("Duration", lambda value: re.fullmatch(r"PT\d+S", value)[0]),  # type: ignore[index]
    ],
)
def test_well_known_scalars(scalar: str, reads: Any) -> None:
    data = _data(FakeGraphQL(f"scalar {scalar} type Query {{ it: {scalar}! }}"), "{ it }")
    assert reads(data["it"])


def test_the_same_in_each_run() -> None:
    """It depends on the schema and the seed of the data; not on the run's seed, so that snapshots hold."""
    from pytest_integrations.core.seed import Seed

    first = _data(FakeGraphQL(SCHEMA, seed=Seed(1, "a")), EVERYTHING)
    assert first == _data(FakeGraphQL(SCHEMA, seed=Seed(2, "b")), EVERYTHING)
    others = [_data(FakeGraphQL(SCHEMA, data_seed=seed), EVERYTHING) for seed in range(1, 6)]
    assert all(other != first for other in others)
    assert {first["users"][0]["role"], *(other["users"][0]["role"] for other in others)} > {first["users"][0]["role"]}


def test_the_order_of_asking_changes_nothing(ask: Ask) -> None:
    forward = ask("{ user(id: 7) { role age active } }")["user"]
    backward = ask("{ user(id: 7) { active email age name role } }")["user"]
    assert forward == {name: backward[name] for name in forward}


def test_unions_and_interfaces(api: FakeGraphQL, ask: Ask) -> None:
    """One of the possible types, with its fields; which one follows from the object."""
    hits = [hit for seed in range(6) for hit in _data(FakeGraphQL(SCHEMA, data_seed=seed), EVERYTHING)["search"]]
    assert {hit["__typename"] for hit in hits} == {"User", "Post"}
    assert all(hit["name" if hit["__typename"] == "User" else "title"] for hit in hits)
    node = ask("{ node(id: 5) { __typename id } }")["node"]
    assert node["id"] == "5"
    assert node["__typename"] in {"User", "Post"}


def test_lengths() -> None:
    assert len(_data(FakeGraphQL(SCHEMA, list_length=5), "{ users { id } }")["users"]) == 5
    assert _data(FakeGraphQL(SCHEMA, list_length=0), "{ users { id } }") == {"users": []}


def test_pages_come_to_an_end() -> None:
    """`hasNextPage` is never true by chance, or a client would turn pages for ever."""
    for seed in range(10):
        fake = FakeGraphQL(SCHEMA, data_seed=seed)
        assert _data(fake, "{ page { info { hasNextPage } } }") == {"page": {"info": {"hasNextPage": False}}}


def test_an_id_that_is_a_number(ask: Ask) -> None:
    assert ask("{ numbered(id: 12) { id } }") == {"numbered": {"id": 12}}


def test_a_recursive_schema_makes_what_is_selected(ask: Ask) -> None:
    depth = 30
    with FakeGraphQL("type Query { me: User } type User { id: ID best: User }") as fake:
        data = _data(fake, "{ me " + "{ best " * depth + "{ id }" + "}" * depth + "}")
    for _ in range(depth):
        data = data.get("me") or data["best"]
    assert data == {"best": {"id": "1" + ".best" * depth}}
