"""What text is to be taken apart into: the types that a schema admits, wherever in it they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .document import Document

__all__ = ["Shape"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema says of values, with all that it refers to and is put together from (`allOf`, `anyOf`, `oneOf`)."""

    kinds: tuple[str, ...]
    """The types that it admits, without null; none where it does not say."""
    properties: Mapping[str, Any]
    others: Any
    """The schema of properties that are not named."""
    items: Any

    @classmethod
    def of(cls, document: Document, schema: Any) -> Shape:
        """Return the shape of *schema*."""
        parts = list(_parts(document, schema, set()))
        properties = {name: each for part in parts for name, each in (part.get("properties") or {}).items()}
        others = next((each for part in parts if isinstance(each := part.get("additionalProperties"), dict)), {})
        items: Any = next((part["items"] for part in parts if "items" in part), {})
        kinds = tuple(dict.fromkeys(kind for part in parts for kind in _types(part) if kind != "null"))
        return cls(kinds or (("object",) if properties else ()), properties, others, items)

    def member(self, name: str) -> Any:
        """Return the schema of the property *name*."""
        return self.properties.get(name, self.others)


def _parts(document: Document, schema: Any, seen: set[int]) -> Iterator[dict[str, Any]]:
    if id(schema) in seen:  # it contains itself
        return
    seen.add(id(schema))
    followed = document.follow(schema)
    if isinstance(followed, dict):
        yield followed
        for word in ("allOf", "oneOf", "anyOf"):
            for part in followed.get(word) or ():
                yield from _parts(document, part, seen)


def _types(schema: dict[str, Any]) -> list[str]:
    given = schema.get("type") or []
    return given if isinstance(given, list) else [str(given)]
