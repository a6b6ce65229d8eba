"""Which messages were dead-lettered, by the broker or by the consumer itself.

    by the broker      the message has an event `dead_lettered`, and goes on in the other queue as the same message
                       (so does one that a client moves in one step: by LMOVE, or by a transaction of Redis)
    by the consumer    it publishes a message to the dead-letter queue, and then acks the one that it could not handle

Of the second kind the ledger has two messages, and which belongs to which is found by

    1  per=            what the test says: "key", "body", "header:NAME", or a function of either message
    2  the key         both have the same, unless it is a number in the queue (of a stream): there others have it too
    3  a header        the dead letter carries the key of the other, whatever the header is called
    4  the body        both have the same

among the messages that had been delivered before; of several it is the one that was delivered last. Of a message that
was routed to several queues, each of whose consumers has a copy, it is the copy that who wrote the letter had in hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from .copies import duplicates, of_one_copy, origins
from .publications import identity

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from pytest_integrations.core.delivery import Delivery, Messages, QueueEvent, QueueMessage

    from .publications import Per

__all__ = ["DeadLetter", "by_broker", "by_consumer", "letters_to"]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was dead-lettered: the *source*, what is in the dead-letter queue, and the event that began it."""

    source: QueueMessage
    letter: QueueMessage
    """The same as the source, if it was the broker that moved it."""
    event: QueueEvent
    """`dead_lettered` of the source, or `published` of the letter."""

    @property
    def is_by_broker(self) -> bool:
        """Whether the broker moved it."""
        return self.letter is self.source

    @property
    def is_one_step(self) -> bool:
        """Whether its consumer moved it: dead letter and ack in one, or the letter first, so that it is always safe."""
        return self.is_by_broker and self.event.connection > 0 and self.event.delivery > 0

    @property
    def queue(self) -> str:
        """The queue that the source was in: the one that it was moved from, or delivered from before."""
        if self.is_by_broker:
            return self.event.queue
        before = [delivery for delivery in self.source.deliveries if delivery.event.seq < self.event.seq]
        return max(before, key=self._nearness).queue if before else ""

    def _nearness(self, delivery: Delivery) -> tuple[bool, bool, int, float, int]:
        """Return how much speaks for this *delivery* of the source to be the one whose consumer wrote the letter.

        Most of all that it came by the same connection; then that it was not settled yet. Of several that one worker
        had in hand it is the one that it settles next. Who publishes by a connection of its own cannot be told from
        other groups by that: there it is the copy that was tried most often.
        """
        is_same = delivery.event.connection == self.event.connection
        settled = delivery.end.seq if delivery.end is not None else inf
        in_hand = settled > self.event.seq
        tried = 0 if is_same else len(of_one_copy(self.source, "delivered", delivery.queue))
        return is_same, in_hand, tried, -settled if in_hand else 0, delivery.event.seq

    @property
    def copy(self) -> tuple[int, str]:
        """What tells the copy that was put aside from all others: its message, and the queue that it began in."""
        return self.source.id, origins(self.source).get(self.queue, self.queue)

    @property
    def twins(self) -> int:
        """How many more of the copy a fault has made, each of which is delivered, and moved when its time has come."""
        return duplicates(self.source, self.queue)

    @property
    def body(self) -> bytes | None:
        """What lies in the dead-letter queue; None if the fake does not tell."""
        return self.event.body if self.is_by_broker else self.letter.body

    @property
    def headers(self) -> Mapping[str, Any] | None:
        """Its headers there; None if the fake does not tell."""
        return self.event.headers if self.is_by_broker else self.letter.headers

    def deliveries(self, among: Messages, per: Per | None = None) -> list[Delivery]:
        """Return the deliveries of the source before, from the queue that it came from and on its way there.

        Where *per* tells which messages are one to a consumer that publishes what failed again, the deliveries of all
        of them *among* those given count, from the queue that the source came from last.
        """
        before = [event for event in self.source.of("delivered") if event.seq < self.event.seq]
        kin = [self.source]
        if per is not None and before:
            own, queue = identity(self.source, per), before[-1].queue if self.is_by_broker else self.queue
            kin = [message for message in among if own is not None and identity(message, per) == own] or kin
            before = [event for message in kin for event in message.of("delivered", queue=queue)]
        elif before:
            before = of_one_copy(self.source, "delivered", self.queue)
        known = {event.seq for event in before if event.seq < self.event.seq}
        return [delivery for message in kin for delivery in message.deliveries if delivery.event.seq in known]


def by_broker(messages: Iterable[QueueMessage], to: str | None) -> list[DeadLetter]:
    """Return what the broker moved *to* a queue; if none is named, the last move of each message, wherever to."""
    found: list[DeadLetter] = []
    for message in messages:
        moves = [event for event in message.of("dead_lettered") if to is None or to in event.to]
        found += [DeadLetter(message, message, event) for event in (moves if to is not None else moves[-1:])]
    return found


def by_consumer(messages: Messages, to: str, per: Per | None = None) -> list[DeadLetter]:
    """Return what a consumer of *messages* published *to* a queue in place of one of them, in order."""
    letters = letters_to(messages, to)
    sources = _Sources(messages, per)
    found = [(letter, sources.of(letter)) for letter in letters]
    return [DeadLetter(source, letter, letter.events[0]) for letter, source in found if source is not None]


def letters_to(messages: Messages, to: str) -> list[QueueMessage]:
    """Return what was published straight *to* a queue of the fakes that *messages* are of."""
    fakes = {message.fake for message in messages}

    def is_letter(message: QueueMessage) -> bool:
        moved = any(to in event.to for event in message.events)
        arrived = message.published_to == to or bool(message.of("routed", queue=to))
        return message.fake in fakes and arrived and not moved

    return list(messages.ledger.messages.where(is_letter))


class _Sources:
    """The messages that may have been put aside, by what they can be recognised by."""

    def __init__(self, messages: Iterable[QueueMessage], per: Per | None) -> None:
        self._per = per
        self._delivered: dict[int, list[int]] = {}
        self._by_key: dict[Hashable, list[QueueMessage]] = {}
        self._by_body: dict[Hashable, list[QueueMessage]] = {}
        for message in messages:
            self._delivered[message.id] = [event.seq for event in message.of("delivered")]
            key = (message.key or None) if per is None else identity(message, per)
            if key is not None:
                self._by_key.setdefault(key, []).append(message)
            self._by_body.setdefault(message.body, []).append(message)

    def of(self, letter: QueueMessage) -> QueueMessage | None:
        """Return the message that *letter* stands for, if there is one."""
        written = letter.events[0].seq
        for fitting in self._fitting(letter):
            last = {message.id: self._last_before(message, written) for message in fitting if message is not letter}
            known = [message for message in fitting if last.get(message.id)]
            if known:
                return max(known, key=lambda message: last[message.id])
        return None

    def _fitting(self, letter: QueueMessage) -> Iterator[list[QueueMessage]]:
        if self._per is not None:
            yield self._by_key.get(identity(letter, self._per), [])
            return
        if not letter.is_numbered:
            yield self._by_key.get(letter.key, [])
        for value in letter.headers.values():
            yield self._by_key.get(_text(value), [])
        yield self._by_body.get(letter.body, [])

    def _last_before(self, message: QueueMessage, seq: int) -> int:
        return max((each for each in self._delivered[message.id] if each < seq), default=0)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
