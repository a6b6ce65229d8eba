"""What a request says in its path, query, header fields and cookies, as the document has it written down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from pytest_integrations.backends.rest.templates import placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_integrations.backends.http_objects import RecordedCall

    from .document import Document, Operation
    from .schemas import Schemas

__all__ = ["converted", "parameter_errors"]

_MISSING: Any = object()
_SEPARATORS = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
_IGNORED_HEADERS = {"accept", "content-type", "authorization"}
"""Of which OpenAPI says that a parameter of this name is to be ignored."""


def parameter_errors(
    document: Document, schemas: Schemas, operation: Operation, call: RecordedCall, values: Mapping[str, str]
) -> Iterator[str]:
    """Yield in words what is wrong with the parameters of *call*; *values* are those of its path."""
    request = _Said(call, values)
    for parameter in operation.parameters:
        place, name = parameter.get("in", "query"), parameter["name"]
        if place == "header" and name.lower() in _IGNORED_HEADERS:
            continue
        try:
            value = _value(document, parameter, place, request)
        except ValueError as error:
            yield f"{place} parameter {name!r} cannot be read: {error}"
            continue
        if value is _MISSING:
            if parameter.get("required") or place == "path":
                yield f"{place} parameter {name!r} is missing"
        elif value == "" and parameter.get("allowEmptyValue"):
            continue
        else:
            found = schemas.errors(_schema(parameter), value, sent_by="client")
            yield from (f"{place} parameter {name!r}: {each}" for each in found)


class _Said:
    """What one request says, by place."""

    def __init__(self, call: RecordedCall, values: Mapping[str, str]) -> None:
        self.path = values
        self.query = parse_qsl(call.target.partition("?")[2], keep_blank_values=True)
        self.headers = call.headers
        cookies = (pair.partition("=") for pair in call.headers.get("cookie", "").split(";"))
        self.cookies = {name.strip(): value.strip() for name, equals, value in cookies if equals}

    def texts(self, place: str, name: str) -> list[str]:
        """Return what is said under *name*, once for each time that it is said."""
        if place == "query":
            return [value for key, value in self.query if key == name]
        source: Mapping[str, str] = {"path": self.path, "header": self.headers, "cookie": self.cookies}.get(place, {})
        found = source.get(placeholder(name) if place == "path" else name)
        return [] if found is None else [found]


def _schema(parameter: dict[str, Any]) -> Any:
    content = parameter.get("content")
    return next(iter(content.values())).get("schema", {}) if content else parameter.get("schema", {})


def _value(document: Document, parameter: dict[str, Any], place: str, request: _Said) -> Any:
    """Return the value of *parameter*, taken apart as its style says; `_MISSING` if there is none."""
    name = parameter["name"]
    texts = request.texts(place, name)
    if "content" in parameter:
        return json.loads(texts[-1]) if texts else _MISSING
    schema = document.follow(parameter.get("schema", {}))
    style, explode = _style(parameter, place)
    kind = _type(schema)
    if kind == "object":
        known = schema.get("properties", {})
        pairs = list(_pairs(parameter, known, texts, request))
        return {key: converted(document, known.get(key, {}), value) for key, value in pairs} if pairs else _MISSING
    if not texts:
        return _MISSING
    if kind != "array":
        return converted(document, schema, texts[-1].lstrip(".;") if style in {"label", "matrix"} else texts[-1])
    if not (explode and place in {"query", "cookie"}):
        texts = texts[-1].split(_SEPARATORS.get(style, ","))
    return [converted(document, schema.get("items", {}), each) for each in texts]


def _style(parameter: dict[str, Any], place: str) -> tuple[str, bool]:
    """Return how *parameter* is written, and whether each of several values stands by itself."""
    style = parameter.get("style", "form" if place in {"query", "cookie"} else "simple")
    return style, bool(parameter.get("explode", style == "form"))


def _pairs(
    parameter: dict[str, Any], known: Mapping[str, Any], texts: list[str], request: _Said
) -> Iterator[tuple[str, str]]:
    """Yield the keys and values of an object."""
    style, explode = _style(parameter, parameter.get("in", "query"))
    start = f"{parameter['name']}["
    if style == "deepObject":
        yield from ((key[len(start) : -1], value) for key, value in request.query if key.startswith(start))
    elif style == "form" and explode:
        yield from ((key, value) for key, value in request.query if key in known)
    elif texts and explode:
        yield from ((key, value) for key, _, value in (each.partition("=") for each in texts[-1].split(",")))
    elif texts:
        words = texts[-1].split(_SEPARATORS.get(style, ","))
        yield from zip(words[::2], words[1::2], strict=False)


def converted(document: Document, schema: Any, text: str) -> Any:  # noqa: PLR0911 -- one for each type
    """Return *text* as what *schema* asks for; where that cannot be, as it is, and the schema tells what is wrong."""
    schema = document.follow(schema)
    kind = _type(schema)
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in {"integer", "number"}:
        try:
            return int(text) if kind == "integer" or text.lstrip("-").isdigit() else float(text)
        except ValueError:
            return text
    if kind in {"object", "array"} and text[:1] in {"{", "["}:
        try:
            return json.loads(unquote(text))
        except ValueError:
            return text
    if not kind and isinstance(schema, dict):
        parts = (schema.get(key) for key in ("oneOf", "anyOf", "allOf"))
        tried = [converted(document, each, text) for part in parts if part for each in part]
        return next((each for each in tried if not isinstance(each, str)), text)
    return text


def _type(schema: Any) -> str:
    """Return the type that *schema* asks for; of several the first that is not null."""
    kind = schema.get("type", "") if isinstance(schema, dict) else ""
    if isinstance(kind, list):
        return next((each for each in kind if each != "null"), "")
    return str(kind)
