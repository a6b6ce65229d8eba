"""What a fake answers, before it becomes bytes."""

from __future__ import annotations

import json as jsonlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Reply"]

_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_UNSET: Any = object()


@dataclass(frozen=True, slots=True)
class Reply:
    """One well-formed HTTP answer: a status, header fields in order, and a body.

    `chunks` is the body in pieces; where it is given, the answer uses `Transfer-Encoding: chunked` with exactly these
    chunks, and `body` is their concatenation.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunks: tuple[bytes, ...] | None = None

    @classmethod
    def of(
        cls,
        status: int = 200,
        *,
        json: Any = _UNSET,
        text: str | None = None,
        body: bytes | None = None,
        chunks: Iterable[bytes] | None = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    ) -> Reply:
        """Build a reply from at most one of *json*, *text*, *body* and *chunks*; the content type follows.

        >>> Reply.of(201, json={"id": 1})
        Reply(status=201, headers=(('Content-Type', 'application/json'),), body=b'{"id": 1}', chunks=None)
        """
        given = [
            name
            for name, is_given in (
                ("json", json is not _UNSET),
                ("text", text is not None),
                ("body", body is not None),
                ("chunks", chunks is not None),
            )
            if is_given
        ]
        if len(given) > 1:
            msg = f"a reply has one body: give one of json=, text=, body= and chunks=, not {' and '.join(given)}"
            raise ScriptingError(msg)
        if not isinstance(status, int) or not 100 <= status <= 999:
            msg = f"status={status!r} is not a status code: valid are whole numbers from 100 to 999"
            raise ScriptingError(msg)
        kind, content, pieces = _body(json, text, body, chunks)
        fields = tuple(headers.items() if hasattr(headers, "items") else headers)
        if kind and not any(name.lower() == "content-type" for name, _ in fields):
            fields = (("Content-Type", kind), *fields)
        return cls(status, fields, content, pieces)

    def header(self, name: str) -> str | None:
        """Return the first value of the header called *name*, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


def _body(
    json: Any, text: str | None, body: bytes | None, chunks: Iterable[bytes] | None
) -> tuple[str | None, bytes, tuple[bytes, ...] | None]:
    """Return content type, content and chunks of whichever form of body was given."""
    if json is not _UNSET:
        return _JSON, jsonlib.dumps(json).encode(), None
    if text is not None:
        return _TEXT, text.encode(), None
    if chunks is not None:
        pieces = tuple(piece for piece in chunks if piece)
        return _BYTES, b"".join(pieces), pieces
    if body is not None:
        return _BYTES, body, None
    return None, b"", None
