"""Made-up text: of a format, of a length, or of a pattern."""

from __future__ import annotations

import base64
import re
import string
from datetime import UTC, datetime, timedelta

# The parser of `re` itself; where it lives has no name in the documentation, and it has one in every CPython.
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

__all__ = ["formatted", "matching", "words"]

_WORDS = (
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "inlet", "juniper", "kestrel", "lagoon",
    "maple", "nectar", "orchard", "pebble", "quarry", "river", "summit", "thicket", "umber", "valley", "willow",
)  # fmt: skip
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_YEAR = 365 * 24 * 60 * 60
_REPEATS_AT_MOST = 8
_ANY = string.ascii_letters + string.digits
_CLASSES = {
    sre.CATEGORY_DIGIT: string.digits,
    sre.CATEGORY_NOT_DIGIT: string.ascii_letters,
    sre.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    sre.CATEGORY_NOT_WORD: "-. ",
    sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_SPACE: _ANY,
}


def words(random: random.Random, least: int, most: int | None) -> str:
    """Return words of *least* to *most* characters in all."""
    text = random.choice(_WORDS)
    while len(text) < least:
        text += f" {random.choice(_WORDS)}"
    return text if most is None else text[:most].ljust(least, "x")


def formatted(random: random.Random, format: str) -> str | None:  # noqa: A002 -- its name in a schema
    """Return text of a *format*, or None if that is not known."""
    make = _FORMATS.get(format)
    return None if make is None else make(random)


def _moment(random: random.Random) -> datetime:
    return _EPOCH + timedelta(seconds=random.randrange(_YEAR))


_FORMATS: dict[str, Callable[[random.Random], str]] = {
    "date-time": lambda random: _moment(random).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "date": lambda random: _moment(random).strftime("%Y-%m-%d"),
    "time": lambda random: _moment(random).strftime("%H:%M:%SZ"),
    "duration": lambda random: f"PT{random.randint(1, 59)}M",
    "uuid": lambda random: str(UUID(int=random.getrandbits(128), version=4)),
    "email": lambda random: f"{random.choice(_WORDS)}@example.com",
    "idn-email": lambda random: f"{random.choice(_WORDS)}@example.com",
    "hostname": lambda random: f"{random.choice(_WORDS)}.example.com",
    "idn-hostname": lambda random: f"{random.choice(_WORDS)}.example.com",
    "uri": lambda random: f"https://example.com/{random.choice(_WORDS)}",
    "url": lambda random: f"https://example.com/{random.choice(_WORDS)}",
    "iri": lambda random: f"https://example.com/{random.choice(_WORDS)}",
    "uri-reference": lambda random: f"/{random.choice(_WORDS)}",
    "ipv4": lambda random: f"192.0.2.{random.randint(1, 254)}",
    "ipv6": lambda random: f"2001:db8::{random.randint(1, 0xFFFF):x}",
    "byte": lambda random: base64.b64encode(random.choice(_WORDS).encode()).decode(),
    "json-pointer": lambda random: f"/{random.choice(_WORDS)}",
    "regex": lambda random: f"^{random.choice(_WORDS)}$",
}


def matching(random: random.Random, pattern: str, least: int = 0) -> str | None:
    """Return text that *pattern*, a regular expression, finds something in; None where that is beyond us.

    Repetitions without an end go on until the text is about *least* long.
    """
    try:
        text = _Walk(random, least).all(parser.parse(pattern))
    except (re.error, _Beyond):
        return None
    return text if re.search(pattern, text) else None


class _Beyond(Exception):
    """The pattern has something that looks around, or backwards."""


class _Walk:
    """Walks through a parsed pattern and writes down what it asks for."""

    def __init__(self, random: random.Random, least: int) -> None:
        self._random = random
        self._least = least
        self._groups: dict[int, str] = {}

    def all(self, parsed: Any) -> str:
        return "".join(self._one(kind, argument) for kind, argument in parsed)

    def _one(self, kind: Any, argument: Any) -> str:  # noqa: PLR0911 -- one line for each kind
        if kind is sre.LITERAL:
            return chr(argument)
        if kind is sre.NOT_LITERAL:
            return next(sign for sign in _ANY if sign != chr(argument))
        if kind is sre.ANY:
            return self._random.choice(_ANY)
        if kind is sre.IN:
            return self._random.choice(_signs(argument))
        if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT, getattr(sre, "POSSESSIVE_REPEAT", None)}:
            return self._repeated(*argument)
        if kind is sre.SUBPATTERN:
            text = self._groups[argument[0]] = self.all(argument[3])
            return text
        if kind is sre.BRANCH:
            return self.all(self._random.choice(argument[1]))
        if kind is sre.GROUPREF:
            return self._groups[argument]
        if kind is sre.AT:
            return ""
        raise _Beyond

    def _repeated(self, least: int, most: Any, parsed: Any) -> str:
        room = _REPEATS_AT_MOST if most is sre.MAXREPEAT else most - least
        count = least + self._random.randint(0, min(room, _REPEATS_AT_MOST))
        if most is sre.MAXREPEAT or most >= self._least:
            count = max(count, self._least)
        return "".join(self.all(parsed) for _ in range(count))


def _signs(members: Any) -> str:
    """Return the characters that a set such as `[a-z_]` has."""
    found, negated = "", False
    for kind, argument in members:
        if kind is sre.NEGATE:
            negated = True
        elif kind is sre.LITERAL:
            found += chr(argument)
        elif kind is sre.RANGE:
            found += "".join(map(chr, range(argument[0], min(argument[1], argument[0] + 255) + 1)))
        elif kind is sre.CATEGORY:
            found += _CLASSES.get(argument, "")
    chosen = "".join(sign for sign in _ANY + "-_. " if sign not in found) if negated else found
    if not chosen:
        raise _Beyond
    return chosen
