"""The figures of each queue: what came, how often it was delivered, and where it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from .general_names import general_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.delivery import QueueMessage

    from .facts import QueueFacts

__all__ = ["merged", "queue_figures"]


def queue_figures(messages: Iterable[QueueMessage]) -> list[QueueFacts]:
    """Return the figures of every queue that one of *messages* was put into, in the order of their first messages."""
    found: dict[tuple[str, str], QueueFacts] = {}
    for message in messages:
        for queue in dict.fromkeys(event.queue for event in message.of("routed")):
            _count(message, queue, _at(found, message.fake, general_name(queue)))
    return list(found.values())


def merged(facts: Iterable[QueueFacts]) -> list[QueueFacts]:
    """Return *facts* of several tests added up, queue by queue."""
    whole: dict[tuple[str, str], QueueFacts] = {}
    for one in facts:
        known = _at(whole, one["fake"], one["queue"])
        for key in _NUMBERS:
            known[key] += one[key]
    return list(whole.values())


def _at(found: dict[tuple[str, str], QueueFacts], fake: str, queue: str) -> QueueFacts:
    if (fake, queue) not in found:
        found[fake, queue] = {
            "fake": fake,
            "queue": queue,
            "messages": 0,
            "deliveries": 0,
            "redeliveries": 0,
            "acked": 0,
            "requeued": 0,
            "dead_lettered": 0,
            "lost": 0,
            "waiting": 0,
        }
    return found[fake, queue]


_Number = Literal["messages", "deliveries", "redeliveries", "acked", "requeued", "dead_lettered", "lost", "waiting"]
_NUMBERS: tuple[_Number, ...] = get_args(_Number)


def _count(message: QueueMessage, queue: str, figures: QueueFacts) -> None:
    deliveries = len(message.of("delivered", queue=queue))
    figures["messages"] += 1
    figures["deliveries"] += deliveries
    figures["redeliveries"] += max(0, deliveries - 1)
    figures["requeued"] += len(message.of("requeued", queue=queue))
    figures["acked"] += bool(message.of("acked", queue=queue))
    figures["dead_lettered"] += bool(message.of("dead_lettered", queue=queue))
    figures["lost"] += bool(message.of("dropped", "expired", "purged", queue=queue))
    figures["waiting"] += message.places.get(queue, 0)
