"""How often the effect of a message happened: what no wire shows, and the test counts.

    handled = []                                    a list of what was handled: keys, bodies as bytes, or as text
    Counter(row.order_id for row in database)       a count for each of them
    lambda message: charges[message.key]            a function of the message that returns the count

A list and a count are looked up by the key of the message, else by its body, else by its text. Messages that share
what they are looked up by share the effects evenly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.delivery import QueueMessage
from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .publications import Sent

__all__ = ["Effect", "Effects", "effects_of"]

Effects = Callable[[QueueMessage], int] | Mapping[Any, int] | Iterable[Any]
"""A list of what was handled, a count of it, or a function of the message."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How often the effect of one message happened: *least* and *most* differ where messages share effects unevenly."""

    least: int
    most: int

    def __str__(self) -> str:
        """Show the number."""
        return f"{self.least}" if self.least == self.most else f"{self.least} or {self.most}"


def effects_of(effects: Effects, sent: Sequence[Sent]) -> list[Effect]:
    """Return the effect of each message among *sent*, in their order."""
    if callable(effects):
        return [_told(effects, each) for each in sent]
    counts = _counts(effects)
    places = [_names(each, counts) for each in sent]
    if counts and not any(places):
        examples = ", ".join(repr(name) for name in list(counts)[:3])
        msg = (
            f"effects= has nothing that belongs to a message ({examples}, …): valid are the keys of messages, their "
            "bodies (bytes) or texts (str); or give a function of the message that returns its count"
        )
        raise ScriptingError(msg)
    shared = Counter(name for names in places for name in names)
    return [_share(names, counts, shared) for names in places]


def _told(effects: Callable[[QueueMessage], int], sent: Sent) -> Effect:
    seen: dict[Hashable, int] = {}
    for copy in sent.copies:
        count = effects(copy)
        if not isinstance(count, int) or count < 0:
            msg = f"effects= returned {count!r} for message {copy.id}: valid are whole numbers from 0 on"
            raise ScriptingError(msg)
        seen[copy.key or copy.body] = int(count)  # True is once
    total = sum(seen.values())
    return Effect(total, total)


def _counts(effects: Mapping[Any, int] | Iterable[Any]) -> Counter[Any]:
    try:
        return Counter(effects)
    except TypeError:
        msg = f"effects={effects!r} cannot be counted: valid are lists, counts, and functions of a message"
        raise ScriptingError(msg) from None


def _names(sent: Sent, counts: Counter[Any]) -> set[Any]:
    """Return what the effects of *sent* are counted by: of each publication the first name that there is."""
    found: set[Any] = set()
    for copy in sent.copies:
        known = [name for name in (copy.key, copy.body, copy.text) if name and name in counts]
        found.update(known[:1])
    return found


def _share(names: set[Any], counts: Counter[Any], shared: Counter[Any]) -> Effect:
    least = sum(counts[name] // shared[name] for name in names)
    return Effect(least, sum(-(-counts[name] // shared[name]) for name in names))
