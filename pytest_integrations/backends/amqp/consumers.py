"""The consumers of one queue, and whose turn it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .queue import BrokerQueue
    from .session import BrokerSession

__all__ = ["Consumer", "Consumers"]


class Consumer:
    """One `basic.consume`."""

    __slots__ = ("exclusive", "in_flight", "no_ack", "prefetch", "priority", "queue", "session", "tag")

    def __init__(
        self,
        session: BrokerSession,
        queue: BrokerQueue,
        tag: str,
        *,
        no_ack: bool,
        exclusive: bool,
        prefetch: int,
        priority: int,
    ) -> None:
        """Consume *queue* on the channel of *session*, at most *prefetch* unsettled at a time (0: any number)."""
        self.session: BrokerSession = session
        self.queue: BrokerQueue = queue
        self.tag: str = tag
        self.no_ack: bool = no_ack
        self.exclusive: bool = exclusive
        self.prefetch: int = prefetch
        self.priority: int = priority
        self.in_flight: int = 0

    @property
    def may_take(self) -> bool:
        """Whether it may be given one more."""
        session = self.session
        if self.no_ack:
            return True
        return not (self.prefetch and self.in_flight >= self.prefetch) and not (
            session.limit and session.in_flight >= session.limit
        )


class Consumers:
    """Takes turns as RabbitMQ does: by priority, then round and round; one that is at its limit waits aside."""

    def __init__(self, *, single_active: bool) -> None:
        """Begin with nobody; *single_active* lets only one of them have messages at a time."""
        self._single_active = single_active
        self._all: list[Consumer] = []
        self._turns: list[Consumer] = []
        self._aside: list[Consumer] = []
        self._active: Consumer | None = None
        """The one that has all messages, where only one may."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all)

    def __iter__(self) -> Iterator[Consumer]:
        """Iterate over them in the order in which they came."""
        return iter(tuple(self._all))

    def add(self, consumer: Consumer) -> None:
        """Let a consumer join."""
        self._all.append(consumer)
        self._queue_up(consumer)
        self._active = self._active or consumer

    def _queue_up(self, consumer: Consumer) -> None:
        """Put *consumer* behind those of its priority."""
        place = len(self._turns)
        while place and self._turns[place - 1].priority < consumer.priority:
            place -= 1
        self._turns.insert(place, consumer)

    def remove(self, consumer: Consumer) -> None:
        """Let a consumer leave."""
        for group in (self._all, self._turns, self._aside):
            if consumer in group:
                group.remove(consumer)
        if self._active is consumer:
            self._active = max(self._all, key=lambda each: each.priority, default=None)  # of equals the oldest

    def next(self) -> Consumer | None:
        """Return whose turn it is, if anybody may take one more; that one is the last then."""
        if self._single_active:
            return self._active if self._active is not None and self._active.may_take else None
        while self._turns:
            consumer = self._turns.pop(0)
            if consumer.may_take:
                self._queue_up(consumer)
                return consumer
            self._aside.append(consumer)
        return None

    def readmit(self) -> None:
        """Let those take turns again who were at their limit and are not any more."""
        ready = [consumer for consumer in self._aside if consumer.may_take]
        for consumer in ready:
            self._aside.remove(consumer)
            self._queue_up(consumer)
