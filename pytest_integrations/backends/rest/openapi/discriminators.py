"""Which of several schemas a value is of, as its `discriminator` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["chosen", "value_of"]

_SCHEMAS = "#/components/schemas/"


def value_of(discriminator: dict[str, Any], reference: str) -> str | None:
    """Return the value that stands for the schema at *reference*; None if nothing does.

    >>> value_of({"propertyName": "kind", "mapping": {"cat": "Cat"}}, "#/components/schemas/Cat")
    'cat'
    >>> value_of({"propertyName": "kind"}, "#/components/schemas/Dog")
    'Dog'
    """
    for value, target in (discriminator.get("mapping") or {}).items():
        if _is_at(target, reference):
            return str(value)
    return reference.removeprefix(_SCHEMAS) if reference.startswith(_SCHEMAS) else None


def chosen(discriminator: dict[str, Any], parts: Sequence[Any], value: Any) -> int | None:
    """Return the number of that one of *parts* which *value* is to be one of; None if it does not say."""
    if not isinstance(value, dict):
        return None
    told = value.get(discriminator.get("propertyName"))
    target = (discriminator.get("mapping") or {}).get(told, told) if isinstance(told, str) else None
    references = (
        (number, part["$ref"]) for number, part in enumerate(parts) if isinstance(part, dict) and "$ref" in part
    )
    return next((number for number, reference in references if _is_at(target, reference)), None)


def _is_at(target: Any, reference: str) -> bool:
    """Tell whether *target* of a mapping, a reference or a name, is what *reference* refers to."""
    return target in {reference, reference.removeprefix(_SCHEMAS)}
