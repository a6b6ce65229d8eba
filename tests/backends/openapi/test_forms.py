"""What is in forms, of one part or of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.backends.openapi.pets import document, operation

if TYPE_CHECKING:
    import httpx

    from pytest_integrations import FakeRest


def _broken(fake: FakeRest) -> list[str]:
    """Return what was told, without its first line."""
    return [line.strip() for problem in fake.ledger.untold() for line in problem.text.splitlines()[1:]]


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


_ORDER = {
    "allOf": [
        {"type": "object", "required": ["lines"], "properties": {"n": {"type": "integer"}}},
        {
            "properties": {
                "lines": {
                    "type": "array",
                    "items": {"required": ["price"], "properties": {"price": {}, "count": {"type": "integer"}}},
                },
                "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                "ids": {"type": "array", "items": {"type": "integer"}},
                "tags": {
                    "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string", "nullable": True}]
                },
            }
        },
    ]
}
_TEA = {"lines[0][price]": "p1"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({**_TEA, "n": "1", "metadata[a-b]": "7"}, []),
        ({**_TEA, "lines[1][price]": "p2", "lines[1][count]": "2"}, []),
        ({**_TEA, "lines[0][count]": "x"}, ["body: lines[0].count: 'x' is not of type 'integer'"]),
        ({"lines[0][count]": "1"}, ["body: lines[0]: 'price' is a required property"]),
        ({**_TEA, "ids": "1,2"}, []),
        ({**_TEA, "ids[]": ["1", "x"]}, ["body: ids[1]: 'x' is not of type 'integer'"]),
        ({**_TEA, "tags": "a,b"}, []),
        ({**_TEA, "tags": ["a", "b"]}, []),
    ],
)
def test_forms_with_objects_and_arrays_in_them(
    fake: FakeRest, client: httpx.Client, data: dict[str, Any], said: list[str]
) -> None:
    """As PHP, Rails and Stripe write them; the properties may stand in the parts of a schema."""
    form = {"schema": _ORDER, "encoding": {"ids": {"explode": False}}}
    content = {"application/x-www-form-urlencoded": form}
    fake.openapi(document({"/a": {"post": operation(requestBody={"content": content})}}))
    client.post("/a", data=data)

    assert _broken(fake) == said


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("f", ("a.txt", b"x"))], None),
        ([("f", ("a.txt", b"x")), ("f", ("long-name.png", b"\xff\x00"))], None),
        ([("f", ("a.txt", b"x"))] * 3, "f: ['x', 'x', 'x'] is too long"),
        ([("f", ("a.txt", b"long"))], "f[0]: 'long' is too long"),
        ([("about", ("about.json", b'{"n": 1}', "application/json"))], None),
        ([("about", ("blob", b'{"n": "x"}', "application/json"))], "about.n: 'x' is not of type 'integer'"),
    ],
)
def test_files(fake: FakeRest, client: httpx.Client, files: Any, said: str | None) -> None:
    """One or several of a field, as bytes or, as browsers send objects, as JSON."""
    properties = {
        "f": {"type": "array", "maxItems": 2, "items": {"type": "string", "format": "binary", "maxLength": 3}},
        "about": {"type": "object", "properties": {"n": {"type": "integer"}}},
    }
    content = {"multipart/form-data": {"schema": {"properties": properties}}}
    fake.openapi(document({"/a": {"post": operation(requestBody={"content": content})}}))
    client.post("/a", files=files)

    assert _broken(fake) == ([] if said is None else [f"body: {said}"])
