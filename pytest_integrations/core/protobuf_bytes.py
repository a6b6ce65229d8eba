"""The encoding of protobuf, for messages that do not change: no generated code, no library."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bytes_field", "fields", "number_field"]


def number_field(number: int, value: int) -> bytes:
    r"""Return the field *number* with an integer from 0 on; nothing for 0, which is the default.

    >>> number_field(1, 150)
    b'\x08\x96\x01'
    """
    return _varint(number << 3) + _varint(value) if value else b""


def bytes_field(number: int, value: bytes) -> bytes:
    r"""Return the field *number* with bytes, a string's or a message's.

    >>> bytes_field(2, b"testing")
    b'\x12\x07testing'
    """
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    r"""Yield the fields of *message*, each with its number; what is no message raises `ValueError`.

    >>> list(fields(b"\x08\x96\x01\x12\x07testing"))
    [(1, 150), (2, b'testing')]
    """
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position)
        kind, size = tag & 7, 0
        if kind == 0:
            value, position = _read_varint(message, position)
            yield tag >> 3, value
            continue
        if kind == 2:
            size, position = _read_varint(message, position)
        elif kind in {1, 5}:
            size = 8 if kind == 1 else 4
        else:
            msg = f"wire type {kind}"
            raise ValueError(msg)
        if position + size > len(message):
            msg = "a field ends after its message"
            raise ValueError(msg)
        yield tag >> 3, message[position : position + size]
        position += size


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            break
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    msg = "a number without an end"
    raise ValueError(msg)
