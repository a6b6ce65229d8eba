"""Field tables, taken apart without being understood.

A broker passes on the headers that it does not know byte for byte: an int that came as 16 bits leaves as 16 bits, and
the order stays. So a table here is a dict from names to *raw values*, each with the letter of its type before it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["array", "join", "long", "longstr", "meaning", "moment", "raw", "split", "split_array", "table", "text_of"]

_FIXED = {b"t": 1, b"b": 1, b"B": 1, b"s": 2, b"u": 2, b"I": 4, b"i": 4, b"l": 8, b"L": 8}
_FIXED |= {b"f": 4, b"d": 8, b"D": 5, b"T": 8, b"V": 0}
_COUNTED = frozenset({b"S", b"x", b"A", b"F"})


def split(data: bytes) -> dict[str, bytes]:
    """Return the fields of a table, given without its length; raises ValueError if it is none."""
    fields: dict[str, bytes] = {}
    position = 0
    while position < len(data):
        begin = position + 1
        end = begin + data[position]
        if end >= len(data):
            msg = "a table ends inside a field's name"
            raise ValueError(msg)
        position = _end(data, end)
        fields[data[begin:end].decode("utf-8", "surrogateescape")] = data[end:position]
    return fields


def split_array(value: bytes) -> list[bytes]:
    """Return the raw values of a raw array."""
    values = []
    position = 5
    while position < len(value):
        end = _end(value, position)
        values.append(value[position:end])
        position = end
    return values


def _end(data: bytes, start: int) -> int:
    """Return where the raw value that begins at *start* ends."""
    kind = data[start : start + 1]
    size = _FIXED.get(kind)
    if size is None:
        if kind not in _COUNTED or start + 5 > len(data):
            msg = f"a table has a field of unknown type {kind!r}"
            raise ValueError(msg)
        size = 4 + int.from_bytes(data[start + 1 : start + 5], "big")
    end = start + 1 + size
    if end > len(data):
        msg = "a table ends inside a field's value"
        raise ValueError(msg)
    return end


def join(fields: Mapping[str, bytes]) -> bytes:
    """Return a table with its length before it."""
    parts = []
    for name, value in fields.items():
        encoded = name.encode("utf-8", "surrogateescape")
        parts += [bytes((len(encoded),)), encoded, value]
    body = b"".join(parts)
    return struct.pack(">I", len(body)) + body


# -- raw values


def longstr(text: str) -> bytes:
    """Return *text* as a raw value."""
    data = text.encode()
    return b"S" + struct.pack(">I", len(data)) + data


def long(number: int) -> bytes:
    """Return *number* as a raw value of 64 bits, as RabbitMQ writes its own."""
    return b"l" + struct.pack(">q", number)


def moment(seconds: int) -> bytes:
    """Return a time, in seconds since 1970, as a raw value."""
    return b"T" + struct.pack(">Q", seconds)


def array(values: Iterable[bytes]) -> bytes:
    """Return raw *values* as a raw array."""
    body = b"".join(values)
    return b"A" + struct.pack(">I", len(body)) + body


def table(fields: Mapping[str, bytes]) -> bytes:
    """Return a table as a raw value."""
    return b"F" + join(fields)


def raw(value: Any) -> bytes:
    """Return a Python *value* as a raw one; raises TypeError for what AMQP has no type for."""
    from pamqp import encode

    if isinstance(value, dict):
        return table({name: raw(each) for name, each in value.items()})
    if isinstance(value, list | tuple):
        return array(raw(each) for each in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return long(value)
    if isinstance(value, bytes):
        return b"x" + struct.pack(">I", len(value)) + value
    if isinstance(value, float):
        return b"d" + struct.pack(">d", value)
    return b"V" if value is None else encode.encode_table_value(value)


def meaning(value: bytes) -> Any:
    """Return what a raw *value* says, in Python's types; raises ValueError where something inside it is malformed."""
    from pamqp import decode

    try:
        return decode.embedded_value(value)[1]
    except (IndexError, OverflowError, TypeError, struct.error) as error:
        msg = f"a table has a field that cannot be read: {error}"
        raise ValueError(msg) from error


def text_of(value: bytes | None) -> str | None:
    """Return the text of a raw *value*, or None if it is none."""
    return value[5:].decode("utf-8", "replace") if value is not None and value[:1] == b"S" else None
