"""One queue: its messages in their order, who has which, and what it has seen before."""

from __future__ import annotations

import bisect
import math
from collections import deque
from typing import TYPE_CHECKING, Any

from .attributes import DEFAULTS, FIFO_DEFAULTS, Redrive, redrive_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .attempts import Attempt
    from .message import StoredMessage
    from .polling import Poll

__all__ = ["StoredQueue"]

_MOST_IN_FLIGHT = 120_000
_MOST_IN_FLIGHT_FIFO = 20_000
_REMEMBERED_FOR = 300.0
"""Seconds in which a FIFO queue knows a deduplication id again."""


class StoredQueue:
    """The state of a queue; what is done to it is told in the files of the actions."""

    def __init__(self, name: str, arn: str, attributes: dict[str, str], tags: dict[str, str], created: int) -> None:
        """Make an empty queue; *created* is in seconds of the epoch."""
        self.name: str = name
        self.arn: str = arn
        self.is_fifo: bool = name.endswith(".fifo")
        self.attributes: dict[str, str] = {**DEFAULTS, **(FIFO_DEFAULTS if self.is_fifo else {}), **attributes}
        self.tags: dict[str, str] = tags
        self.created: int = created
        self.modified: int = created
        self.purged: float | None = None
        self.max_in_flight: int = _MOST_IN_FLIGHT_FIFO if self.is_fifo else _MOST_IN_FLIGHT
        self.messages: list[StoredMessage] = []
        """Those that wait and those that are hidden, by their position."""
        self.flying: set[StoredMessage] = set()
        """Those of them that a consumer has."""
        self.handles: dict[str, tuple[StoredMessage, int]] = {}
        """By receipt handle: the message and the number of its delivery."""
        self.polls: deque[Poll] = deque()
        """The receivers that wait for a message, the first to come first."""
        self.attempts: dict[str, Attempt] = {}
        """The receives of a FIFO queue that can be tried again, by their id."""
        self._seen: dict[tuple[str, str], tuple[float, Any]] = {}
        self._last = 0.0
        self._oldest = math.inf
        """No message was kept since before this moment."""

    # -- settings

    def number(self, attribute: str) -> int:
        """Return the value of a numeric *attribute*."""
        return int(self.attributes[attribute])

    @property
    def redrive(self) -> Redrive | None:
        """Where its dead letters go."""
        return redrive_of(self.attributes.get("RedrivePolicy", ""))

    # -- messages

    def put(self, message: StoredMessage) -> None:
        """Put *message* at the end."""
        self._last += 1.0
        message.position = self._last
        self.messages.append(message)
        self._oldest = min(self._oldest, message.kept_since)

    def put_behind(self, message: StoredMessage, copy: StoredMessage) -> None:
        """Put a *copy* right behind *message*."""
        place = self._place(message)
        after = self.messages[place + 1].position if place + 1 < len(self.messages) else message.position + 1.0
        copy.position = (message.position + after) / 2
        self.messages.insert(place + 1, copy)

    def remove(self, message: StoredMessage) -> None:
        """Take *message* out."""
        del self.messages[self._place(message)]
        self.flying.discard(message)
        message.is_gone = True
        if message.entry is not None:
            message.entry.strike()
            message.entry = None

    def __contains__(self, message: StoredMessage) -> bool:
        """Tell whether *message* is in this queue now."""
        place = self._place(message)
        return place < len(self.messages) and self.messages[place] is message

    def _place(self, message: StoredMessage) -> int:
        return bisect.bisect_left(self.messages, message.position, key=lambda each: each.position)

    def waiting(self) -> Iterator[StoredMessage]:
        """Yield the messages that can be received, in order.

        Of a group of a FIFO queue none can while another is in flight, nor what comes after one that is delayed.
        """
        locked = {each.group for each in self.flying} if self.is_fifo else set()
        for message in self.messages:
            if self.is_fifo and message.group in locked:
                continue
            if message.is_hidden:
                locked.add(message.group)
            else:
                yield message

    @property
    def delayed(self) -> int:
        """How many messages cannot be received yet."""
        return sum(message.is_hidden and not message.is_in_flight for message in self.messages)

    def outdated(self, now: float) -> list[StoredMessage]:
        """Return the messages that were kept for as long as the queue keeps any."""
        limit = now - self.number("MessageRetentionPeriod") + 1e-6
        if self._oldest > limit:
            return []
        kept = [message.kept_since for message in self.messages if message.kept_since > limit]
        self._oldest = min(kept, default=math.inf)
        return [message for message in self.messages if message.kept_since <= limit]

    # -- what was sent before

    def sent_before(self, message: StoredMessage, now: float) -> Any:
        """Return what `remember` was given for the first message with this deduplication id, None if it is new."""
        when, answer = self._seen.get(self._identity(message), (-_REMEMBERED_FOR, None))
        return answer if now - when < _REMEMBERED_FOR - 1e-6 else None

    def remember(self, message: StoredMessage, now: float, answer: Any) -> None:
        """Know the deduplication id of *message* again, and what its sender was told."""
        self._seen[self._identity(message)] = (now, answer)

    def _identity(self, message: StoredMessage) -> tuple[str, str]:
        by_group = self.attributes.get("DeduplicationScope") == "messageGroup"
        return (message.group if by_group else "", message.deduplication)
