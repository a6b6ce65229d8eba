"""Made-up data that a schema admits: the same for the same seed, and small."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError

from .discriminators import value_of
from .text import formatted, matching, words

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from .document import Document
    from .schemas import Schemas

__all__ = ["Data"]

_DEEP = 5
"""Below which only what is required is made, since schemas may contain themselves."""
_BOTTOMLESS = 40
_TRIES = 30


class Data:
    """Makes data up for one answer; by name, the first of the *known* values is used that the schema admits."""

    def __init__(
        self,
        document: Document,
        schemas: Schemas,
        random: random.Random,
        known: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        """Draw from *random*."""
        self._document = document
        self._schemas = schemas
        self._random = random
        self._known = known or {}
        self._doubts_examples = False
        """Whether examples are used only where the schema admits them, as some in it do not."""
        self._within: list[int] = []
        """Which schemas are being made; what may be left out is not made within itself."""

    def of(self, schema: Any) -> Any:
        """Return something that *schema* admits; a `ScriptingError` if none was found."""
        value = None
        for number in range(_TRIES):
            self._doubts_examples = number > 0
            value = self._make(schema, 0)
            if self._schemas.admits(schema, value):
                return value
        why = "; ".join(self._schemas.errors(schema, value, sent_by="server"))
        msg = (
            f"no data could be made up that the schema admits (last tried {value!r}: {why}): "
            "write an example in the document, or script the reply"
        )
        raise ScriptingError(msg)

    def _make(self, schema: Any, depth: int) -> Any:
        reference = _reference(schema)
        schema = self._document.follow(schema)
        if not isinstance(schema, dict):
            return None  # true admits anything
        if depth > _BOTTOMLESS:
            msg = "the schema contains itself without an end: write an example in the document, or script the reply"
            raise ScriptingError(msg)
        examples = [schema["example"]] if "example" in schema else schema.get("examples")
        for example in examples if isinstance(examples, list) else ():
            if not self._doubts_examples or self._schemas.admits(schema, example):
                return example
        self._within.append(id(schema))
        try:
            return self._of_kind(self._joined(schema, reference), depth)
        finally:
            self._within.pop()

    def _of_kind(self, schema: dict[str, Any], depth: int) -> Any:
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._random.choice(schema["enum"])
        make = {
            "object": self._object, "array": self._array, "string": self._string, "integer": self._number,
            "number": self._number, "boolean": lambda *_: self._random.random() < 0.5,
        }.get(_kind(schema))  # fmt: skip
        return None if make is None else make(schema, depth)

    def _joined(self, schema: dict[str, Any], reference: str = "") -> dict[str, Any]:
        """Return *schema*, found at *reference*, with its parts in it: all of `allOf`, one of `oneOf` or `anyOf`."""
        choices = [self._random.choice(schema[name]) for name in ("oneOf", "anyOf") if schema.get(name)]
        joined = {key: value for key, value in schema.items() if key not in {"allOf", "oneOf", "anyOf"}}
        for part in (*schema.get("allOf", ()), *choices):
            more = self._document.follow(part)
            if isinstance(more, dict):
                joined = _merged(joined, self._joined(more))
        told = joined.get("discriminator")
        if not isinstance(told, dict) or "propertyName" not in told:
            return joined
        value = value_of(told, next(filter(None, map(_reference, choices)), reference))
        return joined if value is None else self._discriminated(joined, told["propertyName"], value)

    def _discriminated(self, schema: dict[str, Any], name: str, value: str) -> dict[str, Any]:
        """Return *schema* with *value* as that of the property *name*, unless that has values of its own."""
        given = self._document.follow(schema.get("properties", {}).get(name, {}))
        if "const" in given or value not in given.get("enum", [value]):
            return schema
        return _merged(schema, {"properties": {name: {"const": value}}, "required": [name]})

    # -- by type

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        required = given if isinstance(given := schema.get("required"), list) else []
        made: dict[str, Any] = {}
        for name, given in schema.get("properties", {}).items():
            wanted = self._document.follow(given)
            if self._is_left_out(wanted, depth, is_required=name in required):
                continue
            known = [value for value in self._known.get(name, ()) if depth == 0 and self._schemas.admits(given, value)]
            made[name] = known[0] if known else self._make(given, depth + 1)
        rest = schema.get("additionalProperties", {})
        missing = [name for name in required if name not in made and name not in schema.get("properties", {})]
        spare = max(0, schema.get("minProperties", 0) - len(made) - len(missing))
        for name in (*missing, *(f"key{number}" for number in range(1, spare + 1))):
            made[name] = self._make(rest if isinstance(rest, dict) and rest else {"type": "string"}, depth + 1)
        return made

    def _is_left_out(self, schema: Any, depth: int, *, is_required: bool) -> bool:
        """Tell whether a property is left out: what only clients send, and what need not be, where that goes deep."""
        if not isinstance(schema, dict):
            return not is_required
        if schema.get("writeOnly") or is_required:
            return bool(schema.get("writeOnly"))
        inner = self._document.follow(schema.get("items", schema))
        return depth >= _DEEP or bool(schema.get("deprecated")) or id(inner) in self._within

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        least = schema.get("minItems", 0)
        most = schema.get("maxItems", max(least, 3))
        count = least if depth >= _DEEP else max(least, self._random.randint(min(1, most), min(most, max(least, 3))))
        first = [self._make(each, depth + 1) for each in schema.get("prefixItems", ())][:most]
        items = schema.get("items", {})
        made: list[Any] = first
        for _ in range(count * _TRIES):
            if len(made) >= count or items is False:
                break
            value = self._make(items, depth + 1)
            if not schema.get("uniqueItems") or value not in made:
                made.append(value)
        return made

    def _string(self, schema: dict[str, Any], _depth: int) -> str:
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        if "pattern" in schema:
            found = matching(self._random, schema["pattern"], least)
            if found is not None:
                return found
        found = formatted(self._random, schema.get("format", ""))
        return words(self._random, least, most) if found is None else found

    def _number(self, schema: dict[str, Any], _depth: int) -> float:
        least, most = _limits(schema)
        step = schema.get("multipleOf", 1 if _kind(schema) == "integer" else 0.01)
        if most < least:
            return least
        first = math.ceil(round(least / step, 9))
        last = max(first, math.floor(round(most / step, 9)))
        chosen = self._random.randint(first, last) * step
        return int(chosen) if _kind(schema) == "integer" else round(chosen, 6)


def _limits(schema: dict[str, Any]) -> tuple[float, float]:
    """Return the least and greatest number that *schema* admits; exclusive limits in 3.0 are flags, in 3.1 numbers."""
    nudge = schema.get("multipleOf", 1 if _kind(schema) == "integer" else 0.01)
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if above is True and low is not None:
        low += nudge
    elif above is not None and not isinstance(above, bool):
        low = above + nudge if low is None else max(low, above + nudge)
    if below is True and high is not None:
        high -= nudge
    elif below is not None and not isinstance(below, bool):
        high = below - nudge if high is None else min(high, below - nudge)
    if low is None:
        low = 1 if high is None or high >= 1 else high - 1000
    return low, low + 1000 if high is None else high


def _kind(schema: dict[str, Any]) -> str:
    """Return the type to make: what *schema* says, or what its other words are about."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind:
        return str(kind)
    hints = {"properties": "object", "required": "object", "additionalProperties": "object", "items": "array"}
    hints |= {"pattern": "string", "format": "string", "minLength": "string", "maxLength": "string"}
    hints |= {"minimum": "number", "maximum": "number", "multipleOf": "number"}
    return next((hints[word] for word in schema if word in hints), "object")


def _reference(schema: Any) -> str:
    """Return what *schema* refers to, if that is all that it does."""
    return str(schema.get("$ref", "")) if isinstance(schema, dict) else ""


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that asks for what both ask for, as far as that is needed to make something up."""
    merged = {**one, **other}
    for name in ("properties", "patternProperties"):
        if name in one and name in other:
            merged[name] = {**one[name], **other[name]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    if "enum" in one and "enum" in other:
        merged["enum"] = [value for value in one["enum"] if value in other["enum"]]
    for name, choose in (("minLength", max), ("minimum", max), ("minItems", max), ("maxLength", min), ("maximum", min)):
        if name in one and name in other:
            merged[name] = choose(one[name], other[name])
    return merged
