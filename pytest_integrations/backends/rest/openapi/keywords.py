"""Words of JSON Schema that OpenAPI means otherwise, or that jsonschema takes otherwise than clients and servers do."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import jsonschema

from .discriminators import chosen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["discriminated", "multiple_of", "nullable", "pattern", "required_but"]


def nullable(check: Any) -> Any:
    """Let null pass where OpenAPI 3.0 says `nullable: true`."""

    def checked(validator: Any, expected: Any, value: Any, schema: Any) -> Iterator[Any]:
        if value is not None or not schema.get("nullable"):
            yield from check(validator, expected, value, schema) or ()

    return checked


def discriminated(check: Any) -> Any:
    """Ask that one of several schemas which the value names by its discriminator, whatever the others admit."""

    def checked(validator: Any, parts: Any, value: Any, schema: Any) -> Iterator[Any]:
        discriminator = schema.get("discriminator")
        number = chosen(discriminator, parts, value) if isinstance(discriminator, dict) else None
        if number is None:
            yield from check(validator, parts, value, schema) or ()
        else:
            yield from validator.descend(value, parts[number], schema_path=number)

    return checked


def multiple_of(validator: Any, step: Any, value: Any, _schema: Any) -> Iterator[Any]:
    """Count in decimals, as they are written: 19.99 is a multiple of 0.01."""
    if validator.is_type(value, "number") and math.isfinite(value) and Fraction(str(value)) % Fraction(str(step)):
        yield jsonschema.ValidationError(f"{value!r} is not a multiple of {step}")


def pattern(validator: Any, expected: str, value: Any, _schema: Any) -> Iterator[Any]:
    r"""Look for a pattern that Python can read; another, such as `\p{L}`, is passed over as an unknown format is."""
    try:
        if validator.is_type(value, "string") and not re.search(expected, value):
            yield jsonschema.ValidationError(f"{value!r} does not match {expected!r}")
    except re.error:
        return


def required_but(others: str) -> Any:
    """Ask for what is required, but not for what only the other side sends."""

    def checked(validator: Any, names: Any, value: Any, schema: Any) -> Iterator[Any]:
        if not validator.is_type(value, "object") or not isinstance(names, list):
            return
        properties = schema.get("properties", {})
        for name in names:
            if name not in value and not _flag(validator, properties.get(name), others):
                yield jsonschema.ValidationError(f"{name!r} is a required property")

    return checked


def _flag(validator: Any, schema: Any, flag: str) -> bool:
    while isinstance(schema, dict) and "$ref" in schema and flag not in schema:
        schema = validator._resolver.lookup(schema["$ref"]).contents  # noqa: SLF001 -- no other way leads to the document
    return isinstance(schema, dict) and bool(schema.get(flag))
