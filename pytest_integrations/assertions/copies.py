"""Which deliveries are of one copy of a message: one that is routed to several queues is handled once in each.

A copy begins in the queue that it was routed to. It stays the same copy in the queues that it is moved to from there,
and back: a dead-letter queue, one in which it waits for its next attempt.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.delivery import Delivery, QueueEvent, QueueMessage
    from pytest_integrations.core.ledger import Ledger

__all__ = ["cut_short", "duplicates", "of_one_copy", "origins", "times_delivered"]


def origins(message: QueueMessage) -> dict[str, str]:
    """Return, by each queue that *message* came into, the queue that this copy of it began in."""
    found: dict[str, str] = {}
    moved: dict[str, str] = {}
    for event in message.events:
        if event.kind == "routed":
            found[event.queue] = moved.pop(event.queue, event.queue)
        else:
            moved |= dict.fromkeys(event.to, found.get(event.queue, event.queue))
    return found


def of_one_copy(message: QueueMessage, kind: str, queue: str) -> list[QueueEvent]:
    """Return the events of a *kind* (`"delivered"`, `"acked"`) of the copy of *message* that is, or was, in *queue*."""
    known = origins(message)
    own = known.get(queue, queue)
    return [event for event in message.events if event.kind == kind and known.get(event.queue, event.queue) == own]


def duplicates(message: QueueMessage, queue: str) -> int:
    """Return how often a fault has put *message* into *queue* once more."""
    return sum(event.reason == "duplicate" for event in message.of("routed", queue=queue))


def cut_short(deliveries: Iterable[Delivery], ledger: Ledger) -> int:
    """Return how many of *deliveries* were taken from their consumers by a fault: some count these, and some do not.

    A quorum queue's `x-delivery-count` has them, its `x-death` has not.
    """
    lost = {each.id: each.closed for each in ledger.connections if each.closed_by == "fake" and each.closed is not None}

    def is_cut(delivery: Delivery) -> bool:
        end = delivery.end
        if end is None or end.kind != "requeued":
            return False
        closed = lost.get(delivery.event.connection)
        return end.fault is not None or (closed is not None and delivery.time <= closed <= end.time)

    return sum(map(is_cut, deliveries))


def times_delivered(message: QueueMessage) -> int:
    """Return how often *message* was delivered; where it has several copies, that of them which was most often."""
    known = origins(message)
    copies = Counter(known.get(delivery.queue, delivery.queue) for delivery in message.deliveries)
    return max(copies.values(), default=0)
