"""JSON Schema as OpenAPI has it: draft 4 with `nullable` in 3.0, draft 2020-12 in 3.1, and formats that count."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING, Any

import jsonschema
from jsonschema import validators
from referencing.exceptions import Unresolvable

from pytest_integrations.core.errors import ScriptingError

from .keywords import discriminated, multiple_of, nullable, pattern, required_but

if TYPE_CHECKING:
    from .document import Document

__all__ = ["Schemas"]

_SHOWN = 3
_FORMATS = jsonschema.FormatChecker(("date", "email", "ipv4", "ipv6", "uuid"))


@_FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or ("T" in value.upper() and datetime.fromisoformat(value).tzinfo is not None)


@_FORMATS.checks("byte", raises=binascii.Error)
def _is_base64(value: object) -> bool:
    return not isinstance(value, str) or bool(base64.b64decode(value, validate=True) or value == "")


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or (":" in value and " " not in value)


def _fits(bits: int) -> Any:
    return lambda value: not isinstance(value, int) or -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


_FORMATS.checks("int32")(_fits(32))
_FORMATS.checks("int64")(_fits(64))


class Schemas:
    """Checks values against the schemas of one document."""

    def __init__(self, document: Document) -> None:
        """Check as the version of *document* has it."""
        self._document = document
        self._known: dict[tuple[int, str], Any] = {}
        shared = ("components", "paths", "webhooks", "definitions", "$defs")
        self._root = {key: each for key, each in document.content.items() if key in shared or key.startswith("x-")}

    def errors(self, schema: Any, value: Any, *, sent_by: str) -> list[str]:
        """Return in words what *schema* has against *value*, which was `sent_by` the "client" or the "server"."""
        try:
            found = sorted(
                self._validator(schema, sent_by).iter_errors(value), key=lambda error: list(map(str, error.path))
            )
        except Unresolvable as error:
            reference = f"#{error.ref.removeprefix('#')}"
            msg = f"openapi: in {self._document.name}, $ref {reference!r} refers to nothing"
            raise ScriptingError(msg) from error
        words = [_said(error) for error in found[:_SHOWN]]
        return [*words, f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else words

    def admits(self, schema: Any, value: Any) -> bool:
        """Tell whether a server may send *value*."""
        return bool(self._validator(schema, "server").is_valid(value))

    def _validator(self, schema: Any, sent_by: str) -> Any:
        key = id(schema), sent_by
        if key not in self._known:
            kind = _kind(self._document.is_3_0, sent_by)
            self._known[key] = schema, kind({"allOf": [schema], **self._root}, format_checker=_FORMATS)
        return self._known[key][1]


def _said(error: Any) -> str:
    where = error.json_path.removeprefix("$").removeprefix(".")
    message = str(error.message)
    message = message if len(message) <= 200 else f"{message[:200]}…"
    return f"{where}: {message}" if where else message


def _kind(is_3_0: bool, sent_by: str) -> Any:  # noqa: FBT001 -- the version of the document
    base = jsonschema.Draft4Validator if is_3_0 else jsonschema.Draft202012Validator
    others = "readOnly" if sent_by == "client" else "writeOnly"
    changed = {"required": required_but(others), "multipleOf": multiple_of, "pattern": pattern}
    changed |= {word: discriminated(base.VALIDATORS[word]) for word in ("oneOf", "anyOf")}
    if is_3_0:
        usual = {**base.VALIDATORS, **changed}
        changed |= {word: nullable(usual[word]) for word in ("type", "enum", "allOf", "oneOf", "anyOf")}
    return validators.extend(base, changed)  # type: ignore[no-untyped-call]
