"""Answers as an OpenAPI document says, and requests that break it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import FakeRest, ScriptingError, UnexpectedCall, UnknownName, assert_attempts
from pytest_integrations.core.seed import Seed
from pytest_integrations.faults import status

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

_PET = {
    "type": "object",
    "required": ["id", "name", "secret"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": {"type": "string", "minLength": 3},
        "tag": {"type": "string", "nullable": True},
        "secret": {"type": "string", "writeOnly": True},
        "parent": {"$ref": "#/components/schemas/Pet"},
    },
}


def _operation(**content: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "fine"}}, **content}


def _document(paths: dict[str, Any], version: str = "3.0.3", **rest: Any) -> dict[str, Any]:
    return {"openapi": version, "info": {"title": "pets", "version": "1"}, "paths": paths, **rest}


def _pets(version: str = "3.0.3") -> dict[str, Any]:
    pet = {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    many = {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}}
    missing = {"application/problem+json": {"example": {"title": "no such pet"}}}
    pet_id = {"name": "petId", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 10}}
    return _document(
        {
            "/pets": {
                "get": {
                    "operationId": "listPets",
                    "parameters": [limit],
                    "responses": {"200": {"description": "all", "content": many}},
                },
                "post": {
                    "operationId": "addPet",
                    "requestBody": {"required": True, "content": pet},
                    "responses": {"201": {"description": "made", "content": pet}},
                },
            },
            "/pets/{petId}": {
                "parameters": [pet_id],
                "get": {
                    "operationId": "getPet",
                    "responses": {
                        "200": {"description": "one", "content": pet},
                        "404": {"description": "none", "content": missing},
                    },
                },
                "delete": {"responses": {"204": {"description": "gone"}}},
            },
        },
        version,
        components={"schemas": {"Pet": _PET}},
    )


# -- answers


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_data_is_made_up_that_the_schema_admits(fake: FakeRest, client: httpx.Client, version: str) -> None:
    """Ids agree with the path, and what was sent comes back; what only clients send does not."""
    fake.openapi(_pets(version))

    one, many = client.get("/pets/7").json(), client.get("/pets").json()
    made = client.post("/pets", json={"name": "rex", "secret": "s"})

    assert one["id"] == 7
    assert len(one["name"]) >= 3
    assert "secret" not in one
    assert 1 <= len(many) <= 3
    assert (made.status_code, made.json()["name"]) == (201, "rex")
    assert client.delete("/pets/7").status_code == 204


def test_data_is_the_same_for_the_same_seed_and_thing() -> None:
    def told(seed: int) -> list[Any]:
        import httpx

        with FakeRest(seed=Seed(seed, "test")) as fake, httpx.Client(base_url=fake.url) as client:
            fake.openapi(_pets())
            return [client.get(path).json() for path in ("/pets/7", "/pets/8", "/pets/7", "/pets")]

    first = told(1)
    assert first == told(1)
    assert first[0] == first[2] != first[1]
    assert first != told(2)


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ({"example": {"a": 1}, "schema": {"type": "string"}}, {"a": 1}),
        ({"examples": {"one": {"value": [1]}, "two": {"value": [2]}}}, [1]),
        ({"examples": {"one": {"$ref": "#/components/examples/E"}}}, "e"),
        ({"schema": {"type": "object", "example": {"b": 2}}}, {"b": 2}),
        ({"schema": {"type": "string", "enum": ["only"]}}, "only"),
        ({"schema": {"type": "object", "properties": {"a": {"type": "string", "example": "x"}}}}, {"a": "x"}),
    ],
)
def test_examples_go_before_made_up_data(fake: FakeRest, client: httpx.Client, media: Any, expected: Any) -> None:
    answer = {"200": {"description": "", "content": {"application/json": media}}}
    components = {"examples": {"E": {"value": "e"}}}
    fake.openapi(_document({"/a": {"get": {"responses": answer}}}, components=components))

    assert client.get("/a").json() == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 5, "exclusiveMaximum": 7},
        {"type": "number", "exclusiveMinimum": 0, "maximum": 0.05},
        {"type": "integer", "multipleOf": 7, "minimum": 20},
        {"type": "integer", "maximum": -3},
        {"type": "string", "minLength": 30, "maxLength": 31},
        {"type": "string", "pattern": r"^[A-Z]{2}\d{4}(-x|-y)?$"},
        {"type": "string", "pattern": r"^\w+@[a-z.]+[^0-9]$", "minLength": 12},
        *({"type": "string", "format": each} for each in ("date-time", "date", "uuid", "email", "ipv4", "uri", "byte")),
        {"type": "array", "items": {"type": "boolean"}, "minItems": 4, "maxItems": 5},
        {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 3}, "uniqueItems": True, "minItems": 3},
        {"type": ["string", "null"]},
        {"type": "object", "required": ["a"], "additionalProperties": {"type": "integer"}, "minProperties": 3},
        {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"required": ["b"]}]},
        {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        {"anyOf": [{"type": "integer", "maximum": 3}, {"const": "x"}]},
        {"properties": {"a": {"format": "int32", "type": "integer"}}},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2},
        {"const": {"deep": [1]}},
        {"type": "null"},
        True,
        {},
    ],
    ids=str,
)
def test_made_up_data_is_admitted(fake: FakeRest, client: httpx.Client, schema: Any) -> None:
    """By an independent reading of the schema, for several things."""
    import jsonschema

    answer = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    fake.openapi(_document({"/a/{n}": {"get": {"responses": answer}}}, "3.1.0"))

    for number in range(12):
        told = client.get(f"/a/{number}")
        assert told.status_code == 200, told.text
        jsonschema.validate(told.json(), schema, jsonschema.Draft202012Validator)


def test_exclusive_limits_of_3_0_are_flags(fake: FakeRest, client: httpx.Client) -> None:
    schema = {"type": "integer", "minimum": 5, "exclusiveMinimum": True, "maximum": 7, "exclusiveMaximum": True}
    answer = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    fake.openapi(_document({"/a": {"get": {"responses": answer}}}))

    assert client.get("/a").json() == 6


def test_data_that_cannot_be_made_up_is_told(fake: FakeRest, client: httpx.Client) -> None:
    schema = {"allOf": [{"type": "integer"}, {"not": {"type": "integer"}}]}
    answer = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    fake.openapi(_document({"/a": {"get": {"responses": answer}}}))
    client.get("/a")

    problem = fake.ledger.untold()[0]
    assert problem.kind == "handler"
    assert "GET /a in the document: no data could be made up that the schema admits" in problem.text
    assert "write an example" in problem.text


def test_headers_statuses_and_content_types(fake: FakeRest, client: httpx.Client) -> None:
    answer = {
        "description": "",
        "headers": {"X-Left": {"schema": {"type": "integer", "minimum": 3, "maximum": 3}}, "ETag": {"example": '"v"'}},
        "content": {"text/csv": {"example": "a,b"}, "application/hal+json": {"example": {}}},
    }
    fake.openapi(_document({"/a": {"get": {"responses": {"default": {"description": ""}, "2XX": answer}}}}))

    told = client.get("/a")
    assert (told.status_code, told.headers["x-left"], told.headers["etag"]) == (200, "3", '"v"')
    assert told.headers["content-type"] == "application/hal+json"
    assert client.get("/a", headers={"Accept": "text/csv"}).text == "a,b"


# -- with everything else


def test_routes_are_scripted_as_usual(fake: FakeRest, client: httpx.Client) -> None:
    """A declared reply goes before the document's, by either notation; so does a route that asks for more."""
    api = fake.openapi(_pets())
    fake.get("/pets/{petId}").replies(api.reply("getPet", 404), {"id": 9})
    fake.post("/pets", json={"name": "taken"}).reply(409)

    assert [client.get("/pets/9").status_code for _ in range(2)] == [404, 200]
    assert client.get("/pets/9").json() == {"id": 9}
    assert client.post("/pets", json={"name": "taken", "secret": "x"}).status_code == 409
    assert client.post("/pets", json={"name": "other", "secret": "x"}).status_code == 201
    assert fake.get("/pets/<petId>") is api.route("getPet") is api.route("GET /pets/{petId}")


def test_faults_happen_to_operations(fake: FakeRest, client: httpx.Client) -> None:
    api = fake.openapi(_pets())
    api.route("getPet").inject(status(503), status(503))

    assert [client.get("/pets/7").status_code for _ in range(3)] == [503, 503, 200]
    assert client.get("/pets").status_code == 200
    assert_attempts(api.route("getPet").received, exactly=3)


def test_paths_stand_below_the_server_or_where_the_test_says(fake: FakeRest, client: httpx.Client) -> None:
    server = {"url": "https://{host}/{version}/", "variables": {"host": {"default": "h"}, "version": {"default": "v2"}}}
    document = _document({"/a": {"get": _operation()}}, servers=[server])
    fake.openapi(document)
    fake.openapi(document, at="/other")

    assert [client.get(path).status_code for path in ("/v2/a", "/other/a", "/a")] == [200, 200, 404]
    fake.ledger.untold()


def test_answers_are_had_by_name(fake: FakeRest) -> None:
    api = fake.openapi(_pets())

    assert api.operations == ("listPets", "addPet", "getPet", "DELETE /pets/{petId}")
    assert json.loads(api.reply("getPet", 404).body) == {"title": "no such pet"}
    assert api.reply("DELETE /pets/{petId}").status == 204
    with pytest.raises(UnknownName, match="Did you mean 'getPet'"):
        api.reply("getPets")
    with pytest.raises(
        ScriptingError, match=r"GET /pets/\{petId\} has no answer 500 in the document: valid are 200, 404"
    ):
        api.reply("getPet", 500)
    with pytest.raises(ScriptingError, match="has no example 'x' in the document: valid are none"):
        api.reply("getPet", example="x")


# -- requests that break it


def _broken(fake: FakeRest) -> list[str]:
    """Return what was told, without its first line."""
    return [line.strip() for problem in fake.ledger.untold() for line in problem.text.splitlines()[1:]]


def test_a_request_that_breaks_it_is_refused_and_fails_the_test(fake: FakeRest, client: httpx.Client) -> None:
    fake.openapi(_pets())
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
    fake.openapi(_pets())
    fake.get("/pets").reply(200)
    fake.inject(status(503))

    assert [client.get("/pets?limit=x").status_code for _ in range(2)] == [503, 400]
    assert _broken(fake) == ["query parameter 'limit': 'x' is not of type 'integer'"] * 2


def test_what_the_document_does_not_have_is_unexpected_as_ever(fake: FakeRest, client: httpx.Client) -> None:
    fake.openapi(_pets())
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
    fake.openapi(_document({"/a": {"get": _operation(parameters=[{"in": "query", **parameter}])}}))
    client.get(request_, headers={"Accept-Version": "2", "Cookie": "a=1; session=abcd"})

    assert _broken(fake) == ([] if said is None else [said])


def test_path_parameters_of_any_name(fake: FakeRest, client: httpx.Client) -> None:
    given = [{"name": "pet-id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    fake.openapi(_document({"/a/{pet-id}": {"get": _operation(parameters=given)}}))

    assert [client.get(path).status_code for path in ("/a/7", "/a/x")] == [200, 400]
    assert _broken(fake) == ["path parameter 'pet-id': 'x' is not of type 'integer'"]


def test_an_operation_overrides_the_parameters_of_its_path(fake: FakeRest, client: httpx.Client) -> None:
    limit = {"name": "q", "in": "query", "schema": {"maxLength": 1}}
    more = {**limit, "schema": {"maxLength": 2}}
    fake.openapi(_document({"/a": {"parameters": [limit], "get": _operation(parameters=[more])}}))

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
    fake.openapi(_pets())
    client.post("/pets", **content)

    assert _broken(fake) == said


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_forms(fake: FakeRest, client: httpx.Client, kind: str) -> None:
    schema = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}, "many": {"type": "array", "items": {"type": "integer"}}},
    }
    fake.openapi(_document({"/a": {"post": _operation(requestBody={"content": {kind: {"schema": schema}}})}}))
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
    paths = {"/a": {"get": _operation()}, "/open": {"get": _operation(security=[])}}
    document = _document(paths, components=components, security=[{"s": []}])
    fake.openapi(document)
    fake.openapi(document, at="/free", security=False)

    assert client.get("/a", headers=good).status_code == 200
    assert client.get("/open").status_code == client.get("/free/a").status_code == 200
    assert client.get("/a").status_code == 401
    assert _broken(fake) == [f"credentials are missing: {said}"]


def test_one_of_several_credentials_is_enough(fake: FakeRest, client: httpx.Client) -> None:
    schemes = {"key": {"type": "apiKey", "in": "query", "name": "key"}, "basic": {"type": "http", "scheme": "basic"}}
    document = _document({"/a": {"get": _operation()}}, components={"securitySchemes": schemes})
    fake.openapi({**document, "security": [{"key": []}, {"basic": []}]})

    assert [client.get(path).status_code for path in ("/a?key=1", "/a")] == [200, 401]
    assert _broken(fake) == ["credentials are missing: query parameter 'key', or Authorization: Basic …"]


# -- documents


_YAML = """
openapi: 3.1.0
info: {title: countries, version: 2026-01-01}
paths:
  /countries:
    get:
      responses:
        200:
          description: all
          content:
            application/json:
              example: {codes: [no, se], since: 2026-01-01, on: true}
"""


def test_yaml_is_read_as_openapi_has_it(fake: FakeRest, client: httpx.Client, tmp_path: Path) -> None:
    """Of version 1.2: `no` is Norway, and a date is text."""
    file = tmp_path / "countries.yaml"
    file.write_text(_YAML)
    fake.openapi(file)
    fake.openapi(_YAML, at="/text")
    fake.openapi(str(file), at="/name")

    for path in ("/countries", "/text/countries", "/name/countries"):
        assert client.get(path).json() == {"codes": ["no", "se"], "since": "2026-01-01", "on": True}


def test_a_document_may_be_in_several_files(fake: FakeRest, client: httpx.Client, tmp_path: Path) -> None:
    """Which refer to each other, by ways relative to themselves."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "pet.json").write_text(
        json.dumps({"type": "object", "required": ["kind"], "properties": {"kind": {"$ref": "../kinds.yaml#/Kind"}}})
    )
    (tmp_path / "kinds.yaml").write_text("Kind: {$ref: '#/Names'}\nNames: {enum: [cat]}\n")
    pet = {"application/json": {"schema": {"$ref": "schemas/pet.json"}}}
    document = _document(
        {"/a": {"post": {"requestBody": {"content": pet}, "responses": {"200": {"description": "", "content": pet}}}}}
    )
    (tmp_path / "api.json").write_text(json.dumps(document))
    fake.openapi(tmp_path / "api.json")

    assert client.post("/a", json={"kind": "cat"}).json() == {"kind": "cat"}
    assert client.post("/a", json={"kind": "dog"}).status_code == 400
    problem = fake.ledger.untold()[0]
    assert problem.text == "fake: POST /a breaks api.json, POST /a\n  body: kind: 'dog' is not one of ['cat']"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (7, "is not a document: valid are a dict, the path of a JSON or YAML file"),
        ("no-such-file.yaml", "'no-such-file.yaml' cannot be read"),
        ("{", "is neither JSON nor YAML"),
        ("a: [\n", "is neither JSON nor YAML"),
        ("- a\n- b\n", "is a list, where an OpenAPI document is an object"),
        ({"swagger": "2.0"}, "of version swagger '2.0': valid are 3.0 and 3.1"),
        ({}, "of version openapi ''"),
        ({"openapi": "3.0.0", "paths": []}, "'paths' is not an object"),
        (_document({"/a": {"$ref": "#/nowhere"}}), r"\$ref '#/nowhere' refers to nothing"),
        (_document({"/a": {"$ref": "other.yaml#/a"}}), "refers to a file: give the path of a file"),
        (_document({"/a": {"$ref": "https://example.com/a.yaml"}}), "refers to another host"),
        (_document({"/a": {"$ref": "#/paths/~1a"}}), "refers to itself"),
    ],
)
def test_a_wrong_document_is_told(fake: FakeRest, document: Any, said: str) -> None:
    with pytest.raises(ScriptingError, match=said):
        fake.openapi(document)


def test_without_the_extra_it_is_told(fake: FakeRest, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("pytest_integrations.backends.rest.openapi")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ScriptingError, match=r"openapi\(\) needs yaml: install pytest-integrations\[openapi\]"):
        fake.openapi(_pets())
