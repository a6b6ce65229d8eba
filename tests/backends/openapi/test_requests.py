"""Requests that break the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import FakeRest, UnexpectedCall
from pytest_integrations.faults import status
from tests.backends.openapi.pets import document, operation, pets

if TYPE_CHECKING:
    import httpx


def _broken(fake: FakeRest) -> list[str]:
    """Return what was told, without its first line."""
    return [line.strip() for problem in fake.ledger.untold() for line in problem.text.splitlines()[1:]]


def test_a_request_that_breaks_it_is_refused_and_fails_the_test(fake: FakeRest, client: httpx.Client) -> None:
    fake.openapi(pets())
    told = client.get("/pets?limit=11")

    assert told.status_code == 400
    assert told.headers["content-type"] == "application/problem+json"
    with pytest.raises(UnexpectedCall) as caught:
        fake.verify()
    assert str(caught.value).splitlines() == [
        "fake: GET /pets?limit=11 breaks the document, GET /pets (listPets)",
        "  query parameter 'limit': 11 is greater than the maximum of 10",
    ]


def test_a_request_is_looked_at_whatever_it_is_answered(fake: FakeRest, client: httpx.Client) -> None:
    fake.openapi(pets())
    fake.get("/pets").reply(200)
    fake.inject(status(503))

    assert [client.get("/pets?limit=x").status_code for _ in range(2)] == [503, 400]
    assert _broken(fake) == ["query parameter 'limit': 'x' is not of type 'integer'"] * 2


def test_what_the_document_does_not_have_is_unexpected_as_ever(fake: FakeRest, client: httpx.Client) -> None:
    fake.openapi(pets())
    fake.get("/extra").reply(204)

    assert [client.get("/extra").status_code, client.get("/pet").status_code] == [204, 404]
    assert client.put("/pets").status_code == 404
    first, second = fake.ledger.untold()
    assert "GET /pets: path is '/pet'" in first.text
    assert "GET /pets: method is PUT, expected GET" in second.text


@pytest.mark.parametrize(
    ("parameter", "request_", "said"),
    [
        ({"name": "q", "required": True}, "/a", "query parameter 'q' is missing"),
        ({"name": "q", "schema": {"type": "boolean"}}, "/a?q=true", None),
        ({"name": "q", "schema": {"type": "boolean"}}, "/a?q=1", "query parameter 'q': '1' is not of type 'boolean'"),
        ({"name": "q", "schema": {"type": "number"}}, "/a?q=1.5", None),
        ({"name": "q", "schema": {"enum": ["a", "b"]}}, "/a?q=c", "query parameter 'q': 'c' is not one of ['a', 'b']"),
        ({"name": "q", "schema": {"type": "array", "items": {"type": "integer"}}}, "/a?q=1&q=2", None),
        (
            {"name": "q", "schema": {"type": "array", "items": {"type": "integer"}}},
            "/a?q=1&q=x",
            "query parameter 'q': [1]: 'x' is not of type 'integer'",
        ),
        (
            {"name": "q", "explode": False, "schema": {"type": "array", "items": {"type": "integer"}, "maxItems": 2}},
            "/a?q=1,2,3",
            "query parameter 'q': [1, 2, 3] is too long",
        ),
        (
            {"name": "q", "style": "pipeDelimited", "explode": False, "schema": {"type": "array", "minItems": 3}},
            "/a?q=x|y",
            "query parameter 'q': ['x', 'y'] is too short",
        ),
        (
            {
                "name": "q",
                "style": "deepObject",
                "schema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["m"]},
            },
            "/a?q[n]=1",
            "query parameter 'q': 'm' is a required property",
        ),
        (
            {"name": "q", "schema": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "/a?n=x",
            "query parameter 'q': n: 'x' is not of type 'integer'",
        ),
        (
            {"name": "q", "explode": False, "schema": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "/a?q=n,x",
            "query parameter 'q': n: 'x' is not of type 'integer'",
        ),
        ({"name": "q", "content": {"application/json": {"schema": {"type": "object"}}}}, "/a?q=%7B%7D", None),
        (
            {"name": "q", "content": {"application/json": {"schema": {"type": "object"}}}},
            "/a?q=x",
            "query parameter 'q' cannot be read: Expecting value: line 1 column 1 (char 0)",
        ),
        ({"name": "q", "allowEmptyValue": True, "schema": {"type": "integer"}}, "/a?q=", None),
        ({"name": "q", "schema": {"oneOf": [{"type": "integer"}, {"type": "boolean"}]}}, "/a?q=7", None),
        ({"name": "X-Trace", "in": "header", "required": True}, "/a", "header parameter 'X-Trace' is missing"),
        (
            {"name": "Accept-Version", "in": "header", "schema": {"type": "integer", "minimum": 3}},
            "/a",
            "header parameter 'Accept-Version': 2 is less than the minimum of 3",
        ),
        ({"name": "Accept", "in": "header", "schema": {"type": "integer"}}, "/a", None),
        (
            {"name": "session", "in": "cookie", "schema": {"maxLength": 3}},
            "/a",
            "cookie parameter 'session': 'abcd' is too long",
        ),
    ],
)  # fmt: skip
def test_parameters(fake: FakeRest, client: httpx.Client, parameter: Any, request_: str, said: str | None) -> None:
    fake.openapi(document({"/a": {"get": operation(parameters=[{"in": "query", **parameter}])}}))
    client.get(request_, headers={"Accept-Version": "2", "Cookie": "a=1; session=abcd"})

    assert _broken(fake) == ([] if said is None else [said])


def test_path_parameters_of_any_name(fake: FakeRest, client: httpx.Client) -> None:
    given = [{"name": "pet-id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    fake.openapi(document({"/a/{pet-id}": {"get": operation(parameters=given)}}))

    assert [client.get(path).status_code for path in ("/a/7", "/a/x")] == [200, 400]
    assert _broken(fake) == ["path parameter 'pet-id': 'x' is not of type 'integer'"]


def test_an_operation_overrides_the_parameters_of_its_path(fake: FakeRest, client: httpx.Client) -> None:
    limit = {"name": "q", "in": "query", "schema": {"maxLength": 1}}
    more = {**limit, "schema": {"maxLength": 2}}
    fake.openapi(document({"/a": {"parameters": [limit], "get": operation(parameters=[more])}}))

    assert [client.get(path).status_code for path in ("/a?q=12", "/a?q=123")] == [200, 400]
    fake.ledger.untold()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"json": {"name": "rex", "secret": "s"}}, []),
        ({"json": {"name": "rex", "secret": "s", "tag": None}}, []),
        ({"json": {"name": "r"}}, ["body: 'secret' is a required property", "body: name: 'r' is too short"]),
        ({}, ["the body is missing"]),
        ({"content": b"x"}, ["content type is missing, expected application/json"]),
        (
            {"content": b"x", "headers": {"Content-Type": "text/plain"}},
            ["content type is text/plain, expected application/json"],
        ),
        (
            {"content": b"x", "headers": {"Content-Type": "application/json; charset=utf-8"}},
            ["the body is not application/json: Expecting value: line 1 column 1 (char 0)"],
        ),
    ],
)  # fmt: skip
def test_bodies(fake: FakeRest, client: httpx.Client, content: dict[str, Any], said: list[str]) -> None:
    fake.openapi(pets())
    client.post("/pets", **content)

    assert _broken(fake) == said


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_forms(fake: FakeRest, client: httpx.Client, kind: str) -> None:
    schema = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}, "many": {"type": "array", "items": {"type": "integer"}}},
    }
    fake.openapi(document({"/a": {"post": operation(requestBody={"content": {kind: {"schema": schema}}})}}))
    files = {"file": ("a.txt", b"x")} if kind.startswith("multipart") else None
    for data in ({"n": "1", "many": ["1", "2"]}, {"n": "x"}, {"many": "x", "n": "2"}):
        client.post("/a", data=data, files=files)

    assert _broken(fake) == ["body: n: 'x' is not of type 'integer'", "body: many[0]: 'x' is not of type 'integer'"]


@pytest.mark.parametrize(
    ("scheme", "good", "said"),
    [
        ({"type": "http", "scheme": "bearer"}, {"Authorization": "Bearer x"}, "Authorization: Bearer …"),
        ({"type": "http", "scheme": "basic"}, {"Authorization": "Basic x"}, "Authorization: Basic …"),
        ({"type": "oauth2", "flows": {}}, {"Authorization": "bearer x"}, "Authorization: Bearer …"),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, {"x-key": "k"}, "header field 'X-Key'"),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, {"Cookie": "a=b; sid=1"}, "cookie 'sid'"),
    ],
)
def test_credentials(fake: FakeRest, client: httpx.Client, scheme: Any, good: dict[str, str], said: str) -> None:
    components = {"securitySchemes": {"s": scheme}}
    paths = {"/a": {"get": operation()}, "/open": {"get": operation(security=[])}}
    described = document(paths, components=components, security=[{"s": []}])
    fake.openapi(described)
    fake.openapi(described, at="/free", security=False)

    assert client.get("/a", headers=good).status_code == 200
    assert client.get("/open").status_code == client.get("/free/a").status_code == 200
    assert client.get("/a").status_code == 401
    assert _broken(fake) == [f"credentials are missing: {said}"]


def test_one_of_several_credentials_is_enough(fake: FakeRest, client: httpx.Client) -> None:
    schemes = {"key": {"type": "apiKey", "in": "query", "name": "key"}, "basic": {"type": "http", "scheme": "basic"}}
    described = document({"/a": {"get": operation()}}, components={"securitySchemes": schemes})
    fake.openapi({**described, "security": [{"key": []}, {"basic": []}]})

    assert [client.get(path).status_code for path in ("/a?key=1", "/a")] == [200, 401]
    assert _broken(fake) == ["credentials are missing: query parameter 'key', or Authorization: Basic …"]
