"""Metadata, texts and durations as gRPC writes them into header fields."""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["binary_value", "decoded", "encoded", "message_text", "percent_encoded", "seconds_of", "timeout_text"]

_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")
_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_PLAIN = "".join(chr(sign) for sign in range(0x20, 0x7F) if sign != ord("%"))


def percent_encoded(text: str) -> bytes:
    """Return *text* as `grpc-message` has it: UTF-8, all but printable ASCII percent-encoded; half a surrogate is `?`.

    >>> percent_encoded("50 % of Zoë")
    b'50 %25 of Zo%C3%AB'
    """
    return quote(text, safe=_PLAIN, errors="replace").encode("ascii")


def message_text(value: bytes) -> str:
    """Return the text of a `grpc-message`; what is not encoded right comes as it is."""
    return unquote(value.decode("latin-1"), errors="replace")


def seconds_of(timeout: str) -> float | None:
    """Return what a `grpc-timeout` says in seconds; None if it is malformed.

    >>> seconds_of("100m"), seconds_of("2S"), seconds_of("soon")
    (0.1, 2.0, None)
    """
    found = _TIMEOUT.fullmatch(timeout)
    return None if found is None else round(int(found[1]) * _UNITS[found[2]], 9)


def timeout_text(seconds: float) -> str:
    """Return *seconds* as a `grpc-timeout` has it, by the finest unit that eight digits are enough for.

    >>> timeout_text(0.1), timeout_text(2.0), timeout_text(3600)
    ('100000u', '2000000u', '3600000m')
    """
    for unit in ("u", "m", "S", "M", "H"):
        count = math.ceil(round(seconds / _UNITS[unit], 6))
        if count < 10**8:
            return f"{count}{unit}"
    return "99999999H"


def encoded(pairs: Iterable[tuple[str, str | bytes]]) -> list[tuple[bytes, bytes]]:
    """Return metadata as header fields: names in lower case, the values of `-bin` in base64, the others as text."""
    return [(name.lower().encode("ascii"), _encoded_value(name, value)) for name, value in pairs]


def decoded(fields: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str | bytes], ...]:
    """Return header fields as metadata; a `-bin` with several values, separated by commas, becomes several."""
    pairs: list[tuple[str, str | bytes]] = []
    for raw_name, value in fields:
        name = raw_name.decode("latin-1")
        if name.endswith("-bin"):
            pairs += [(name, binary_value(part)) for part in value.split(b",")]
        else:
            pairs.append((name, value.decode("latin-1")))
    return tuple(pairs)


def binary_value(value: bytes) -> str | bytes:
    """Return the bytes of a `-bin` field, padded or not; what is not base64 stays text."""
    value = value.strip(b" \t")
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except binascii.Error:
        return value.decode("latin-1")


def _encoded_value(name: str, value: str | bytes) -> bytes:
    if name.lower().endswith("-bin"):
        data = value if isinstance(value, bytes) else value.encode()
        return base64.b64encode(data).rstrip(b"=")
    return value if isinstance(value, bytes) else value.encode("latin-1")
