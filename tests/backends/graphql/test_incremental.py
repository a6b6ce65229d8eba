"""Results in parts: @defer and @stream, as both kinds of clients want them."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from pytest_integrations.backends.graphql.errors import FieldError
from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.backends.graphql.library import PARTS
from pytest_integrations.backends.graphql.limits import Limits
from tests.wire.raw import Raw

from .conftest import SCHEMA, told

pytestmark = pytest.mark.skipif(not PARTS, reason="graphql-core 3.2 has no results in parts")

NEW = "multipart/mixed;incrementalSpec=v0.2, application/json"
OLD = "multipart/mixed;deferSpec=20220824, application/json"
DEFER = 'query Q { me { id ... @defer(label: "slow") { name email } } }'


def _parts(api: FakeGraphQL, client: httpx.Client, document: str, accept: str) -> list[Any]:
    """Return the parts of an answer, read as strictly as RFC 2046 is written."""
    answer = client.post(api.url, json={"query": document}, headers={"accept": accept})
    assert answer.status_code == 200
    assert answer.headers["transfer-encoding"] == "chunked"
    assert re.fullmatch(r'multipart/mixed; boundary="-"; \w+=[\w.]+', answer.headers["content-type"])
    preamble, *parts, end = answer.content.split(b"\r\n---")
    assert (preamble, end) == (b"", b"--\r\n")
    contents = []
    for part in parts:
        head, _, body = part.partition(b"\r\n\r\n")
        assert head == b"\r\nContent-Type: application/json; charset=utf-8"
        contents.append(json.loads(body))
    assert [each["hasNext"] for each in contents] == [True] * (len(contents) - 1) + [False]
    return contents


def test_defer(api: FakeGraphQL, client: httpx.Client) -> None:
    assert _parts(api, client, DEFER, NEW) == [
        {"data": {"me": {"id": "1"}}, "pending": [{"id": "0", "path": ["me"], "label": "slow"}], "hasNext": True},
        {
            "incremental": [{"id": "0", "data": {"name": "User.name 1", "email": "User.email 1"}}],
            "completed": [{"id": "0"}],
            "hasNext": False,
        },
    ]


def test_defer_as_it_was_in_2022(api: FakeGraphQL, client: httpx.Client) -> None:
    assert _parts(api, client, DEFER, OLD) == [
        {"data": {"me": {"id": "1"}}, "hasNext": True},
        {
            "incremental": [
                {"data": {"name": "User.name 1", "email": "User.email 1"}, "path": ["me"], "label": "slow"}
            ],
            "hasNext": False,
        },
    ]


@pytest.mark.parametrize("accept", [NEW, OLD])
def test_stream(api: FakeGraphQL, client: httpx.Client, accept: str) -> None:
    api.query().reply({"users": [{"name": "a"}, {"name": "b"}, {"name": "c"}]})
    first, *later = _parts(api, client, "{ users @stream(initialCount: 1) { name } }", accept)

    assert first["data"] == {"users": [{"name": "a"}]}
    parts = [part for each in later for part in each.get("incremental", ())]
    assert [item for part in parts for item in part["items"]] == [{"name": "b"}, {"name": "c"}]
    if accept == OLD:
        places = [part["path"] for part in parts]
        assert places[0] == ["users", 1]
        assert places == [["users", 1], ["users", 2]][: len(parts)]


@pytest.mark.parametrize("accept", [NEW, OLD])
def test_errors_of_what_was_deferred(api: FakeGraphQL, client: httpx.Client, accept: str) -> None:
    """One that can be null is null in its part; one that cannot takes the part with it."""
    api.query().reply({"me": {"email": FieldError("no mail")}, "maybe": {"name": FieldError("no name")}})
    document = "{ me { ... @defer { email } } maybe { id ... @defer { name } } }"
    _first, *later = _parts(api, client, document, accept)
    errors = [
        error["message"]
        for each in later
        for part in (*each.get("incremental", ()), *each.get("completed", ()))
        for error in part.get("errors", ())
    ]
    assert sorted(errors) == ["no mail", "no name"]
    if accept == OLD:
        parts = [part for each in later for part in each["incremental"]]
        assert {"data": None, "errors": parts[-1]["errors"], "path": ["maybe"]} in parts


def test_what_a_deferred_resolver_raises_fails_the_test(api: FakeGraphQL, client: httpx.Client) -> None:
    def email(arguments: dict[str, Any]) -> str:
        raise ZeroDivisionError

    api.resolve("User.email", email)
    _parts(api, client, DEFER, NEW)
    assert told(api) == ["api: a resolver for query Q raised ZeroDivisionError: "]


@pytest.mark.parametrize(
    ("document", "accept"),
    [
        (DEFER, "application/json"),
        (DEFER, "*/*"),
        ("query Q { me { id ... @defer(if: false) { name email } } }", NEW),
        ("query Q { me { id name email } }", NEW),
    ],
)
def test_in_one_piece(api: FakeGraphQL, client: httpx.Client, document: str, accept: str) -> None:
    """For a client that does not accept parts, or where nothing is left for later."""
    answer = client.post(api.url, json={"query": document}, headers={"accept": accept})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == {"data": {"me": {"id": "1", "name": "User.name 1", "email": "User.email 1"}}}


def test_a_part_is_a_chunk(api: FakeGraphQL) -> None:
    """So that a client which reads chunk by chunk has one part at a time."""
    raw = Raw(api)
    body = json.dumps({"query": DEFER}).encode()
    raw.ask("/graphql", "POST", body, "Content-Type: application/json", f"Accept: {NEW}")
    raw._until(b"\r\n\r\n")
    chunks = list(iter(raw._chunk, b""))
    raw.sock.close()

    assert len(chunks) == 2
    assert chunks[0].startswith(b"\r\n---\r\n")
    assert chunks[0].endswith(b"\r\n---")
    assert chunks[1].endswith(b"\r\n-----\r\n")


def test_a_result_in_parts_has_limits() -> None:
    with FakeGraphQL(SCHEMA, limits=Limits(fields=9)) as fake:
        document = "{ me { ... @defer { friends { id friends { id } } } } }"
        answer = httpx.post(fake.url, json={"query": document}, headers={"accept": NEW}, trust_env=False)
    assert b"The result has more fields than allowed." in answer.content


def test_a_schema_may_declare_the_directives_itself() -> None:
    sdl = """
    directive @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT
    type Query { me: User } type User { id: ID }
    """
    fake = FakeGraphQL(sdl)
    assert [each.name for each in fake.engine.schema.graphql.directives].count("defer") == 1
