"""What a fake answers, before it becomes bytes."""

from __future__ import annotations

import json as jsonlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from .errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Reply"]

_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_UNSET: Any = object()
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


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
        fields = tuple(_field(*pair) for pair in (headers.items() if hasattr(headers, "items") else headers))
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
        if not isinstance(text, str):
            msg = f"text={text!r} is not text: give a str, or bytes as body="
            raise ScriptingError(msg)
        return _TEXT, text.encode(), None
    if chunks is not None:
        pieces = tuple(_bytes("chunks", piece) for piece in _pieces(chunks) if piece)
        return _BYTES, b"".join(pieces), pieces
    if body is not None:
        return _BYTES, _bytes("body", body), None
    return None, b"", None


def _pieces(chunks: Any) -> Iterable[Any]:
    if isinstance(chunks, str | bytes | bytearray | memoryview):
        msg = f"chunks={chunks!r} is one piece: give a list of them, such as chunks=[b'ab', b'c'], or body="
        raise ScriptingError(msg)
    return cast("Iterable[Any]", chunks)


def _bytes(name: str, value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        msg = f"{name}={value!r} is not bytes: give bytes, a str as text=, or anything else as json="
        raise ScriptingError(msg)
    return bytes(value)


def _field(name: Any, value: Any) -> tuple[str, str]:
    """Return a header field that can be sent; faults send those that must not be."""
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        msg = f"headers: {name!r} is not a name: valid are letters, digits and !#$%&'*+-.^_`|~"
        raise ScriptingError(msg)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return name, str(value)
    if not isinstance(value, str) or any(ord(sign) > 255 or sign in "\r\n\0" for sign in value):
        msg = f"headers: {name}={value!r} is not a value: valid are numbers and Latin-1 text without line breaks"
        raise ScriptingError(msg)
    return name, value
