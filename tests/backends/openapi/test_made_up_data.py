"""Made-up data: of whatever schema, it is what the schema admits, or the schema is told to need an example."""

from __future__ import annotations

import random
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_integrations import ScriptingError
from pytest_integrations.backends.rest.openapi.data import Data
from pytest_integrations.backends.rest.openapi.document import Document
from pytest_integrations.backends.rest.openapi.schemas import Schemas
from pytest_integrations.backends.rest.openapi.text import matching

_DOCUMENT = Document({"openapi": "3.1.0"})
_SCHEMAS = Schemas(_DOCUMENT)

_NUMBER = st.integers(-50, 50)
_NAMES = st.sampled_from(["a", "b", "id"])
_LEAVES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={"minimum": _NUMBER, "maximum": _NUMBER, "exclusiveMinimum": _NUMBER, "multipleOf": st.integers(1, 9)},
    ),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={"minLength": st.integers(0, 8), "maxLength": st.integers(8, 20), "format": st.just("odd")},
    ),
    st.fixed_dictionaries({"type": st.sampled_from(["boolean", "null", ["string", "null"]])}),
    st.fixed_dictionaries({"enum": st.lists(st.one_of(st.integers(), st.text(max_size=3)), min_size=1, max_size=3)}),
)  # fmt: skip


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object")},
            optional={
                "properties": st.dictionaries(_NAMES, inner, max_size=3),
                "required": st.lists(_NAMES, max_size=2, unique=True),
                "minProperties": st.integers(0, 3),
            },
        ),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"minItems": st.integers(0, 3)}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=1)}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=st.recursive(_LEAVES, _containers, max_leaves=6), seed=st.integers(0, 100))
def test_made_up_data_is_admitted(schema: Any, seed: int) -> None:
    """By jsonschema itself; of these schemas only those with empty ranges have nothing to be found."""
    data = Data(_DOCUMENT, _SCHEMAS, random.Random(seed), {"id": [7]})
    try:
        value = data.of(schema)
    except ScriptingError:
        assert "imum" in str(schema), "only a range of numbers may be empty, or have no multiple in it"
        return
    jsonschema.validate(value, schema, jsonschema.Draft202012Validator)
    assert value == Data(_DOCUMENT, _SCHEMAS, random.Random(seed), {"id": [7]}).of(schema)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{2}\d{4}$",
        r"^(cat|dog)s?$",
        r"^[^a-z]{3,}$",
        r"^(.)\1\W\S\s\D$",
        r"a.c",
        r"^x*?y+?$",
        r"^[\w.-]+@[\w-]+\.[a-z]{2,3}$",
        r"^[^a]x[^b]$",
    ],
)
def test_text_is_made_up_of_a_pattern(pattern: str) -> None:
    import re

    for seed in range(20):
        text = matching(random.Random(seed), pattern)
        assert text is not None
        assert re.search(pattern, text)


@pytest.mark.parametrize("pattern", [r"^(?=a).$", r"[", r"^[^a-zA-Z0-9\-_. ]$"])
def test_a_pattern_that_is_beyond_it_is_left_to_an_example(pattern: str) -> None:
    assert matching(random.Random(1), pattern) is None


def test_a_schema_that_contains_itself_ends() -> None:
    tree = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    tree["properties"] |= {
        "left": {"$ref": "#/components/schemas/T"},
        "kids": {"items": {"$ref": "#/components/schemas/T"}},
    }  # type: ignore[operator]
    document = Document({"openapi": "3.1.0", "components": {"schemas": {"T": tree}}})
    made = Data(document, Schemas(document), random.Random(1)).of({"$ref": "#/components/schemas/T"})
    assert list(made) == ["name"]

    endless = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/components/schemas/T"}}}
    document = Document({"openapi": "3.1.0", "components": {"schemas": {"T": endless}}})
    with pytest.raises(ScriptingError, match="contains itself without an end"):
        Data(document, Schemas(document), random.Random(1)).of({"$ref": "#/components/schemas/T"})


def test_made_up_data_is_what_its_discriminator_says() -> None:
    """Where the property is free text, so that schemas that are alike are told apart by that alone."""
    kind = {"type": "object", "required": ["pet"], "properties": {"pet": {"type": "string", "example": "fish"}}}
    own = {"type": "object", "properties": {"pet": {"type": "string", "enum": ["bird"]}}}
    schemas = {
        "Pet": {**kind, "discriminator": {"propertyName": "pet", "mapping": {"kitten": "#/components/schemas/Cat"}}},
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"lives": {"type": "integer"}}}]},
        "Dog": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"size": {"type": "integer"}}}]},
        "Bird": {"allOf": [{"$ref": "#/components/schemas/Pet"}, own]},
        "A": kind,
        "B": kind,
        "Either": {
            "oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}],
            "discriminator": {"propertyName": "pet"},
        },
    }
    document = Document({"openapi": "3.0.3", "components": {"schemas": schemas}})
    data = Data(document, Schemas(document), random.Random(1))

    for name, value in (("Cat", "kitten"), ("Dog", "Dog"), ("Bird", "bird")):
        assert data.of({"$ref": f"#/components/schemas/{name}"})["pet"] == value
    assert {data.of({"$ref": "#/components/schemas/Either"})["pet"] for _ in range(20)} == {"A", "B"}
