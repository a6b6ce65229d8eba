"""The grammar of *when*: which of the matching calls a script acts on.

One grammar for every protocol. With no word at all, a script acts once: its first fault on the first matching call, its
second on the second, and after its last fault all is healthy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from .errors import ScriptingError, near_names
from .settings import number, seconds, whole

if TYPE_CHECKING:
    from .call import Call

__all__ = ["When", "seconds"]

_HAIR = 1e-6
"""Seconds by which the sums of floats may be wrong: what is told to begin at a moment must have begun by then."""
_PER = ("fake", "operation", "connection", "header:NAME")


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Which matching calls to act on; they are counted 1, 2, 3, … for each key of `per`.

    Only calls that no earlier script took, that *where* is true of and that fall into the time window are counted.
    """

    times: int | None = None
    """How often the whole script is played. Default: once; for ever with every, at, after, during or probability."""
    skip: int = 0
    """How many calls to let through first."""
    every: int | None = None
    """Act on each *every*-th call of those that are left: `every=1` is each call, `every=3` the third, sixth, …"""
    at: tuple[int, ...] | None = None
    """Act on the calls with these numbers (after `skip`)."""
    after: float | None = None
    """Begin this many seconds after the script was injected."""
    during: float | None = None
    """End this many seconds after the beginning."""
    probability: float | None = None
    """Act with this probability, 0 to 1; drawn from the seed, the same in any order of tests."""
    per: str | Callable[[Call], Hashable] = "fake"
    """What is counted apart: `"fake"`, `"operation"`, `"connection"`, `"header:NAME"`, or a function of the call."""
    where: Callable[[Any], object] | None = None
    """Count only the calls that this is true of."""

    def __post_init__(self) -> None:
        """Check every word, so that a wrong one fails at the scripting line."""
        __tracebackhide__ = True
        for name, least in (("times", 1), ("skip", 0), ("every", 1)):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name), least)
        for position in self.at or ():
            whole("at", position, 1)
        if self.probability is not None and not 0 <= number("probability", self.probability) <= 1:
            msg = f"probability={self.probability!r} is out of range: valid are numbers from 0 (never) to 1 (always)"
            raise ScriptingError(msg)
        if not callable(self.per) and self.per not in _PER[:3] and not _names_a_header(self.per):
            msg = f"per={self.per!r} is not something to count by: valid are {', '.join(map(repr, _PER))} or a function"
            raise ScriptingError(msg)
        if self.where is not None and not callable(self.where):
            msg = f"where={self.where!r} is not callable: give a function, such as lambda call: call.method == 'GET'"
            raise ScriptingError(msg)
        if self.at is not None and self.every is not None:
            msg = "at= and every= both choose calls by number: give one of them"
            raise ScriptingError(msg)

    @classmethod
    def of(cls, words: dict[str, Any]) -> When:
        """Build from the keyword arguments of an `inject(...)`, with one clear error for a word that is not one."""
        __tracebackhide__ = True
        known = [field.name for field in fields(cls)]
        for word in words:
            if word not in known:
                near = near_names(word, known)
                guess = f" Did you mean {near[0]}=?" if near else ""
                msg = f"{word}= is not a word of when.{guess} Valid: {', '.join(f'{name}=' for name in known)}."
                raise ScriptingError(msg)
        words = dict(words)
        at = words.get("at")
        if at is not None:
            words["at"] = tuple(at) if isinstance(at, Sequence) and not isinstance(at, str) else (at,)
        for name in ("after", "during"):
            if words.get(name) is not None:
                words[name] = seconds(name, words[name])
        return cls(**words)

    @property
    def endless(self) -> bool:
        """Whether the script is played again and again."""
        if self.times is not None:
            return False
        chosen = (self.every, self.at, self.after, self.during, self.probability)
        return any(word is not None for word in chosen)

    @property
    def counts_nothing(self) -> bool:
        """Whether it chooses no call by its number, so that it does not matter what is counted apart."""
        return (self.times, self.skip, self.at) == (None, 0, None) and self.every in {None, 1}

    def is_open(self, elapsed: float) -> bool:
        """Tell whether *elapsed* seconds after the injection fall into the window."""
        elapsed += _HAIR
        begin = self.after or 0.0
        end = math.inf if self.during is None else begin + self.during
        return begin <= elapsed < end

    def chooses(self, number: int) -> bool:
        """Tell whether the call with this *number*, counted from 1, is one to act on, chance apart."""
        number -= self.skip
        if number < 1:
            return False
        if self.at is not None:
            return number in self.at
        return number % (self.every or 1) == 0

    def key(self, call: Call | None, connection: int) -> Hashable:
        """Return what the *call* (None at an accept) is counted under."""
        if callable(self.per):
            return self.per(call) if call is not None else None
        if self.per == "connection":
            return connection
        if call is None or self.per == "fake":
            return None
        if self.per == "operation":
            return call.operation
        return call.headers.get(self.per.removeprefix("header:"))

    def __repr__(self) -> str:
        """Show only the words that were given."""
        words = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        return ", ".join(f"{name}={value!r}" for name, value, default in words if value != default)


def _names_a_header(per: object) -> bool:
    return isinstance(per, str) and per.startswith("header:") and per != "header:"
