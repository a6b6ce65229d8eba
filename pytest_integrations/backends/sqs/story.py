"""What the ledger is told of the messages of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .content import readable

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Ledger

    from .message import StoredMessage
    from .queue import StoredQueue
    from .request import Request

__all__ = ["Story"]


class Story:
    """Writes down what happens to messages, in the words of the ledger."""

    def __init__(self, ledger: Ledger, fake: str) -> None:
        """Write into *ledger*, for the fake of this name."""
        self._ledger = ledger
        self._fake = fake

    def published(
        self,
        queue: StoredQueue,
        body: str,
        attributes: dict[str, dict[str, str]],
        key: str,
        request: Request,
        *,
        group: str | None = None,
        fault: Fault | None = None,
    ) -> QueueMessage:
        """A producer sent it; what is in it may be by a *fault*."""
        headers, who = _headers(attributes, group), _client(request)
        return self._ledger.publish(self._fake, body.encode(), headers, to=queue.name, key=key, fault=fault, **who)

    def routed(self, queue: StoredQueue, message: StoredMessage) -> None:
        """It is in a queue."""
        self._ledger.tell(message.story, "routed", queue.name)

    def duplicated(self, queue: StoredQueue, message: StoredMessage, fault: Fault | None) -> None:
        """A fault has put it into a queue once more."""
        self._ledger.tell(message.story, "routed", queue.name, reason="duplicate", fault=fault)

    def confirmed(self, story: QueueMessage, queue: StoredQueue, request: Request) -> None:
        """Its producer was told that it is safe."""
        self._ledger.tell(story, "confirmed", queue.name, **_client(request))

    def refused(self, story: QueueMessage, queue: StoredQueue, reason: str, request: Request) -> None:
        """It was not taken, and its producer is told so."""
        self._ledger.tell(story, "rejected", queue.name, reason=reason, fault=request.fault)
        self._ledger.tell(story, "refused", queue.name, reason=reason, fault=request.fault, **_client(request))

    def lost(self, story: QueueMessage, queue: StoredQueue, fault: Fault | None) -> None:
        """It was taken and is gone."""
        self._ledger.tell(story, "dropped", queue.name, reason="lost", fault=fault)

    def deduplicated(self, story: QueueMessage, queue: StoredQueue) -> None:
        """The queue knew it already."""
        self._ledger.tell(story, "deduplicated", queue.name, reason="deduplication id")

    def delivered(self, queue: StoredQueue, message: StoredMessage, request: Request, fault: Fault | None) -> int:
        """A consumer got it; return the number of the delivery."""
        event = self._ledger.tell(
            message.story,
            "delivered",
            queue.name,
            redelivered=message.received > 1,
            fault=fault,
            **_content(message),
            **_client(request),
        )
        return event.delivery

    def acked(self, queue: StoredQueue, message: StoredMessage, delivery: int, reason: str, request: Request) -> None:
        """A consumer deleted it."""
        self._ledger.tell(message.story, "acked", queue.name, delivery=delivery, reason=reason, **_client(request))

    def requeued(
        self, queue: StoredQueue, message: StoredMessage, reason: str, fault: Fault | None = None, **who: Any
    ) -> None:
        """It can be received again."""
        self._ledger.tell(
            message.story, "requeued", queue.name, delivery=message.delivery, reason=reason, fault=fault, **who
        )

    def dead_lettered(self, queue: StoredQueue, message: StoredMessage, to: StoredQueue) -> None:
        """It was received too often."""
        self._ledger.tell(
            message.story,
            "dead_lettered",
            queue.name,
            delivery=message.delivery,
            reason="maxReceiveCount",
            to=(to.name,),
            **_content(message),
        )

    def redriven(self, queue: StoredQueue, message: StoredMessage, to: StoredQueue) -> None:
        """It was moved out of a dead-letter queue."""
        self._ledger.tell(
            message.story, "redriven", queue.name, delivery=message.delivery, reason="move task", to=(to.name,)
        )

    def purged(self, queue: StoredQueue, message: StoredMessage, reason: str) -> None:
        """Its queue was emptied or deleted."""
        self._ledger.tell(message.story, "purged", queue.name, delivery=message.delivery, reason=reason)

    def expired(self, queue: StoredQueue, message: StoredMessage) -> None:
        """It was kept for as long as its queue keeps any."""
        self._ledger.tell(message.story, "expired", queue.name, delivery=message.delivery, reason="retention period")


def _client(request: Request) -> dict[str, Any]:
    return {"who": request.who, "connection": request.connection}


def _content(message: StoredMessage) -> dict[str, Any]:
    return {"body": message.body.encode(), "headers": _headers(message.attributes, message.group)}


def _headers(attributes: dict[str, dict[str, str]], group: str | None) -> dict[str, Any]:
    """Return the attributes of a message, and its group, by which one may ask for its order."""
    return {**readable(attributes), **({"MessageGroupId": group} if group else {})}
