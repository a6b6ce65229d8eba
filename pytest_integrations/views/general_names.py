"""One name for operations that differ only by what they are about: a key with a time in it, an id of a process."""

from __future__ import annotations

import re

__all__ = ["general_name"]

_PARTS = re.compile(
    r"(?P<id>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|(?=[a-f]*\d)[0-9a-f]{16,})"
    r"|(?P<n>\d{5,})"
)
_AT_MOST = 160


def general_name(name: str) -> str:
    """Return *name* with `<id>` for UUIDs and long hexadecimal numbers, and `<n>` for numbers of five digits or more.

    >>> general_name("INCRBY calls:ada:29927743"), general_name("GET /v2/users/1021")
    ('INCRBY calls:ada:<n>', 'GET /v2/users/1021')
    """
    short = _PARTS.sub(lambda part: f"<{part.lastgroup}>", name)
    return short if len(short) <= _AT_MOST else f"{short[: _AT_MOST - 1]}…"
