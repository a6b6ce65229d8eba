"""The header section of a request: which are the rules that it must keep (RFC 9113 sections 8.2 and 8.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CONNECTION_SPECIFIC", "Pair", "Pairs", "malformation"]

Pair = tuple[bytes, bytes]
Pairs = tuple[Pair, ...]

CONNECTION_SPECIFIC = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
"""Fields that speak of a connection of HTTP/1.1, and must not be sent (RFC 9113 section 8.2.2)."""

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_REQUIRED = {b":method", b":scheme", b":path"}
_KNOWN = {*_REQUIRED, b":authority", b":protocol"}


def malformation(fields: Sequence[Pair]) -> str:
    """Return what is wrong with the header section of a request, or `""`: a malformed one is a stream error.

    >>> malformation([(b":method", b"GET"), (b":path", b"/"), (b":scheme", b"http"), (b"Accept", b"*/*")])
    "the name b'Accept' is not in lower case, or not a name"
    """
    pseudo: dict[bytes, bytes] = {}
    for place, (name, value) in enumerate(fields):
        if name.startswith(b":"):
            if name not in _KNOWN or name in pseudo or place != len(pseudo):
                return f"the pseudo-header {name!r} is unknown, repeated, or after a header field"
            pseudo[name] = value
    if pseudo.get(b":method") == b"CONNECT" and b":protocol" not in pseudo:
        missing = {b":authority"} - pseudo.keys()
    else:
        missing = _REQUIRED - pseudo.keys()
    if missing or pseudo.get(b":path") == b"":
        return f"{', '.join(sorted(name.decode() for name in missing)) or ':path'} is missing"
    return _malformed_field(pair for pair in fields if not pair[0].startswith(b":"))


def _malformed_field(fields: Iterable[Pair]) -> str:
    for name, value in fields:
        if not _NAME.fullmatch(name):
            return f"the name {name!r} is not in lower case, or not a name"
        if name in CONNECTION_SPECIFIC or (name == b"te" and value != b"trailers"):
            return f"the field {name!r} speaks of a connection of HTTP/1.1"
        if any(sign in value for sign in (b"\0", b"\r", b"\n")):
            return f"the value of {name!r} has a line break or a zero in it"
    return ""
