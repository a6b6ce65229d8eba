"""The header section of a request: which are the rules that it must keep (RFC 9113 sections 8.2 and 8.3)."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["CONNECTION_SPECIFIC", "Pair", "Pairs", "malformation"]

Pair = tuple[bytes, bytes]
Pairs = tuple[Pair, ...]

CONNECTION_SPECIFIC = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
"""Fields that speak of a connection of HTTP/1.1, and must not be sent (RFC 9113 section 8.2.2)."""

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+").fullmatch
_BAD_VALUE = re.compile(rb"[\0\r\n]").search
_REQUIRED = {b":method", b":scheme", b":path"}
_OF_CONNECT = {b":method", b":authority"}
_KNOWN = {*_REQUIRED, b":authority", b":protocol"}


@lru_cache(maxsize=32)  # most requests say what the one before said
def malformation(fields: Pairs) -> str:
    """Return what is wrong with the header section of a request, or `""`: a malformed one is a stream error.

    >>> malformation(((b":method", b"GET"), (b":path", b"/"), (b":scheme", b"http"), (b"Accept", b"*/*")))
    "the name b'Accept' is not in lower case, or not a name"
    """
    pseudo: dict[bytes, bytes] = {}
    is_in_fields = False
    for name, value in fields:
        if name[:1] == b":":
            if is_in_fields or name not in _KNOWN or name in pseudo:
                return f"the pseudo-header {name!r} is unknown, repeated, or after a header field"
            pseudo[name] = value
        else:
            is_in_fields = True
            if not _NAME(name):
                return f"the name {name!r} is not in lower case, or not a name"
            if name in CONNECTION_SPECIFIC or (name == b"te" and value != b"trailers"):
                return f"the field {name!r} speaks of a connection of HTTP/1.1"
            if _BAD_VALUE(value):
                return f"the value of {name!r} has a line break or a zero in it"
    is_plain_connect = pseudo.get(b":method") == b"CONNECT" and b":protocol" not in pseudo
    missing = (_OF_CONNECT if is_plain_connect else _REQUIRED) - pseudo.keys()
    if missing or pseudo.get(b":path") == b"":
        return f"{', '.join(sorted(name.decode() for name in missing)) or ':path'} is missing"
    return ""
