"""Which answer an operation gives: the document's example where it has one, else made-up data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.reply import Reply

from .bodies import is_json, media_type
from .data import Data

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from .document import Document, Operation
    from .schemas import Schemas

__all__ = ["Answers"]

_BODILESS = {204, 304}
_OF_THE_WIRE = {"connection", "content-encoding", "content-length", "content-type", "transfer-encoding"}
"""Header fields that say how the body is sent, which is for whoever sends it to say."""


class Answers:
    """Makes the answers of one document."""

    def __init__(self, document: Document, schemas: Schemas) -> None:
        """Answer as *document* says."""
        self._document = document
        self._schemas = schemas

    def reply(
        self,
        operation: Operation,
        random: random.Random,
        *,
        status: int | None = None,
        example: str | None = None,
        accept: str = "",
        known: Mapping[str, Sequence[Any]] | None = None,
    ) -> Reply:
        """Return the answer of *operation* with this *status*, by default its first success.

        *example* is the name of one of its examples; *accept* is what the client takes; *known* are values to use in
        made-up data, by name.
        """
        code, response = self._response(operation, status)
        data = Data(self._document, self._schemas, random, known)
        headers = self._headers(response, data)
        content = response.get("content") or {}
        if example is None and (not content or code in _BODILESS):
            return Reply.of(code, headers=headers)
        kind = _chosen(content, accept)
        value = self._body(operation, content.get(kind, {}), data, example)
        if isinstance(value, dict | list) and kind.endswith("xml"):
            name = self._document.name
            msg = f"{operation} in {name}: {kind} cannot be made up: write an example as text, or script the reply"
            raise ScriptingError(msg)
        body = _written(value, kind)
        return Reply.of(code, body=body, headers={"Content-Type": kind.replace("*/*", "application/json"), **headers})

    def _response(self, operation: Operation, status: int | None) -> tuple[int, dict[str, Any]]:
        known = operation.responses
        if status is None:
            chosen = min((code for code in known if code[0] in "23"), default="default")
            return int(chosen[:3].replace("X", "0")) if chosen[0] in "23" else 200, known.get(chosen, {})
        if not isinstance(status, int):
            msg = f"status={status!r} is not a status: valid are numbers such as 404"
            raise ScriptingError(msg)
        for name in (str(status), f"{status // 100}XX", "default"):
            if name in known:
                return status, known[name]
        msg = f"{operation} has no answer {status} in {self._document.name}: valid are {', '.join(known) or 'none'}"
        raise ScriptingError(msg)

    def _headers(self, response: dict[str, Any], data: Data) -> dict[str, str]:
        headers = {}
        for name, given in response.get("headers", {}).items():
            header = self._document.follow(given)
            if name.lower() not in _OF_THE_WIRE:
                value = header["example"] if "example" in header else data.of(header.get("schema", {"type": "string"}))
                headers[name] = value if isinstance(value, str) else json.dumps(value)
        return headers

    def _body(self, operation: Operation, media: dict[str, Any], data: Data, example: str | None) -> Any:
        examples = media.get("examples") or {}
        if example is not None and example not in examples:
            valid = ", ".join(examples) or "none"
            msg = f"{operation} has no example {example!r} in {self._document.name}: valid are {valid}"
            raise ScriptingError(msg)
        if example is None and "example" in media:
            return media["example"]
        chosen = examples.get(example) if example is not None else next(iter(examples.values()), None)
        if chosen is not None and "value" in (found := self._document.follow(chosen)):
            return found["value"]
        try:
            return data.of(media.get("schema", {}))
        except ScriptingError as error:
            msg = f"{operation} in {self._document.name}: {error}"
            raise ScriptingError(msg) from error


def _chosen(content: dict[str, Any], accept: str) -> str:
    """Return the media type of *content* that the client takes, JSON rather than another, else the first."""
    ranked = {media_type(kind): kind for kind in sorted(content, key=lambda kind: not is_json(media_type(kind)))}
    best = parse_accept_header(accept, MIMEAccept).best_match(ranked)
    return ranked[best] if best else next(iter(ranked.values()), "*/*")


def _written(value: Any, kind: str) -> bytes:
    if is_json(media_type(kind)) or kind == "*/*":
        return json.dumps(value, ensure_ascii=False).encode()
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()
