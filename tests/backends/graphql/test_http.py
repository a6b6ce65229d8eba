"""GraphQL over HTTP: methods, media types, statuses, batches and limits, byte by byte where it matters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.backends.graphql.limits import Limits
from pytest_integrations.core.errors import ScriptingError
from tests.wire.raw import Raw

from .conftest import SCHEMA, told

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = "application/json"
RESPONSE = "application/graphql-response+json"


@pytest.fixture
def lenient() -> Iterator[FakeGraphQL]:
    """A fake that is asked wrongly on purpose."""
    with FakeGraphQL(SCHEMA, "api", invalid="allow") as fake:
        yield fake


def _post(fake: FakeGraphQL, body: Any, **headers: str) -> httpx.Response:
    fields = {"content-type": JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(fake.url, content=content, headers=fields, trust_env=False, timeout=5)


# -- the bytes


def test_an_answer_byte_by_byte(api: FakeGraphQL) -> None:
    raw = Raw(api)
    body = b'{"query":"{version}"}'
    raw.ask("/graphql", "POST", body, "Content-Type: application/json")
    answer = raw.answer()
    raw.ask("/graphql?query=%7Bversion%7D")
    again = raw.answer()
    raw.sock.close()

    assert answer.start == "HTTP/1.1 200 OK"
    assert answer.fields == (("Content-Type", "application/json; charset=utf-8"), ("Content-Length", "38"))
    assert answer.body == b'{"data":{"version":"Query.version 1"}}'
    assert (again.status, again.body) == (200, answer.body)
    assert [call.number for call in api.calls] == [1, 2]


def test_text_of_any_script(api: FakeGraphQL) -> None:
    """In UTF-8 both ways, surrogates that came alone included."""
    api.resolve("Query.user", lambda arguments: {"name": arguments["id"]})
    document = "query Q($id: ID!) { user(id: $id) { name } }"
    for text in ("Zoë", "日本", "\U0001f600", "\u2028"):
        assert _post(api, {"query": document, "variables": {"id": text}}).json()["data"]["user"]["name"] == text
    alone = _post(api, b'{"query": "query Q($id: ID!) { user(id: $id) { name } }", "variables": {"id": "\\ud800"}}')
    assert alone.status_code == 200


# -- methods


def test_get_takes_parameters_from_the_query(api: FakeGraphQL) -> None:
    words = {
        "query": "query A { version } query B($id: ID!) { user(id: $id) { id } }",
        "operationName": "B",
        "variables": '{"id": "7"}',
        "extensions": '{"trace": true}',
    }
    answer = httpx.get(f"{api.url}?{urlencode(words)}", trust_env=False)

    assert answer.json() == {"data": {"user": {"id": "7"}}}
    (operation,) = api.calls[0].operations
    assert (operation.kind, operation.name, operation.variables) == ("query", "B", {"id": "7"})
    assert operation.extensions == {"trace": True}
    assert operation.fields == ("Query.user", "User.id")


@pytest.mark.parametrize(
    ("method", "query", "allow"),
    [
        ("GET", {"query": 'mutation { rename(id: 1, name: "x") { id } }'}, "POST"),
        ("PATCH", {}, "GET, POST"),
        ("HEAD", {"query": "{ version }"}, "GET, POST"),
        ("OPTIONS", {}, "GET, POST"),
    ],
)
def test_methods_that_are_not_allowed(lenient: FakeGraphQL, method: str, query: dict[str, str], allow: str) -> None:
    """A mutation by GET neither: it could be repeated by anybody on the way."""
    answer = httpx.request(method, lenient.url, params=query, trust_env=False)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


# -- media types


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{RESPONSE};q=0.5, {JSON}", JSON),
        (f"{RESPONSE}; charset=utf-8, {JSON}", RESPONSE),
        (f"text/html, {JSON};q=0.1", JSON),
        (f"multipart/mixed;deferSpec=20220824, {RESPONSE}, {JSON}", RESPONSE),
        (f"{RESPONSE};charset=latin-1, {JSON}", JSON),
        (f"{RESPONSE};q=much, {JSON};q=0.9", RESPONSE),
        ("APPLICATION/JSON", JSON),
    ],
)
def test_the_media_type_is_what_the_client_wants_most(api: FakeGraphQL, accept: str | None, media: str) -> None:
    raw = Raw(api)
    raw.ask("/graphql?query=%7Bversion%7D", "GET", b"", *([f"Accept: {accept}"] if accept else []))
    answer = raw.answer()
    raw.sock.close()
    assert (answer.status, answer.header("Content-Type")) == (200, f"{media}; charset=utf-8")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", f"{JSON};q=0", f"{JSON};charset=utf-16"])
def test_what_we_do_not_have_is_not_acceptable(lenient: FakeGraphQL, accept: str) -> None:
    answer = _post(lenient, {"query": "{ version }"}, accept=accept)
    assert answer.status_code == 406
    assert "Accept: " in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (JSON, 200),
        (f"{JSON}; charset=utf-8", 200),
        (f'{JSON}; charset="UTF-8"', 200),
        ("Application/JSON", 200),
        (f"{JSON}; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_content_types(lenient: FakeGraphQL, kind: str, status: int) -> None:
    assert _post(lenient, {"query": "{ version }"}, content_type=kind).status_code == status


# -- what is no request


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"),
        (b"7", "the body of a POST is a JSON object with a query"),
        (b"[7]", "the body of a POST is a JSON object with a query"),
        (b"[]", "a batch needs at least one operation"),
        (b"{}", "Must provide a query string."),
        (b'{"query": null}', "Must provide a query string."),
        (b'{"query": 7}', "query must be a string."),
        (b'{"query": "{version}", "operationName": 7}', "operationName must be a string or null."),
        (b'{"query": "{version}", "variables": []}', "variables must be an object or null."),
        (b'{"query": "{version}", "extensions": "x"}', "extensions must be an object or null."),
        (b'{"query": "{version}", "variables": ' + b"[" * 300 + b"]" * 300 + b"}", "nested more than 200 levels deep"),
        (b"[" * 100_000, "the body is not JSON"),
    ],
)
@pytest.mark.parametrize("accept", [JSON, RESPONSE])
def test_what_is_no_request_is_a_400(lenient: FakeGraphQL, body: bytes, message: str, accept: str) -> None:
    answer = _post(lenient, body, accept=accept)
    assert answer.status_code == 400
    assert message in answer.json()["errors"][0]["message"]
    assert "data" not in answer.json()


def test_variables_of_a_get_that_are_no_json(lenient: FakeGraphQL) -> None:
    answer = httpx.get(lenient.url, params={"query": "{version}", "variables": "{"}, trust_env=False)
    assert (answer.status_code, "variables is not JSON" in answer.text) == (400, True)


def test_what_is_no_request_fails_the_test(api: FakeGraphQL) -> None:
    _post(api, b"{")
    (text,) = told(api)
    assert text.startswith("api: POST /graphql is not GraphQL over HTTP: the body is not JSON")
    assert text.endswith("(status 400)")


def test_nulls_are_as_good_as_nothing(api: FakeGraphQL) -> None:
    body = {"query": "{version}", "operationName": None, "variables": None, "extensions": None}
    assert _post(api, body).json() == {"data": {"version": "Query.version 1"}}


# -- statuses


WRONG = {
    "ill-formed": ({"query": 7}, False),
    "parse": ({"query": "{"}, False),
    "validate": ({"query": "{ nothing }"}, False),
    "operation": ({"query": "{ version }", "operationName": "X"}, False),
    "variables": ({"query": "query Q($id: ID!) { user(id: $id) { id } }"}, False),
    "partial": ({"query": "{ maybe { name } version }"}, True),
    "null": ({"query": "{ me { name } }"}, True),
    "fine": ({"query": "{ version }"}, True),
}
STATUSES = {
    ("audit", JSON): (400, 200, 200, 200, 200, 200, 200, 200),
    ("audit", RESPONSE): (400, 400, 400, 400, 400, 200, 200, 200),
    ("draft", JSON): (422, 200, 200, 200, 200, 200, 200, 200),
    ("draft", RESPONSE): (422, 400, 422, 422, 422, 294, 294, 200),
    ("always-200", JSON): (200,) * 8,
    ("always-200", RESPONSE): (200,) * 8,
}


@pytest.mark.parametrize(("policy", "media"), STATUSES)
def test_statuses(policy: Any, media: str) -> None:
    """Each policy with each media type; what was executed has data, if only null, and what was not has none."""
    with FakeGraphQL(SCHEMA, invalid="allow", http_status=policy) as fake:
        fake.type("User", {"name": ValueError("gone")})
        answers = [_post(fake, body, accept=media) for body, _ in WRONG.values()]

    assert tuple(answer.status_code for answer in answers) == STATUSES[policy, media]
    assert [("data" in answer.json()) for answer in answers] == [has_data for _, has_data in WRONG.values()]


# -- batches


def test_a_batch(api: FakeGraphQL) -> None:
    """Each operation has a result of its own, in their order; the call is one."""
    api.query("A").reply({"version": "a"}, extensions={"cost": 1})
    batch = [
        {"query": "query A { version }"},
        {"query": "query B { me { name } }"},
        {"query": 'mutation C { rename(id: 5, name: "x") { id } }'},
    ]
    answer = _post(api, batch)

    assert answer.json() == [
        {"data": {"version": "a"}, "extensions": {"cost": 1}},
        {"data": {"me": {"name": "User.name 1"}}},
        {"data": {"rename": {"id": "5"}}},
    ]
    (call,) = api.calls
    assert call.operation == "batch of query A, query B, mutation C"
    assert (call.kind, call.repeatable) == ("batch", False)
    assert [result["data"] for result in call.results] == [each["data"] for each in answer.json()]


def test_one_bad_operation_does_not_spoil_a_batch(lenient: FakeGraphQL) -> None:
    answer = _post(lenient, [{"query": "{ version }"}, {"query": "{ nothing }"}, {}], accept=RESPONSE)
    good, bad, worse = answer.json()
    assert answer.status_code == 200
    assert good == {"data": {"version": "Query.version 1"}}
    assert "Cannot query field" in bad["errors"][0]["message"]
    assert worse["errors"] == [{"message": "Must provide a query string.", "extensions": {"code": "BAD_REQUEST"}}]


def test_a_batch_of_one_is_a_batch(api: FakeGraphQL) -> None:
    assert _post(api, [{"query": "{ version }"}]).json() == [{"data": {"version": "Query.version 1"}}]


# -- limits


@pytest.mark.parametrize(
    ("limits", "body", "status", "message"),
    [
        (Limits(batch=2), [{"query": "{version}"}] * 3, 400, "a batch of 3 operations is longer than 2"),
        (Limits(batch=0), [{"query": "{version}"}], 400, "Batching is not enabled."),
        (Limits(tokens=10), {"query": "{" + " version" * 10 + "}"}, 200, "more than 10 tokens"),
        (Limits(fields=8), {"query": "{ users { id name email role } }"}, 200, "more fields than allowed"),
        (Limits(depth=3), {"query": "{version}", "variables": {"a": {"b": {}}}}, 400, "more than 3 levels deep"),
        (Limits(body=50), {"query": "{" + "version " * 10 + "}"}, 413, ""),
        (Limits(introspection=False), {"query": "{ __schema { types { name } } }"}, 200, "introspection"),
    ],
)
def test_limits(limits: Limits, body: Any, status: int, message: str) -> None:
    with FakeGraphQL(SCHEMA, limits=limits, invalid="allow") as fake:
        answer = _post(fake, body)
        assert answer.status_code == status
        assert message in (answer.json()["errors"][0]["message"] if message else "")
        assert fake.verify() is None


@pytest.mark.parametrize("name", ["batch", "tokens", "fields", "body"])
def test_a_limit_that_is_none(name: str) -> None:
    with pytest.raises(ScriptingError, match=f"max_{name}=-1 is not a count"):
        Limits(**{name: -1})


def test_documents_that_never_end() -> None:
    """Deeply nested, exponentially large, or circular: each is an error, in bounded time."""
    deep = "{ me " + "{ best:friends " * 3000 + "{ id }" + "}" * 3000 + "}"
    large = "{ me " + "{ friends " * 60 + "{ id }" + "}" * 60 + "}"
    circle = "{ me { ...A } } fragment A on User { best { ...B } } fragment B on User { best { ...A } }"
    wide = "{ me { ...F0 } } " + "".join(
        f"fragment F{number} on User {{ a{number}: friends {{ ...F{number + 1} }} "
        f"b{number}: friends {{ ...F{number + 1} }} }} "
        for number in range(30)
    )
    wide += "fragment F30 on User { id }"
    with FakeGraphQL(SCHEMA, invalid="allow", limits=Limits(fields=2000)) as fake:
        fake.resolve("User.age", _none)  # so that it is executed on the asyncio thread, at last
        for document in (deep, large, circle, wide, large.replace("id }", "id age }")):
            result = _post(fake, {"query": document}).json()
            assert result["errors"], document[:50]
            assert result.get("data") is None


async def _none() -> None:
    """Answer nothing, later."""


# -- introspection


def test_introspection(api: FakeGraphQL) -> None:
    """A client can build the schema from it."""
    from graphql import build_client_schema, get_introspection_query

    result = _post(api, {"query": get_introspection_query()}).json()
    schema = build_client_schema(result["data"])
    assert schema.type_map["User"]
    assert _post(api, {"query": "{ __typename me { __typename } }"}).json() == {
        "data": {"__typename": "Query", "me": {"__typename": "User"}}
    }


# -- TLS, IPv6, other paths


def test_tls() -> None:
    with FakeGraphQL(SCHEMA, tls=True) as fake:
        assert fake.url.startswith("https://127.0.0.1:")
        assert fake.ws_url.startswith("wss://127.0.0.1:")
        answer = httpx.post(fake.url, json={"query": "{ version }"}, verify=fake.client_context(), trust_env=False)
        assert answer.json() == {"data": {"version": "Query.version 1"}}


def test_another_path_and_address() -> None:
    with FakeGraphQL(SCHEMA, host="::1", path="/api/v1") as fake:
        assert fake.url == f"http://[::1]:{fake.port}/api/v1"
        assert fake.ws_url == f"ws://[::1]:{fake.port}/api/v1"
        assert httpx.post(fake.url, json={"query": "{ version }"}, trust_env=False).status_code == 200
