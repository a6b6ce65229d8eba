"""What operations answer, and how that goes with everything else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import FakeRest, ScriptingError, UnknownName, assert_attempts
from pytest_integrations.core.seed import Seed
from pytest_integrations.faults import status
from tests.backends.openapi.pets import document, operation, pets

if TYPE_CHECKING:
    import httpx


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_data_is_made_up_that_the_schema_admits(fake: FakeRest, client: httpx.Client, version: str) -> None:
    """Ids agree with the path, and what was sent comes back; what only clients send does not."""
    fake.openapi(pets(version))

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
            fake.openapi(pets())
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
    fake.openapi(document({"/a": {"get": {"responses": answer}}}, components=components))

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
    fake.openapi(document({"/a/{n}": {"get": {"responses": answer}}}, "3.1.0"))

    for number in range(12):
        told = client.get(f"/a/{number}")
        assert told.status_code == 200, told.text
        jsonschema.validate(told.json(), schema, jsonschema.Draft202012Validator)


def test_exclusive_limits_of_3_0_are_flags(fake: FakeRest, client: httpx.Client) -> None:
    schema = {"type": "integer", "minimum": 5, "exclusiveMinimum": True, "maximum": 7, "exclusiveMaximum": True}
    answer = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    fake.openapi(document({"/a": {"get": {"responses": answer}}}))

    assert client.get("/a").json() == 6


def test_data_that_cannot_be_made_up_is_told(fake: FakeRest, client: httpx.Client) -> None:
    schema = {"allOf": [{"type": "integer"}, {"not": {"type": "integer"}}]}
    answer = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    fake.openapi(document({"/a": {"get": {"responses": answer}}}))
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
    fake.openapi(document({"/a": {"get": {"responses": {"default": {"description": ""}, "2XX": answer}}}}))

    told = client.get("/a")
    assert (told.status_code, told.headers["x-left"], told.headers["etag"]) == (200, "3", '"v"')
    assert told.headers["content-type"] == "application/hal+json"
    assert client.get("/a", headers={"Accept": "text/csv"}).text == "a,b"


# -- with everything else


def test_routes_are_scripted_as_usual(fake: FakeRest, client: httpx.Client) -> None:
    """A declared reply goes before the document's, by either notation; so does a route that asks for more."""
    api = fake.openapi(pets())
    fake.get("/pets/{petId}").replies(api.reply("getPet", 404), {"id": 9})
    fake.post("/pets", json={"name": "taken"}).reply(409)

    assert [client.get("/pets/9").status_code for _ in range(2)] == [404, 200]
    assert client.get("/pets/9").json() == {"id": 9}
    assert client.post("/pets", json={"name": "taken", "secret": "x"}).status_code == 409
    assert client.post("/pets", json={"name": "other", "secret": "x"}).status_code == 201
    assert fake.get("/pets/<petId>") is api.route("getPet") is api.route("GET /pets/{petId}")


def test_faults_happen_to_operations(fake: FakeRest, client: httpx.Client) -> None:
    api = fake.openapi(pets())
    api.route("getPet").inject(status(503), status(503))

    assert [client.get("/pets/7").status_code for _ in range(3)] == [503, 503, 200]
    assert client.get("/pets").status_code == 200
    assert_attempts(api.route("getPet").received, exactly=3)


def test_paths_stand_below_the_server_or_where_the_test_says(fake: FakeRest, client: httpx.Client) -> None:
    server = {"url": "https://{host}/{version}/", "variables": {"host": {"default": "h"}, "version": {"default": "v2"}}}
    described = document({"/a": {"get": operation()}}, servers=[server])
    fake.openapi(described)
    fake.openapi(described, at="/other")

    assert [client.get(path).status_code for path in ("/v2/a", "/other/a", "/a")] == [200, 200, 404]
    fake.ledger.untold()


def test_answers_are_had_by_name(fake: FakeRest) -> None:
    api = fake.openapi(pets())

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


# -- what real documents have


def _answering(responses: Any, path: str = "/a") -> dict[str, Any]:
    return document({path: {"get": {"operationId": "a", "responses": responses}}})


def _made(schema: Any, kind: str = "application/json", **rest: Any) -> dict[str, Any]:
    return {"200": {"description": "", "content": {kind: {"schema": schema}}, **rest}}


@pytest.mark.parametrize("asked", ["7", "007", "a-b", "²", "9" * 5000])
@pytest.mark.parametrize("name", ["id", "request"])
def test_an_id_is_what_the_path_says(fake: FakeRest, client: httpx.Client, asked: str, name: str) -> None:
    """Where it is text, too, that looks like a number or is no name for an argument."""
    schema = {"type": "object", "required": [name], "properties": {name: {"type": "string"}}}
    fake.openapi(_answering(_made(schema), f"/a/{{{name}}}"))

    assert client.get(f"/a/{asked}").json() == {name: asked}


@pytest.mark.parametrize("kind", ["json", "data", "files"])
def test_what_a_client_sends_comes_back(fake: FakeRest, client: httpx.Client, kind: str) -> None:
    """Forms as well as JSON."""
    sent = {"name": "Ada", "count": 7, "is_on": True, "code": "007"}
    kinds = {"name": "string", "count": "integer", "is_on": "boolean", "code": "string"}
    schema = {"type": "object", "properties": {name: {"type": each} for name, each in kinds.items()}}
    fake.openapi(document({"/a": {"post": {"responses": _made(schema)}}}))
    texts = {name: str(value).lower() if value is True else str(value) for name, value in sent.items()}
    body = {"json": sent, "data": texts, "files": {name: (None, text) for name, text in texts.items()}}[kind]

    assert client.post("/a", **{kind: body}).json() == sent  # type: ignore[arg-type]


def test_header_fields_of_the_wire_are_not_made_up(fake: FakeRest, client: httpx.Client) -> None:
    """A made-up length would leave the client waiting for the rest."""
    number = {"schema": {"type": "integer", "minimum": 90}}
    headers = {"Content-Length": number, "Content-Encoding": {"example": "gzip"}, "X-Total": number}
    fake.openapi(_answering(_made({"type": "object"}, headers=headers)))

    told = client.get("/a")
    assert told.json() == {}
    assert int(told.headers["x-total"]) >= 90


@pytest.mark.parametrize(
    ("responses", "code"),
    [
        ({"400": {}}, 200),
        ({"404": {}, "default": {}}, 200),
        ({"400": {}, "302": {}, "default": {}}, 302),
        ({"400": {}, "3XX": {}, "202": {}}, 202),
        ({}, 200),
    ],
)
def test_a_healthy_operation_answers_no_error(fake: FakeRest, client: httpx.Client, responses: Any, code: int) -> None:
    fake.openapi(_answering(responses))

    assert client.get("/a").status_code == code


def test_an_example_that_the_schema_does_not_admit_is_left_out(fake: FakeRest, client: httpx.Client) -> None:
    properties = {"n": {"type": "integer", "example": "7"}, "m": {"type": "integer", "example": 8}}
    fake.openapi(_answering(_made({"type": "object", "required": True, "properties": properties})))

    told = client.get("/a").json()
    assert isinstance(told["n"], int)
    assert told["m"] == 8


def test_xml_is_not_made_up(fake: FakeRest, client: httpx.Client) -> None:
    fake.openapi(_answering(_made({"type": "object"}, "application/xml")))

    assert client.get("/a").status_code == 500
    assert "application/xml cannot be made up: write an example as text" in fake.ledger.untold()[0].text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("text/*", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/csv;q=0.1, */*", "application/json"),
        ("image/png", "application/json"),
        ("", "application/json"),
    ],
)
def test_the_client_chooses_the_media_type(fake: FakeRest, client: httpx.Client, accept: str, kind: str) -> None:
    content = {"text/csv": {"example": "a"}, "application/json": {"example": {}}}
    fake.openapi(_answering({"200": {"description": "", "content": content}}))

    assert client.get("/a", headers={"Accept": accept}).headers["content-type"].startswith(kind)


def test_what_was_declared_before_the_document_goes_before_it_too(fake: FakeRest, client: httpx.Client) -> None:
    fake.get("/pets/{petId}").replies(404, {"id": 9})
    fake.get("/pets")
    fake.openapi(pets())
    fake.openapi(_answering({"202": {}}, "/pets"))

    assert [client.get("/pets/9").status_code for _ in range(2)] == [404, 200]
    assert client.get("/pets/9").json() == {"id": 9}
    assert client.get("/pets").status_code == 202, "that of the later document"


@pytest.mark.parametrize(("url", "path"), [("v2", "/v2/a"), (".", "/a"), ("./v2/", "/v2/a"), ("//h/v2", "/v2/a")])
def test_a_server_may_be_relative(fake: FakeRest, client: httpx.Client, url: str, path: str) -> None:
    fake.openapi({**_answering({"200": {}}), "servers": [{"url": url}]})

    assert client.get(path).status_code == 200


def test_wrong_arguments_are_told(fake: FakeRest) -> None:
    api = fake.openapi(_answering({"204": {"description": ""}}))

    with pytest.raises(ScriptingError, match="at='v2' must begin with a slash, such as '/v2'"):
        fake.openapi(pets(), at="v2")
    with pytest.raises(ScriptingError, match="status='404' is not a status: valid are numbers such as 404"):
        api.reply("a", "404")  # type: ignore[arg-type]
    with pytest.raises(ScriptingError, match="has no example 'x' in the document: valid are none"):
        api.reply("a", example="x")
