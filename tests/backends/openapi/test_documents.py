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
