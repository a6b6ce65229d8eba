"""What a Redis server can say, beyond what Python has types for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["NIL_ARRAY", "OK", "Failure", "Members", "NilArray", "Push", "Simple", "Verbatim"]


@dataclass(frozen=True, slots=True)
class Simple:
    """A simple string: `+OK`."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """An error: `-WRONGTYPE Operation against a key …`."""

    value: str

    @property
    def code(self) -> str:
        """The first word, by which clients tell errors apart."""
        return self.value.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a set, in an order of its own: an array, and in RESP3 of a type of its own."""

    items: list[Any]


@dataclass(frozen=True, slots=True)
class Push:
    """Something that was not asked for: an array, and in RESP3 of a type of its own."""

    items: list[Any]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text to be shown as it is: a bulk string, and in RESP3 of a type of its own."""

    text: bytes


class NilArray:
    """The array that is not there: `*-1` in RESP2, where a string that is not there is `$-1`."""


NIL_ARRAY = NilArray()
OK = Simple(b"OK")
