"""Faults within the execution, and faults of the HTTP wire under a GraphQL fake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
import pytest

from pytest_integrations.backends.graphql.library import PARTS
from pytest_integrations.core.effect import Field, FieldFault, Resolve
from pytest_integrations.core.errors import CannotPerform, ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.faults import (
    connection_reset,
    corrupt_body,
    empty_response,
    latency,
    lost_response,
    slow_read,
    status,
    truncate_body,
)
from tests.wire.raw import Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_integrations.backends.graphql.fake import FakeGraphQL
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

    from .conftest import Ask


@dataclass(frozen=True, slots=True, repr=False)
class spoil(Fault):  # noqa: N801 -- a word in a script
    """Yield one effect of execution; what the real faults do with it is proved with them."""

    kinds: ClassVar[frozenset[str]] = frozenset({"query", "mutation", "batch"})
    field: Callable[[Field], FieldFault | None] | None = None
    result: Any = None
    coordinates: tuple[str, ...] = ()

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        yield Resolve(self.field, self.result, self.coordinates)


def _of(coordinate: str, fault: FieldFault) -> Callable[[Field], FieldFault | None]:
    return lambda field: fault if field.coordinate == coordinate else None


# -- within the execution


def test_a_field_that_fails(api: FakeGraphQL, ask: Ask) -> None:
    """Once, as scripted; with its path, its place and what else is said; whatever it would have answered."""
    api.query().reply({"users": [{"email": "a@b"}, {}]})
    api.inject(spoil(_of("User.email", FieldFault("mail is down", {"code": "DOWN"}))))
    result = ask("{ users { name mail: email } }", fails=True)

    assert [user["mail"] for user in result["data"]["users"]] == [None, None]
    assert result["errors"][0] == {
        "message": "mail is down",
        "locations": [{"line": 1, "column": 16}],
        "path": ["users", 0, "mail"],
        "extensions": {"code": "DOWN"},
    }
    assert ask("{ users { email } }")["users"][0] == {"email": "a@b"}
    assert api.calls[0].result == "partial"
    assert [call.fault is not None for call in api.calls] == [True, False]


def test_a_fault_is_asked_about_each_field_in_order(api: FakeGraphQL, ask: Ask) -> None:
    asked: list[Field] = []

    def field(place: Field) -> None:
        asked.append(place)

    api.inject(spoil(field))
    ask("{ me { name } hits: search { ... on User { email } ... on Post { title } } }")

    assert asked[:2] == [Field("Query.me", ("me",), False), Field("User.name", ("me", "name"), False)]
    assert asked[2] == Field("Query.search", ("hits",), False)
    assert asked[3].path[:2] == ("hits", 0)
    assert len(asked) == 5


def test_a_field_that_is_null_without_a_word(api: FakeGraphQL, ask: Ask) -> None:
    api.inject(spoil(lambda field: FieldFault() if field.nullable else None))
    assert ask("{ maybe { id } me { id name email } }") == {
        "maybe": None,
        "me": {"id": "1", "name": "User.name 1", "email": None},
    }


def test_an_error_takes_its_parents_with_it(api: FakeGraphQL, ask: Ask) -> None:
    api.inject(spoil(_of("User.name", FieldFault("gone"))))
    assert ask("{ maybe { name } version }", fails=True)["data"] == {"maybe": None, "version": "Query.version 1"}


def test_a_result_instead_of_executing(api: FakeGraphQL, client: httpx.Client) -> None:
    """By the fake's own policy of statuses, and for each operation of a batch; no resolver is asked."""
    asked = []
    api.resolve("Query.version", lambda: asked.append(1))
    broken = {"errors": [{"message": "no", "extensions": {"code": "X"}}], "extensions": {"cost": 7}}
    api.inject(spoil(result=broken), times=3)
    query = {"query": "{ version }"}
    one = client.post(api.url, json=query)
    other = client.post(api.url, json=query, headers={"accept": "application/graphql-response+json"})
    batch = client.post(api.url, json=[query, query])

    assert (one.status_code, one.json()) == (200, broken)
    assert (other.status_code, other.json()) == (400, broken)
    assert batch.json() == [broken, broken]
    assert asked == []
    assert [call.handled for call in api.calls] == [False] * 3


def test_several_at_once(api: FakeGraphQL, ask: Ask) -> None:
    api.inject(spoil(_of("User.email", FieldFault("a"))) + spoil(_of("User.age", FieldFault("b"))) + latency(0.01))
    result = ask("{ me { name email age } }", fails=True)
    assert [error["message"] for error in result["errors"]] == ["a", "b"]


@pytest.mark.skipif(not PARTS, reason="graphql-core 3.2 has no results in parts")
def test_a_fault_of_a_deferred_field(api: FakeGraphQL, client: httpx.Client) -> None:
    api.inject(spoil(_of("User.email", FieldFault("mail is down"))))
    document = "{ me { id ... @defer { email } } }"
    answer = client.post(api.url, json={"query": document}, headers={"accept": "multipart/mixed, application/json"})
    assert b'"message":"mail is down"' in answer.content


def test_replies_kept_ready_are_not_spoiled(api: FakeGraphQL, ask: Ask) -> None:
    before = ask("{ me { email } }")
    api.inject(spoil(_of("User.email", FieldFault("x"))))
    assert ask("{ me { email } }", fails=True)["data"] == {"me": {"email": None}}
    assert ask("{ me { email } }") == before


@pytest.mark.parametrize(
    ("coordinate", "message"),
    [
        ("User.emial", "the schema has no field of User 'emial'. Did you mean 'email'"),
        ("Usr.email", "the schema has no type 'Usr'. Did you mean 'User'"),
    ],
)
def test_a_field_that_the_schema_does_not_have(api: FakeGraphQL, coordinate: str, message: str) -> None:
    """It is refused at the scripting line."""
    with pytest.raises(ScriptingError, match=message):
        api.inject(spoil(coordinates=(coordinate,)))
    with api.injected(spoil(coordinates=("User.email", "Node", "Node.id")), probability=0):
        pass


def test_other_fakes_do_not_execute() -> None:
    from pytest_integrations import FakeRest

    with FakeRest() as rest, pytest.raises(CannotPerform, match="it needs Resolve"):
        rest.inject(spoil())


# -- of the HTTP wire


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (connection_reset(), httpx.ReadError),
        (empty_response(), httpx.RemoteProtocolError),
        (truncate_body(fraction=0.5), httpx.RemoteProtocolError),
        (corrupt_body("json_cut"), ValueError),
    ],
)
def test_faults_of_the_wire(api: FakeGraphQL, client: httpx.Client, fault: Fault, error: type[Exception]) -> None:
    api.query("Q").inject(fault)
    with pytest.raises(error):
        client.post(api.url, json={"query": "query Q { version }"}).json()
    assert client.post(api.url, json={"query": "query Q { version }"}).json()["data"]
    assert [call.failed for call in api.calls] == [True, False]


def test_a_lost_response(api: FakeGraphQL, client: httpx.Client) -> None:
    """The mutation has happened, and its client does not know."""
    done = []
    api.resolve("Mutation.rename", lambda given: done.append(given["name"]))
    api.inject(lost_response())
    with pytest.raises(httpx.TransportError):
        client.post(api.url, json={"query": 'mutation M { rename(id: 1, name: "x") { id } }'})
    assert done == ["x"]
    assert api.calls[0].handled


def test_a_fault_that_is_decided_at_the_head(api: FakeGraphQL) -> None:
    """When the operation is not known yet; the call is named when it is."""
    api.inject(slow_read(rate=100_000))
    raw = Raw(api)
    raw.ask("/graphql", "POST", b'{"query":"query Q { version }"}', "Content-Type: application/json")
    assert raw.answer().body == b'{"data":{"version":"Query.version 1"}}'
    raw.sock.close()
    assert (api.calls[0].operation, api.calls[0].fault) == ("query Q", slow_read(rate=100_000))


def test_chance_follows_from_the_seed(api: FakeGraphQL, client: httpx.Client) -> None:
    api.inject(status(503), probability=0.5)
    first = [client.post(api.url, json={"query": "query Q { version }"}).status_code for _ in range(20)]
    from pytest_integrations.backends.graphql.fake import FakeGraphQL as Fake

    from .conftest import SCHEMA

    with Fake(SCHEMA, "api") as again:
        again.inject(status(503), probability=0.5)
        second = [client.post(again.url, json={"query": "query Q { version }"}).status_code for _ in range(20)]
    assert first == second
    assert set(first) == {200, 503}
