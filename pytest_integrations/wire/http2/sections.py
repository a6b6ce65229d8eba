"""Header sections in HPACK (RFC 7541), where one that is the same as before is not worked out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from hpack.hpack import Decoder, Encoder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpack.struct import HeaderTuple
    from hpack.table import HeaderTable

    from .fields import Pairs

__all__ = ["SectionDecoder", "SectionEncoder"]

_MOST = 64
"""Sections of a connection that are remembered."""
_LONGEST = 1024
"""Bytes of a section that is remembered."""
_LONG = 4096
"""Bytes of a value from which on it is sent as it is: the time for hpack's Huffman code grows by their square."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Memory(Generic[_Key, _Value]):
    """What sections mean for as long as the dynamic table of HPACK stays as it is, which they refer to."""

    __slots__ = ("_known", "_length", "_newest", "_size", "_table")

    def __init__(self, table: HeaderTable) -> None:
        self._table = table
        self._known: dict[_Key, _Value] = {}
        self._newest: object = None
        self._length = self._size = 0

    def is_current(self) -> bool:
        """Tell whether the table is what it was; if not, forget all.

        It is another if an entry was added, which then is the first, or if some were dropped.
        """
        entries = self._table.dynamic_entries
        newest = entries[0] if entries else None
        if newest is self._newest and len(entries) == self._length and self._table.maxsize == self._size:
            return True
        self._newest, self._length, self._size = newest, len(entries), self._table.maxsize
        self._known.clear()
        return False

    def recall(self, key: _Key) -> _Value | None:
        """Return what *key* meant, or None."""
        return self._known.get(key) if self.is_current() else None

    def learn(self, key: _Key, value: _Value) -> None:
        """Remember what *key* means, unless it has changed the table."""
        if self.is_current() and len(self._known) < _MOST:
            self._known[key] = value


class SectionDecoder(Decoder):
    """Decodes what a client sends, which soon is the same few bytes for each request."""

    def __init__(self) -> None:
        """Begin with an empty table."""
        super().__init__()
        self._memory: _Memory[bytes, list[HeaderTuple]] = _Memory(self.header_table)

    def decode(self, data: bytes, raw: bool = False) -> Iterable[HeaderTuple]:  # noqa: FBT001, FBT002 -- as hpack has it
        """Return the fields of a section; who gets them must not change them."""
        known = self._memory.recall(data)
        if known is None:
            known = list(super().decode(data, raw))
            if len(data) <= _LONGEST:
                self._memory.learn(data, known)
        return known


class SectionEncoder(Encoder):
    """Encodes what a fake sends, which mostly is the same for each answer."""

    def __init__(self) -> None:
        """Begin with an empty table."""
        super().__init__()
        self._memory: _Memory[Pairs, bytes] = _Memory(self.header_table)

    def section(self, fields: Pairs) -> bytes:
        """Return *fields* as a section."""
        if self.header_table.resized:  # which is told at the beginning of the next section
            return self._encoded(fields)
        known = self._memory.recall(fields)
        if known is None:
            known = self._encoded(fields)
            if len(known) <= _LONGEST:
                self._memory.learn(fields, known)
        return known

    def _encoded(self, fields: Pairs) -> bytes:
        is_long = max((len(value) for _, value in fields), default=0) > _LONG
        return self.encode(fields, huffman=not is_long)
