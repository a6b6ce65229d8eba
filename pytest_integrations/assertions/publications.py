"""Which publications are of one and the same message, as its producer means it.

    1  per=                            what the test says: "key", "body", "header:NAME", or a function of the message
    2  the same key                    the message's own id, as its producer gave it
    3  the same body, sent again       after a publication that was refused, returned or not confirmed

Sent to another queue it is another message. Rule 3 needs a reason: two messages with the same body that were both
confirmed are two.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.delivery import QueueEvent, QueueMessage

__all__ = ["Per", "Sent", "identity", "publications"]

Per = str | Callable[["QueueMessage"], Hashable]
"""What tells messages apart: `"key"`, `"body"`, `"header:NAME"`, or a function of the message."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What its producer means by one message: its publications, oldest first."""

    copies: tuple[QueueMessage, ...]

    @property
    def superseded(self) -> tuple[QueueMessage, ...]:
        """The publications that a later one has made good: that one was confirmed, or came to its end."""
        safe = [place for place, each in enumerate(self.copies) if each.of("confirmed") or each.of("acked")]
        return self.copies[: safe[-1]] if safe else ()


def publications(messages: Iterable[QueueMessage], *, per: Per | None = None) -> tuple[Sent, ...]:
    """Put the publications among *messages* together, in the order of the first ones."""
    if per is not None:
        return _grouped(messages, per)
    groups: list[list[QueueMessage]] = []
    by_key: dict[Hashable, list[QueueMessage]] = {}
    by_body: dict[Hashable, list[QueueMessage]] = {}
    for message in messages:
        place = message.fake, message.published_to
        same = by_key.get((place, message.key)) if message.key else None
        again = by_body.get((place, message.body))
        if same is None and again is not None and _sent_again(again[-1], message):
            same = again
        if same is None:
            same = []
            groups.append(same)
        same.append(message)
        by_body[place, message.body] = same
        if message.key:
            by_key[place, message.key] = same
    return tuple(Sent(tuple(group)) for group in groups)


def identity(message: QueueMessage, per: Per) -> Hashable:
    """Return what tells *message* from others, by the words of *per*; None if it has no such thing."""
    if callable(per):
        return per(message)
    if per == "key":
        return message.key or None
    if per == "body":
        return message.body
    kind, colon, name = str(per).partition(":")
    if kind == "header" and colon and name:
        value = message.headers.get(name)
        return value if isinstance(value, Hashable) else repr(value)
    msg = f'per={per!r} is unknown: valid are "key", "body", "header:NAME", or a function of the message'
    raise ScriptingError(msg)


def _grouped(messages: Iterable[QueueMessage], per: Per) -> tuple[Sent, ...]:
    groups: dict[Hashable, list[QueueMessage]] = {}
    for message in messages:
        known = identity(message, per)
        own = (message.fake, message.published_to, known) if known is not None else message.id
        groups.setdefault(own, []).append(message)
    return tuple(Sent(tuple(group)) for group in groups.values())


def _sent_again(before: QueueMessage, after: QueueMessage) -> bool:
    """Tell whether *after* can be *before* once more: that had not been confirmed, and this one can tell so.

    One of which nothing was heard is only sent again by a producer that awaits confirms, who gets one for *after*.
    """
    told = [each for each in before.of("confirmed", "refused", "returned") if each.seq < _first(after).seq]
    if told:
        return told[-1].kind != "confirmed"
    return bool(after.of("confirmed", "refused"))


def _first(message: QueueMessage) -> QueueEvent:
    return message.events[0]
