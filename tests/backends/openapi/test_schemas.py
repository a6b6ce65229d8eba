"""What is in bodies, against schemas that are met in real documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.backends.openapi.pets import document, operation

if TYPE_CHECKING:
    import httpx

    from pytest_integrations import FakeRest

_SHARED: dict[str, Any] = {
    "x-shared": {"Code": {"type": "string", "pattern": "^x"}},
    "components": {
        "schemas": {
            "Kind": {"type": "string", "enum": ["a"]},
            "Cat": {"type": "object", "properties": {"pet": {"type": "string"}, "lives": {"type": "integer"}}},
            "Dog": {"type": "object", "properties": {"pet": {"type": "string"}, "size": {"type": "integer"}}},
        }
    },
}
_PETS = {
    "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
    "discriminator": {"propertyName": "pet", "mapping": {"kitten": "#/components/schemas/Cat", "pup": "Dog"}},
}


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"type": "number", "multipleOf": 0.01}, 19.99, None),
        ({"type": "number", "multipleOf": 0.01}, 1e300, None),
        ({"type": "number", "multipleOf": 0.01}, 19.995, "19.995 is not a multiple of 0.01"),
        ({"type": "integer", "multipleOf": 5}, 7, "7 is not a multiple of 5"),
        ({"nullable": True, "allOf": [{"$ref": "#/components/schemas/Kind"}]}, None, None),
        ({"nullable": True, "oneOf": [{"$ref": "#/components/schemas/Kind"}, {"type": "integer"}]}, None, None),
        ({"allOf": [{"$ref": "#/components/schemas/Kind"}]}, None, "None is not of type 'string'"),
        ({"type": "string", "pattern": r"^\p{L}+$"}, "é", None),
        ({"$ref": "#/x-shared/Code"}, "xy", None),
        ({"$ref": "#/x-shared/Code"}, "y", "'y' does not match '^x'"),
        (_PETS, {"pet": "Dog", "size": 1}, None),
        (_PETS, {"pet": "kitten", "lives": 9}, None),
        (_PETS, {"pet": "kitten", "lives": "x"}, "lives: 'x' is not of type 'integer'"),
        (_PETS, {"pet": "pup", "size": "x"}, "size: 'x' is not of type 'integer'"),
        (_PETS, {"pet": "horse"}, "{'pet': 'horse'} is valid under each of"),
        (_PETS, 7, "7 is not valid under any of"),
    ],
)
def test_schemas_as_clients_and_servers_read_them(
    fake: FakeRest, client: httpx.Client, schema: Any, value: Any, said: str | None
) -> None:
    content = {"application/json": {"schema": schema}}
    fake.openapi(document({"/a": {"post": operation(requestBody={"content": content})}}, **_SHARED))
    client.post("/a", content=json.dumps(value), headers={"Content-Type": "application/json"})

    broken = [line.strip() for problem in fake.ledger.untold() for line in problem.text.splitlines()[1:]]
    assert bool(broken) == (said is not None), broken
    assert said is None or broken[0].startswith(f"body: {said}")


def test_a_reference_to_nothing_is_told(fake: FakeRest, client: httpx.Client) -> None:
    content = {"application/json": {"schema": {"properties": {"a": {"$ref": "#/components/schemas/Kid"}}}}}
    fake.openapi(document({"/a": {"post": operation(requestBody={"content": content})}}, **_SHARED))
    client.post("/a", json={"a": 1})

    said = "ScriptingError: openapi: in the document, $ref '#/components/schemas/Kid' refers to nothing"
    assert fake.ledger.untold()[0].text.endswith(said)
