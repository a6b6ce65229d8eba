"""What a request says in its body, against what the document asks for."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from pytest_integrations.backends.http_objects import environ_of

from .parameters import converted, in_brackets, nested
from .shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.http_objects import RecordedCall

    from .document import Document, Operation
    from .schemas import Schemas

__all__ = ["body_errors", "is_json", "media_type"]

_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


def body_errors(document: Document, schemas: Schemas, operation: Operation, call: RecordedCall) -> Iterator[str]:
    """Yield in words what is wrong with the body of *call*."""
    if operation.body is None:
        return
    if not call.body:
        if operation.body.get("required"):
            yield "the body is missing"
        return
    kind = media_type(call.headers.get("content-type", ""))
    known = operation.body.get("content", {})
    found = next((each for each in sorted(known, key=_exactness) if fnmatchcase(kind, media_type(each))), None)
    if found is None:
        yield f"content type is {kind or 'missing'}, expected {' or '.join(known)}"
        return
    media = known[found]
    schema = media.get("schema")
    if schema is None:
        return
    try:
        value = _value(document, media, kind, call)
    except ValueError as error:
        yield f"the body is not {kind}: {error}"
        return
    if value is not None:
        yield from (f"body: {each}" for each in schemas.errors(schema, value[0], sent_by="client"))


def media_type(header: str) -> str:
    """Return a content type without its parameters, in small letters.

    >>> media_type("Application/JSON; charset=utf-8")
    'application/json'
    """
    return header.partition(";")[0].strip().lower()


def is_json(kind: str) -> bool:
    """Tell whether a media type is JSON.

    >>> is_json("application/json"), is_json("application/problem+json"), is_json("text/plain")
    (True, True, False)
    """
    return kind.endswith(("/json", "+json"))


def _exactness(pattern: str) -> int:
    return pattern.count("*")


def _value(document: Document, media: dict[str, Any], kind: str, call: RecordedCall) -> tuple[Any] | None:
    """Return the value of the body, alone in a tuple; None for what has no schema's kind of value."""
    if is_json(kind):
        return (json.loads(call.body),)
    if kind in _FORMS:
        return (_fields(document, media, call),)
    return (call.text,) if kind.startswith("text/") else None


def _fields(document: Document, media: dict[str, Any], call: RecordedCall) -> dict[str, Any]:
    """Return the fields of a form, files by what is in them."""
    with Request(environ_of(call), populate_request=False) as request:  # one of our own, whose files are closed here
        said = dict(request.form.lists())
        for name, files in request.files.lists():
            said[name] = [*said.get(name, ()), *(_text(file.read()) for file in files)]
    shape = Shape.of(document, media["schema"])
    pairs = [(name, value) for name, values in said.items() for value in values]
    found: dict[str, Any] = {}
    for name, values in said.items():
        outer = name.partition("[")[0]
        if name not in shape.properties and outer in shape.properties:
            found[outer] = nested(document, shape.member(outer), in_brackets(outer, pairs))
        else:
            explode = (media.get("encoding") or {}).get(name, {}).get("explode", True)
            found[name] = _field(document, shape.member(name), values, explode=explode)
    return found


def _text(content: bytes) -> str:
    """Return *content* as text, or what is none byte by byte: a schema may limit its length."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _field(document: Document, schema: Any, values: list[str], *, explode: bool) -> Any:
    """Return what a field says in *values*, once for each time that it is said."""
    shape = Shape.of(document, schema)
    if "array" not in shape.kinds or (len(values) == 1 and len(shape.kinds) > 1):
        return converted(document, schema, values[-1])
    return [converted(document, shape.items, each) for each in (values if explode else values[-1].split(","))]
