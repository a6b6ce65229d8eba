"""Documents, from wherever they are, and what is wrong with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import FakeRest, ScriptingError
from tests.backends.openapi.pets import document, pets

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


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
    described = document(
        {"/a": {"post": {"requestBody": {"content": pet}, "responses": {"200": {"description": "", "content": pet}}}}}
    )
    (tmp_path / "api.json").write_text(json.dumps(described))
    fake.openapi(tmp_path / "api.json")

    assert client.post("/a", json={"kind": "cat"}).json() == {"kind": "cat"}
    assert client.post("/a", json={"kind": "dog"}).status_code == 400
    problem = fake.ledger.untold()[0]
    assert problem.text == "fake: POST /a breaks api.json, POST /a\n  body: kind: 'dog' is not one of ['cat']"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12:30:00", "12:30:00"),
        ("[=, <]", ["=", "<"]),
        ("[1e3, 2.5e-1, -7, 0x1F, 0o17, 010, .5]", [1000.0, 0.25, -7, 31, 15, 10, 0.5]),
        ("[1_000, ~, null, 1.2.3]", ["1_000", None, None, "1.2.3"]),
    ],
)
def test_yaml_of_version_1_2(fake: FakeRest, client: httpx.Client, written: str, meant: Any) -> None:
    """Of which PyYAML's 1.1 differs in times of day, in numbers, and in a lone equals sign."""
    fake.openapi(_YAML.replace("{codes: [no, se], since: 2026-01-01, on: true}", written))

    assert client.get("/countries").json() == meant


def test_references_are_followed_below_names_that_are_words_elsewhere(
    fake: FakeRest, client: httpx.Client, tmp_path: Path
) -> None:
    """As `default` and `examples` are, within which there are none otherwise."""
    (tmp_path / "pets").mkdir()
    files = {
        "api.yaml": "{openapi: 3.1.0, paths: {/pets: {$ref: pets/paths.yaml}}}",
        "pets/paths.yaml": """
get:
  operationId: listPets
  responses:
    200:
      description: all
      content:
        application/json:
          schema: {$ref: ../pet.yaml}
          examples:
            old: {$ref: ../examples.yaml#/old}
            new: {value: {$ref: is no reference}}
    default: {$ref: ../error.yaml}
""",
        "error.yaml": "{description: '', content: {application/json: {schema: {$ref: pet.yaml#/$defs/flag}}}}",
        "examples.yaml": "old: {value: {default: false}}",
        "pet.yaml": """
$id: https://example.com/pet
properties: {default: {$ref: '#/$defs/flag'}}
$defs: {flag: {const: true}}
""",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    api = fake.openapi(tmp_path / "api.yaml")

    assert client.get("/pets").json() == {"default": False}
    assert json.loads(api.reply("listPets", example="new").body) == {"$ref": "is no reference"}
    assert api.reply("listPets", 500).body == b"true"
    assert api.contract.schemas.errors({"$ref": "#/x-bundled-files/1-pet.yaml"}, {"default": 0}, sent_by="client") == [
        "default: True was expected"
    ]


def test_a_discriminator_may_lead_to_files(fake: FakeRest, client: httpx.Client, tmp_path: Path) -> None:
    described = """
openapi: 3.0.0
paths:
  /pets:
    post:
      requestBody:
        content:
          application/json:
            schema:
              oneOf: [{$ref: cat.yaml}, {$ref: dog.yaml}]
              discriminator: {propertyName: kind, mapping: {cat: cat.yaml, dog: ./dog.yaml}}
      responses: {201: {description: made}}
"""
    (tmp_path / "api.yaml").write_text(described)
    for name, lives in (("cat", "integer"), ("dog", "string")):
        text = f"{{type: object, properties: {{kind: {{type: string}}, lives: {{type: {lives}}}}}}}"
        (tmp_path / f"{name}.yaml").write_text(text)
    fake.openapi(tmp_path / "api.yaml")

    assert client.post("/pets", json={"kind": "cat", "lives": 9}).status_code == 201
    assert client.post("/pets", json={"kind": "dog", "lives": 9}).status_code == 400
    assert fake.ledger.untold()[0].text.endswith("body: lives: 9 is not of type 'string'")


@pytest.mark.parametrize(
    ("described", "said"),
    [
        (7, "is not a document: valid are a dict, the path of a JSON or YAML file"),
        ("no-such-file.yaml", "'no-such-file.yaml' cannot be read"),
        ("{", "is neither JSON nor YAML"),
        ("a: [\n", "is neither JSON nor YAML"),
        ("- a\n- b\n", "is a list, where an OpenAPI document is an object"),
        ({"swagger": "2.0"}, "of version swagger '2.0': valid are 3.0 and 3.1"),
        ({}, "of version openapi ''"),
        ({"openapi": "3.0.0", "paths": []}, "'paths' is not an object"),
        (document({"/a": {"get": {"parameters": [{"in": "query"}]}}}), "GET /a has a parameter without a name: {'in'"),
        (document({"/a": {"$ref": "#/nowhere"}}), r"\$ref '#/nowhere' refers to nothing"),
        (document({"/a": {"$ref": "other.yaml#/a"}}), "refers to a file: give the path of a file"),
        (document({"/a": {"$ref": "https://example.com/a.yaml"}}), "refers to another host"),
        (document({"/a": {"$ref": "#/paths/~1a"}}), "refers to itself"),
    ],
)
def test_a_wrong_document_is_told(fake: FakeRest, described: Any, said: str) -> None:
    with pytest.raises(ScriptingError, match=said):
        fake.openapi(described)


def test_without_the_extra_it_is_told(fake: FakeRest, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("pytest_integrations.backends.rest.openapi")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ScriptingError, match=r"openapi\(\) needs yaml: install pytest-integrations\[openapi\]"):
        fake.openapi(pets())
