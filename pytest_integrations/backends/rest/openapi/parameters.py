"""What a request says in its path, query, header fields and cookies, as the document has it written down."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from pytest_integrations.backends.rest.templates import placeholder

from .shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_integrations.backends.http_objects import RecordedCall

    from .document import Document, Operation
    from .schemas import Schemas

__all__ = ["converted", "in_brackets", "nested", "parameter_errors"]

_SEPARATORS = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
_IGNORED_HEADERS = {"accept", "content-type", "authorization"}
"""Of which OpenAPI says that a parameter of this name is to be ignored."""

_BRACKETS = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_KEY = re.compile(r"\[([^\[\]]*)\]")
_NUMBERS = {
    "integer": re.compile(r"[+-]?\d+", re.ASCII),
    "number": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII),
}


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
            readings = list(_readings(document, parameter, request.texts(place, name), request))
        except ValueError as error:
            yield f"{place} parameter {name!r} cannot be read: {error}"
            continue
        if not readings:
            if parameter.get("required") or place == "path":
                yield f"{place} parameter {name!r} is missing"
        elif "" in readings and parameter.get("allowEmptyValue"):
            continue
        else:
            told = (schemas.errors(_schema(parameter), each, sent_by="client") for each in readings)
            yield from (f"{place} parameter {name!r}: {each}" for each in min(told, key=len))


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


def _readings(document: Document, parameter: dict[str, Any], texts: list[str], request: _Said) -> Iterator[Any]:
    """Yield what *texts*, said for *parameter*, may mean: one value for each type that its schema admits."""
    if "content" in parameter:
        yield from (json.loads(text) for text in texts[-1:])
        return
    schema = parameter.get("schema", {})
    shape = Shape.of(document, schema)
    style = _Style.of(parameter)
    if style.name == "deepObject":
        inner = in_brackets(parameter["name"], request.query)
        yield from [nested(document, schema, inner)] if inner else ()
    for kind in shape.kinds or ("",):
        if kind == "object":
            pairs = dict(style.pairs(texts, shape, request))
            if pairs or (style.is_spread and parameter.get("required")):  # where an empty one cannot be seen
                yield {key: converted(document, shape.member(key), text) for key, text in pairs.items()}
        elif kind == "array" and texts:
            yield [converted(document, shape.items, each) for each in style.several(texts)]
        elif texts:
            yield _of_kind(kind, style.one(texts[-1]))


@dataclass(frozen=True, slots=True)
class _Style:
    """How a parameter is written."""

    parameter: str
    place: str
    name: str
    explode: bool
    """Whether each of several values stands by itself."""

    @classmethod
    def of(cls, parameter: dict[str, Any]) -> _Style:
        place = parameter.get("in", "query")
        name = parameter.get("style", "form" if place in {"query", "cookie"} else "simple")
        return cls(parameter["name"], place, name, bool(parameter.get("explode", name == "form")))

    @property
    def is_spread(self) -> bool:
        """Whether the properties of an object are parameters of their own."""
        return self.name == "form" and self.explode

    def one(self, text: str) -> str:
        """Return *text* without what stands before the value."""
        if self.name == "matrix":
            return text.removeprefix(";").removeprefix(f"{self.parameter}=")
        return text.removeprefix(".") if self.name == "label" else text

    def several(self, texts: list[str]) -> list[str]:
        """Return the values of an array."""
        if self.explode and self.place in {"query", "cookie"}:
            return texts
        return [each.removeprefix(f"{self.parameter}=") for each in self._pieces(texts[-1])]

    def pairs(self, texts: list[str], shape: Shape, request: _Said) -> Iterator[tuple[str, str]]:
        """Yield the keys and values of an object."""
        if self.is_spread:
            yield from ((key, value) for key, value in request.query if key in shape.properties)
        elif texts and self.explode:
            yield from ((key, value) for key, _, value in (each.partition("=") for each in self._pieces(texts[-1])))
        elif texts:
            words = self._pieces(texts[-1])
            yield from zip(words[::2], words[1::2], strict=False)

    def _pieces(self, text: str) -> list[str]:
        separator = _SEPARATORS.get(self.name, ",")
        if self.explode:
            separator = {"matrix": ";", "label": "."}.get(self.name, separator)
        return [each.strip() if self.place == "header" else each for each in self.one(text).split(separator)]


def in_brackets(name: str, pairs: Iterable[tuple[str, str]]) -> list[tuple[list[str], str]]:
    """Return those of *pairs* that are within *name*, as `name[key][0]=text`: their keys, and their texts."""
    found = ((_BRACKETS.fullmatch(key), text) for key, text in pairs)
    return [(_KEY.findall(key[2]), text) for key, text in found if key is not None and key[1] == name]


def nested(document: Document, schema: Any, entries: list[tuple[list[str], str]]) -> Any:
    """Return the object or array that *entries* say piece by piece."""
    if any(not keys for keys, _ in entries):
        return converted(document, schema, entries[-1][1])
    shape = Shape.of(document, schema)
    groups: dict[str, list[tuple[list[str], str]]] = {}
    for number, (keys, text) in enumerate(entries):
        key = f"+{number}" if keys == [""] else keys[0]  # each `[]` is an item of its own
        groups.setdefault(key, []).append((keys[1:], text))
    if "array" in shape.kinds and all(key.lstrip("+").isdigit() or not key for key in groups):
        return [nested(document, shape.items, group) for group in groups.values()]
    return {key: nested(document, shape.member(key), group) for key, group in groups.items()}


def converted(document: Document, schema: Any, text: str) -> Any:
    """Return *text* as what *schema* asks for; where that cannot be, as it is, and the schema tells what is wrong."""
    read = (_of_kind(kind, text) for kind in Shape.of(document, schema).kinds)
    return next((each for each in read if not isinstance(each, str)), text)


def _of_kind(kind: str, text: str) -> Any:
    """Return *text* as a value of the type *kind*; as it is if it is none."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    try:
        if kind in _NUMBERS and _NUMBERS[kind].fullmatch(text):
            return int(text) if _NUMBERS["integer"].fullmatch(text) else float(text)
        if kind in {"object", "array"} and text[:1] in {"{", "["}:
            return json.loads(unquote(text))
    except ValueError:
        return text
    return text
