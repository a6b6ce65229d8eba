"""Documents that the server has already: stored by the test, or by clients."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.core.errors import ScriptingError

from .conftest import SCHEMA, told

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = "query GetUser($id: ID!) { user(id: $id) { name } }"
HASH = sha256(DOCUMENT.encode()).hexdigest()
VARIABLES = {"id": "7"}
DATA = {"data": {"user": {"name": "User.name 7"}}}
NOT_FOUND = {
    "errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}],
}


@pytest.fixture
def post(api: FakeGraphQL, client: httpx.Client) -> Callable[..., httpx.Response]:
    return lambda **body: client.post(api.url, json=body)


def _apq(digest: Any = HASH, version: Any = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": digest}}


# -- automatic persisted queries


def test_a_client_stores_its_document(api: FakeGraphQL, post: Callable[..., httpx.Response]) -> None:
    """Asked by hash it is not there; sent with its hash it is stored; asked again it is there."""
    asked = post(extensions=_apq(), variables=VARIABLES)
    sent = post(query=DOCUMENT, extensions=_apq(), variables=VARIABLES)
    again = post(extensions=_apq(), variables=VARIABLES)
    other = post(extensions=_apq(), variables={"id": "8"})

    assert (asked.status_code, asked.json()) == (200, NOT_FOUND)
    assert (sent.json(), again.json()) == (DATA, DATA)
    assert other.json() == {"data": {"user": {"name": "User.name 8"}}}
    assert [call.operation for call in api.calls] == ["POST /graphql", *["query GetUser"] * 3]
    assert api.calls[2].document == DOCUMENT
    assert api.calls[2].operations[0].extensions == _apq()


def test_by_get_too(api: FakeGraphQL, client: httpx.Client) -> None:
    """Which is what hashes are for: answers by GET can be kept by caches."""
    words = {"extensions": f'{{"persistedQuery":{{"version":1,"sha256Hash":"{HASH}"}}}}', "variables": '{"id":"7"}'}
    assert client.get(api.url, params=words).json() == NOT_FOUND
    assert client.get(api.url, params={**words, "query": DOCUMENT}).json() == DATA
    assert client.get(api.url, params=words).json() == DATA


def test_not_found_as_graphql_response(api: FakeGraphQL, client: httpx.Client) -> None:
    """Has no data, and so no 200."""
    headers = {"accept": "application/graphql-response+json"}
    answer = client.post(api.url, json={"extensions": _apq()}, headers=headers)
    assert (answer.status_code, answer.json()) == (400, NOT_FOUND)


def test_apollo_clients_know_it_by_its_message(api: FakeGraphQL, post: Callable[..., httpx.Response]) -> None:
    """They look at the message, not at the code (apollo-server #2429)."""
    assert post(extensions=_apq()).json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert told(api) == []


@pytest.mark.parametrize(
    ("extensions", "message"),
    [
        (_apq("0" * 64), "provided sha does not match query"),
        (_apq(version=2), "Unsupported persisted query version"),
        (_apq(7), "Unsupported persisted query version"),
        ({"persistedQuery": "x"}, "Unsupported persisted query version"),
    ],
)
def test_a_hash_that_is_wrong_fails_the_test(
    api: FakeGraphQL, post: Callable[..., httpx.Response], extensions: dict[str, Any], message: str
) -> None:
    answer = post(query=DOCUMENT, extensions=extensions, variables=VARIABLES).json()
    assert answer["errors"][0]["message"] == message
    assert len(told(api)) == 1
    assert post(extensions=_apq()).json() == NOT_FOUND  # it was not stored


def test_a_server_without_them() -> None:
    with FakeGraphQL(SCHEMA, persisted_queries=False) as fake:
        for body in ({"extensions": _apq()}, {"query": DOCUMENT, "extensions": _apq(), "variables": VARIABLES}):
            answer = httpx.post(fake.url, json=body, trust_env=False).json()
            assert answer["errors"][0] == {
                "message": "PersistedQueryNotSupported",
                "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"},
            }


def test_each_fake_has_documents_of_its_own() -> None:
    for _ in range(2):
        with FakeGraphQL(SCHEMA) as fake:
            assert httpx.post(fake.url, json={"extensions": _apq()}, trust_env=False).json() == NOT_FOUND
            httpx.post(fake.url, json={"query": "{version}", "extensions": {}}, trust_env=False)


def test_the_oldest_go_when_there_are_too_many() -> None:
    from pytest_integrations.backends.graphql.persisted import Persisted

    stored = Persisted()
    documents = [f"{{ a{number} }}" for number in range(1001)]
    for document in documents:
        digest = sha256(document.encode()).hexdigest()
        stored.resolved({"query": document, "extensions": _apq(digest)}, automatic=True)

    def has(document: str) -> bool:
        asked = {"extensions": _apq(sha256(document.encode()).hexdigest())}
        return isinstance(stored.resolved(asked, automatic=True), dict)

    assert [has(documents[0]), has(documents[1]), has(documents[-1])] == [False, True, True]


# -- documents that the test stores


def test_a_stored_document(api: FakeGraphQL, post: Callable[..., httpx.Response], client: httpx.Client) -> None:
    """By its hash, with the prefix of the specification or without, or by an id of the test's own; by APQ as well."""
    assert api.persist(DOCUMENT) == HASH
    assert api.persist(DOCUMENT, id="v1") == "v1"

    for named in (HASH, f"sha256:{HASH}", "v1"):
        assert post(documentId=named, variables=VARIABLES).json() == DATA
    assert client.get(api.url, params={"documentId": HASH, "variables": '{"id":"7"}'}).json() == DATA
    assert post(extensions=_apq(), variables=VARIABLES).json() == DATA
    assert {call.operation for call in api.calls} == {"query GetUser"}


def test_a_document_that_nobody_stored_fails_the_test(api: FakeGraphQL, post: Callable[..., httpx.Response]) -> None:
    api.persist(DOCUMENT, id="v1")
    assert post(documentId="v2").json()["errors"][0]["extensions"] == {"code": "PERSISTED_DOCUMENT_NOT_FOUND"}
    assert "no document is stored as 'v2'; stored are: 'v1'" in told(api)[0]


def test_a_document_that_is_not_valid_cannot_be_stored(api: FakeGraphQL) -> None:
    with pytest.raises(ScriptingError, match=r"document: Cannot query field 'nothing' on type 'Query'"):
        api.persist("{ nothing }")
