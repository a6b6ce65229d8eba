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


def test_a_route_of_ones_own_that_is_more_exact_is_free_of_it(fake: FakeRest, client: httpx.Client) -> None:
    """One that spells the path of an operation in another way is not."""
    fake.openapi(pets(), at="/{tenant}")
    fake.get("/a/pets/<name>").reply(204)
    fake.get("/{tenant}/pets/<name>").reply(204)

    assert [client.get(path).status_code for path in ("/a/pets/mine", "/b/pets/yours")] == [204, 400]
    assert _broken(fake) == ["path parameter 'petId': 'yours' is not of type 'integer'"]


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


_INTEGER = {"type": "integer"}
_NUMBERS = {"type": "array", "items": _INTEGER}
_POINT = {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}
_PAGE = {"type": "object", "properties": {"page": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("parameter", "request_", "said"),
    [
        ({"schema": {"anyOf": [_NUMBERS, {"type": "null"}]}}, "/a?q=1&q=2", None),
        ({"schema": {"allOf": [_NUMBERS]}}, "/a?q=1&q=x", "[1]: 'x' is not of type 'integer'"),
        ({"schema": {"anyOf": [{"type": "string", "maxLength": 2}, _NUMBERS]}}, "/a?q=123", None),
        ({"schema": {"type": ["string", "integer"], "minimum": 5}}, "/a?q=7", None),
        ({"schema": {"allOf": [_POINT]}, "required": True}, "/a?x=1", None),
        ({"schema": _PAGE, "required": True}, "/a", None),
        ({"schema": _POINT, "required": True}, "/a", "'x' is a required property"),
        ({"schema": {"anyOf": [_POINT, {"type": "integer"}]}, "style": "deepObject"}, "/a?q[x]=1", None),
        ({"schema": {"anyOf": [_POINT, {"type": "integer"}]}, "style": "deepObject"}, "/a?q=1", None),
        ({"schema": {"properties": {"p": _POINT}}, "style": "deepObject"}, "/a?q[p][x]=y", "p.x: 'y' is not of type"),
        ({"schema": _NUMBERS, "style": "deepObject", "required": True}, "/a?q[]=1&q[]=2", None),
        ({"schema": _NUMBERS, "style": "deepObject", "required": True}, "/a?q[0]=1&q[1]=x", "[1]: 'x' is not of type"),
        ({"schema": {"type": "object", "additionalProperties": _INTEGER}, "style": "deepObject"}, "/a?q[n]=1", None),
        ({"schema": {"type": "integer"}}, "/a?q=1_000", "'1_000' is not of type 'integer'"),
        ({"schema": {"type": "number"}}, "/a?q=nan", "'nan' is not of type 'number'"),
        ({"schema": {"type": "number", "minimum": 0.25}}, "/a?q=2.5e-1", None),
    ],
)  # fmt: skip
def test_parameters_of_several_types_and_with_parts(
    fake: FakeRest, client: httpx.Client, parameter: Any, request_: str, said: str | None
) -> None:
    given = [{"name": "q", "in": "query", **parameter}]
    fake.openapi(document({"/a": {"get": operation(parameters=given)}}, "3.1.0"))
    client.get(request_)

    broken = _broken(fake)
    assert len(broken) == (said is not None), broken
    assert said is None or broken[0].startswith(f"query parameter 'q': {said}")


@pytest.mark.parametrize(
    ("style", "schema", "path"),
    [
        ("simple", _NUMBERS, "3,4"),
        ("simple*", _POINT, "x=1"),
        ("simple", _POINT, "x,1"),
        ("label", {"type": "number", "maximum": 5.5}, ".5.5"),
        ("label", _NUMBERS, ".3,4"),
        ("label*", _NUMBERS, ".3.4"),
        ("label*", _POINT, ".x=1.y=2"),
        ("matrix", {"type": "integer"}, ";p=5"),
        ("matrix", _NUMBERS, ";p=3,4"),
        ("matrix*", _NUMBERS, ";p=3;p=4"),
        ("matrix", _POINT, ";p=x,1"),
        ("matrix*", _POINT, ";x=1;y=2"),
    ],
)
def test_styles_of_path_parameters(fake: FakeRest, client: httpx.Client, style: str, schema: Any, path: str) -> None:
    """Those with a star are exploded."""
    how = {"style": style.rstrip("*"), "explode": style.endswith("*")}
    parameter = {"name": "p", "in": "path", "required": True, "schema": schema, **how}
    fake.openapi(document({"/a/{p}": {"get": operation(parameters=[parameter])}}))

    assert client.get(f"/a/{path}").status_code == 200, _broken(fake)
    assert client.get(
        f"/a/{path.replace('=1', '=z').replace('x,1', 'x,z').replace('5', 'z').replace('3', 'z')}"
    ).is_error
    assert len(_broken(fake)) == 1


def test_a_list_in_a_header_field_may_have_spaces(fake: FakeRest, client: httpx.Client) -> None:
    given = [{"name": "X-Tags", "in": "header", "schema": {"type": "array", "items": {"enum": ["a", "b"]}}}]
    fake.openapi(document({"/a": {"get": operation(parameters=given)}}))

    assert client.get("/a", headers={"X-Tags": "a, b"}).status_code == 200, _broken(fake)


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


def test_head_is_looked_at_as_the_get_that_answers_it(fake: FakeRest, client: httpx.Client) -> None:
    fake.openapi(pets())

    assert [client.head(path).status_code for path in ("/pets/7", "/pets/x", "/pet")] == [200, 400, 404]
    assert _broken(fake)[0] == "path parameter 'petId': 'x' is not of type 'integer'"


def test_operations_of_one_path_that_stand_in_two(fake: FakeRest, client: httpx.Client) -> None:
    """Their placeholders have other names."""
    paths = {}
    for method, name in (("get", "id"), ("delete", "key")):
        given = [{"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}]
        paths[f"/a/{{{name}}}"] = {method: operation(parameters=given)}
    fake.openapi(document(paths))

    assert [client.get("/a/x").status_code, client.delete("/a/x").status_code] == [400, 400]
    assert len(_broken(fake)) == 2


def test_what_is_left_empty(fake: FakeRest, client: httpx.Client) -> None:
    """In YAML a key with nothing after it is null."""
    described = """
openapi: 3.0.3
servers:
paths:
  /nothing:
  /a:
    parameters:
    get:
      parameters:
      security:
      responses:
        202:
          headers: {X-One: }
          content: {application/json: {schema: {properties: {a: , b: {enum: [null]}}}}}
        404:
components:
"""
    api = fake.openapi(described)

    told = client.get("/a")
    assert (told.status_code, told.json()["b"], "x-one" in told.headers) == (202, None, True)
    assert api.reply("GET /a", 404).status == 404
