"""A ledger of messages written by hand, as a broker would have, on a clock that stands where it is put."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.ledger import Ledger
from tests.assertions.ledgers import HandClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.delivery import Messages, QueueEvent, QueueMessage
    from pytest_integrations.core.fault import Fault


class HandQueue:
    """Writes the stories of messages; a consumer has connection 2, the producer connection 1."""

    def __init__(self, *, exact: bool = True, fake: str = "fake_amqp") -> None:
        self.clock = HandClock(exact=exact)
        self.ledger = Ledger(self.clock)
        self.fake = fake
        self.producer = self.ledger.connect(fake)
        self.consumer = self.ledger.connect(fake)

    @property
    def messages(self) -> Messages:
        return self.ledger.messages

    def at(self, seconds: float) -> None:
        """Let it be *seconds* after the ledger was opened."""
        self.clock.now = 1000.0 + seconds

    def publish(
        self,
        body: str,
        *,
        to: str = "orders",
        told: str | None = "confirmed",
        routed: bool = True,
        connection: Connection | None = None,
        **how: Any,
    ) -> QueueMessage:
        """Let a producer publish *body*, the broker route it and tell the producer."""
        headers: Mapping[str, Any] = how.pop("headers", {})
        number = (connection or self.producer).id
        message = self.ledger.publish(
            self.fake, body.encode(), headers, to=to, key=how.pop("key", ""), connection=number, **how
        )
        if routed:
            self.ledger.tell(message, "routed", to)
        if told is not None:
            self.tell(message, told, connection=number)
        return message

    def tell(self, message: QueueMessage, kind: Any, queue: str = "", **details: Any) -> QueueEvent:
        return self.ledger.tell(message, kind, queue, **details)

    def deliver(
        self, message: QueueMessage, queue: str = "orders", *, who: str = "worker-1", **details: Any
    ) -> QueueEvent:
        """Deliver it from *queue*, marked as redelivered from the second time on."""
        details.setdefault("redelivered", bool(message.of("delivered")))
        details.setdefault("connection", self.consumer.id)
        return self.tell(message, "delivered", queue, who=who, **details)

    def settle(self, message: QueueMessage, kind: str, *, delivery: int | None = None, **details: Any) -> QueueEvent:
        """Settle one of its deliveries, or the newest that is open."""
        taken = [each for each in message.deliveries if each.end is None and delivery in {None, each.number}][-1]
        return self.tell(message, kind, taken.queue, delivery=taken.number, **details)

    def ack(self, message: QueueMessage, **details: Any) -> QueueEvent:
        return self.settle(message, "acked", **details)

    def requeue(self, message: QueueMessage, reason: str = "nacked", **details: Any) -> QueueEvent:
        details.setdefault("connection", self.consumer.id)
        return self.settle(message, "requeued", reason=reason, **details)

    def drop(self, message: QueueMessage, reason: str = "rejected", **details: Any) -> QueueEvent:
        return self.settle(message, "dropped", reason=reason, **details)

    def dead_letter(
        self,
        message: QueueMessage,
        to: str = "orders.dead",
        *,
        reason: str = "rejected",
        body: bytes | None = None,
        headers: Mapping[str, Any] | None = None,
        fault: Fault | None = None,
        connection: int = 0,
    ) -> QueueEvent:
        """Move what is in flight to the dead-letter queue, with the broker's own header; or let a client move it."""
        kept = {**message.headers, "x-death": [{"count": 1}]} if headers is None else headers
        event = self.settle(
            message,
            "dead_lettered",
            reason=reason,
            to=(to,),
            body=message.body if body is None else body,
            headers=kept,
            fault=fault,
            connection=connection,
        )
        self.tell(message, "routed", to)
        return event

    def handled(self, body: str, **how: Any) -> QueueMessage:
        """Publish *body*, deliver it and ack it."""
        message = self.publish(body, **how)
        self.deliver(message, message.published_to)
        self.ack(message)
        return message
