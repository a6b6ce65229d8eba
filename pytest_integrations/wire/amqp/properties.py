"""The properties of a message, as raw as they came, and changed only where a broker changes them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from . import table as tables

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NAMES", "Properties"]

_KINDS = {
    "content_type": "text",
    "content_encoding": "text",
    "headers": "table",
    "delivery_mode": "octet",
    "priority": "octet",
    "correlation_id": "text",
    "reply_to": "text",
    "expiration": "text",
    "message_id": "text",
    "timestamp": "moment",
    "type": "text",
    "user_id": "text",
    "app_id": "text",
    "cluster_id": "text",
}
NAMES = tuple(_KINDS)
"""The properties that AMQP knows, in the order of their flags."""


class Properties:
    """What a content header says of its message."""

    __slots__ = ("_fields", "_headers", "_table", "raw")

    def __init__(self, raw: bytes = b"\0\0") -> None:
        """Take the flags and values of a content header, without class, weight and size."""
        self.raw: bytes = raw
        self._fields: dict[str, bytes] | None = None
        self._table: dict[str, bytes] | None = None
        self._headers: dict[str, Any] | None = None

    @classmethod
    def of(cls, headers: Mapping[str, Any] | None = None, **properties: Any) -> Properties:
        """Make the properties of a message from Python values."""
        fields = {"headers": tables.raw(dict(headers))[1:]} if headers else {}
        for name, value in properties.items():
            if value is not None:
                fields[name] = _encoded(_KINDS[name], value)
        return cls._joined(fields)

    @classmethod
    def _joined(cls, fields: dict[str, bytes]) -> Properties:
        flags = sum(1 << (15 - number) for number, name in enumerate(NAMES) if name in fields)
        made = cls(struct.pack(">H", flags) + b"".join(fields[name] for name in NAMES if name in fields))
        made._fields = fields
        return made

    @property
    def fields(self) -> dict[str, bytes]:
        """The properties that are there, as bytes; raises ValueError where they are malformed."""
        if self._fields is None:
            self._fields = _split(self.raw)
        return self._fields

    def text(self, name: str) -> str | None:
        """Return a short string, or None."""
        data = self.fields.get(name)
        return data[1:].decode("utf-8", "replace") if data is not None else None

    def octet(self, name: str) -> int | None:
        """Return a small number, or None."""
        data = self.fields.get(name)
        return data[0] if data is not None else None

    @property
    def table(self) -> dict[str, bytes]:
        """The headers, their values raw; empty if there are none."""
        if self._table is None:
            self._table = tables.split(self.fields["headers"][4:]) if "headers" in self.fields else {}
        return self._table

    @property
    def headers(self) -> dict[str, Any]:
        """The headers in Python's types."""
        if self._headers is None:
            self._headers = {name: tables.meaning(value) for name, value in self.table.items()}
        return self._headers

    def with_table(self, table: Mapping[str, bytes], *without: str) -> Properties:
        """Return the properties with other headers, and *without* some properties."""
        fields = {name: value for name, value in self.fields.items() if name not in without}
        fields["headers"] = tables.join(table)
        return self._joined(fields)

    def with_text(self, name: str, text: str) -> Properties:
        """Return the properties with another value of a short string."""
        return self._joined({**self.fields, name: _encoded("text", text)})


def _split(raw: bytes) -> dict[str, bytes]:
    if len(raw) < 2:
        msg = "a content header ends before its flags"
        raise ValueError(msg)
    flags = int.from_bytes(raw[:2], "big")
    fields: dict[str, bytes] = {}
    position = 2
    for number, (name, kind) in enumerate(_KINDS.items()):
        if flags & (1 << (15 - number)):
            end = position + _size(kind, raw, position)
            if end > len(raw):
                msg = f"a content header ends inside {name}"
                raise ValueError(msg)
            fields[name] = raw[position:end]
            position = end
    return fields


def _size(kind: str, raw: bytes, position: int) -> int:
    if kind == "text":
        return 1 + raw[position] if position < len(raw) else 1
    if kind == "table":
        return 4 + int.from_bytes(raw[position : position + 4], "big")
    return 1 if kind == "octet" else 8


def _encoded(kind: str, value: Any) -> bytes:
    if kind == "text":
        data = str(value).encode()
        if len(data) > 255:
            msg = f"a property of {len(data)} bytes is too long: AMQP's short strings have 255 at most"
            raise ValueError(msg)
        return bytes((len(data),)) + data
    return bytes((int(value),)) if kind == "octet" else struct.pack(">Q", int(value))
