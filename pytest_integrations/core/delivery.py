"""What became of each message: the part of the ledger that queues write.

A message is published once and then goes from place to place. Everything that happens to it is an event, and the events
in their order are its story:

    published      a producer sent it                      confirmed      the producer was told that it is safe
    routed         a copy was put into a queue             refused        the producer was told that it is not
    rejected       a queue did not take it                 returned       the producer got it back: it fits no queue
    delivered      a consumer got it                       acked          the consumer has done with it
    requeued       it is back in its queue                 dead_lettered  it was moved to a dead-letter queue
    expired        its time was up                         dropped        the broker threw it away
    purged         somebody emptied or deleted its queue   redriven       it was moved back out of a dead-letter queue
    deduplicated   the broker knew it already

A copy in a queue comes by `routed` and goes by exactly one of `acked`, `dead_lettered`, `expired`, `dropped`, `purged`
and `redriven`; whatever brings it to another queue is followed by that queue's own `routed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from .excerpt import Excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .fault import Fault

__all__ = ["ENDS", "Delivery", "Happening", "Messages", "QueueEvent", "QueueMessage"]

Happening = Literal[
    "published",
    "routed",
    "rejected",
    "returned",
    "confirmed",
    "refused",
    "delivered",
    "acked",
    "requeued",
    "dead_lettered",
    "expired",
    "dropped",
    "purged",
    "redriven",
    "deduplicated",
]

ENDS = frozenset({"acked", "dead_lettered", "expired", "dropped", "purged", "redriven"})
"""What a copy in a queue ends with."""


@dataclass(frozen=True, slots=True)
class QueueEvent:
    """One thing that happened to one message, at *time* (seconds on the clock in force since the ledger was opened).

    *seq* counts the events of the ledger; *after* is the number of the newest call at that moment, so that events and
    calls can be put in one order.
    """

    seq: int
    """1 for the first event of the ledger, 2 for the next."""
    after: int
    """The number of the newest call at that moment."""
    time: float
    """When it happened."""
    kind: Happening
    """What happened: `"published"`, `"routed"`, `"delivered"`, `"acked"`, …."""
    queue: str = ""
    """The queue that it happened in; of `published` the one it was sent to, or `exchange/key`."""
    delivery: int = 0
    """The number of the delivery that it is about, 1 for the first of its message; 0 if it is about none."""
    reason: str = ""
    """`"maxlen"`, `"rejected"`, `"expired"`, `"connection lost"`, … in the broker's own word."""
    who: str = ""
    """The consumer or the client, as the protocol names it."""
    to: tuple[str, ...] = ()
    """The queues that it went to, of `dead_lettered` and `redriven`."""
    connection: int = 0
    """The number of the connection that it came or went by; 0 for what the broker or the test did."""
    redelivered: bool = False
    """Of `delivered`: whether the consumer was told that it may have been delivered before."""
    fault: Fault | None = None
    """The fault that brought it about."""
    body: bytes | None = None
    """Of `delivered`, `dead_lettered`: what was in it then."""
    headers: Mapping[str, Any] | None = None
    """Of `delivered`, `dead_lettered`: the headers that were on it then."""

    def __repr__(self) -> str:
        """Show it as a line of a story."""
        words = [f"{self.time:.3f} s", self.kind.replace("_", " ")]
        words += [f"in {self.queue}"] if self.queue else []
        words += [f"to {', '.join(self.to)}"] if self.to else []
        words += [f"({self.reason})"] if self.reason else []
        return " ".join(words)


class Delivery:
    """One delivery of a message to a consumer, and how the consumer, or the broker, settled it."""

    __slots__ = ("end", "event", "message")

    def __init__(self, message: QueueMessage, event: QueueEvent, end: QueueEvent | None) -> None:
        """Join what began by *event*, in the story of *message*, with its *end*, if that has come."""
        self.message: QueueMessage = message
        """The message that was delivered."""
        self.event: QueueEvent = event
        """That it was delivered, in the story of the message."""
        self.end: QueueEvent | None = end
        """How it was settled, in the story of the message; None while it is not."""

    @property
    def number(self) -> int:
        """1 for the first delivery of the message, 2 for the next."""
        return self.event.delivery

    @property
    def queue(self) -> str:
        """The queue that it came from."""
        return self.event.queue

    @property
    def time(self) -> float:
        """When it was delivered."""
        return self.event.time

    @property
    def consumer(self) -> str:
        """Who got it."""
        return self.event.who

    @property
    def redelivered(self) -> bool:
        """Whether the consumer was told that it may have been delivered before."""
        return self.event.redelivered

    @property
    def outcome(self) -> str:
        """`"acked"`, `"requeued"`, `"dead_lettered"`, `"dropped"`, …, or `"unsettled"`."""
        return self.end.kind if self.end is not None else "unsettled"

    @property
    def settled(self) -> float | None:
        """When it was settled; None while it is not."""
        return self.end.time if self.end is not None else None

    def __repr__(self) -> str:
        """Show number, queue, time and outcome."""
        return (
            f"<Delivery {self.number} of message {self.message.id} from {self.queue} {self.time:.3f}: {self.outcome}>"
        )


class QueueMessage:
    """One message, from its publication to its end; the same one when it is delivered again or dead-lettered."""

    __slots__ = (
        "_events", "body", "delivered", "fake", "headers", "id", "is_numbered", "kept_from", "key", "published_to"
    )  # fmt: skip

    def __init__(
        self,
        id: int,  # noqa: A002 -- its name in the ledger
        fake: str,
        body: bytes,
        *,
        headers: Mapping[str, Any],
        to: str,
        key: str,
        is_numbered: bool = False,
    ) -> None:
        """Begin the story of a message."""
        self.id: int = id
        """1 for the first message of the ledger, 2 for the next."""
        self.fake: str = fake
        """The name of the fake that it was sent to."""
        self.body: bytes = body
        """What its producer put into it."""
        self.headers: Mapping[str, Any] = headers
        """Its headers, properties or attributes, as the protocol has them."""
        self.published_to: str = to
        """The queue that it was sent to, or `exchange/key`."""
        self.key: str = key
        """The message's own id, as its producer or its protocol gave it; `""` if it has none."""
        self.is_numbered: bool = is_numbered
        """Whether its key is a number in its own queue, as streams of Redis have it: elsewhere it is another's."""
        self.kept_from: tuple[str, ...] = ()
        """The queues that it was on its way to, by an exchange, when a fault took it."""
        self.delivered: int = 0
        """How often it was delivered."""
        self._events: list[QueueEvent] = []

    def add(self, event: QueueEvent) -> None:
        """Let *event* be the next in its story; called by the ledger."""
        self._events.append(event)
        self.delivered += event.kind == "delivered"

    @property
    def events(self) -> tuple[QueueEvent, ...]:
        """Its story so far, oldest first."""
        return tuple(self._events)

    def of(self, *kinds: Happening, queue: str | None = None) -> tuple[QueueEvent, ...]:
        """Return the events of these *kinds*, in one *queue* or in all."""
        for kind in kinds:
            if kind not in get_args(Happening):
                msg = f"{kind!r} is nothing that happens to a message; valid are {', '.join(get_args(Happening))}"
                raise ValueError(msg)
        return tuple(event for event in self.events if event.kind in kinds and queue in {None, event.queue})

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Its deliveries, oldest first."""
        ends = {
            event.delivery: event
            for event in reversed(self.events)
            if event.delivery and (event.kind in ENDS or event.kind == "requeued")
        }
        return tuple(Delivery(self, event, ends.get(event.delivery)) for event in self.of("delivered"))

    @property
    def places(self) -> dict[str, int]:
        """The queues that hold a copy of it now, waiting or in flight, and how many each."""
        held: dict[str, int] = {}
        for event in self.events:
            if event.kind == "routed":
                held[event.queue] = held.get(event.queue, 0) + 1
            elif event.kind in ENDS and event.queue in held:
                held[event.queue] -= 1
        return {queue: count for queue, count in held.items() if count > 0}

    @property
    def in_flight(self) -> bool:
        """Whether a consumer has it and has not settled it."""
        return any(delivery.end is None for delivery in self.deliveries)

    @property
    def producer_was_told(self) -> Literal["confirmed", "refused", "returned", "nothing"]:
        """What its producer learned of it last."""
        told = self.of("confirmed", "refused", "returned")
        return told[-1].kind if told else "nothing"  # type: ignore[return-value]  # of these three kinds

    @property
    def text(self) -> str:
        """The body as UTF-8, with replacement characters where it is not."""
        return self.body.decode("utf-8", "replace")

    def __repr__(self) -> str:
        """Show where it was sent and what happened to it last."""
        last = self.events[-1].kind.replace("_", " ") if self.events else "nothing"
        return f"<QueueMessage {self.id} to {self.published_to}: {len(self.deliveries)} deliveries, {last}>"


class Messages(Excerpt[QueueMessage]):
    """Messages at one moment, in the order of their publication.

    Slicing and the methods give `Messages` again, so that a part of them can be asserted on.
    """

    __slots__ = ()

    def through(self, queue: str) -> Messages:
        """Return those that were sent to *queue*, or put into it, at any time; also those that never came there.

        What it did not take, or what a fault has kept from it, is among them when it was sent by an exchange as well.
        """
        return self.where(
            lambda message: (
                message.published_to == queue
                or queue in message.kept_from
                or message.of("routed", "rejected", queue=queue)
            )
        )

    @property
    def bodies(self) -> list[bytes]:
        """The bodies, in the order of publication."""
        return [message.body for message in self._entries]

    @property
    def events(self) -> tuple[QueueEvent, ...]:
        """All that happened to them, in its order."""
        return tuple(sorted((event for message in self._entries for event in message.events), key=_number))

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """All their deliveries, in order."""
        every = (delivery for message in self._entries for delivery in message.deliveries)
        return tuple(sorted(every, key=lambda delivery: delivery.event.seq))


def _number(event: QueueEvent) -> int:
    return event.seq
