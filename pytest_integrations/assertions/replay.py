"""What waited and what was in flight at each moment: the events once more, with the state of the queues after each.

A queue has *waiting* copies and copies *in flight*. `routed` and `requeued` make one wait; `delivered` takes one into
flight; what settles a delivery takes it out again; and what ends a copy that nobody has takes it from those that wait.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.delivery import ENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.delivery import Messages, QueueEvent, QueueMessage

__all__ = ["Moment", "QueueState", "replay"]


class QueueState:
    """One queue: its copies that wait, by number of the message, and the deliveries that are not settled."""

    def __init__(self) -> None:
        """Begin with an empty queue."""
        self.waiting: Counter[int] = Counter()
        self.ready: int = 0
        """How many copies wait."""
        self.in_flight: dict[tuple[int, int], QueueEvent] = {}

    def others_waiting(self, message: QueueMessage) -> int:
        """Return how many copies of other messages than *message* wait."""
        return self.ready - self.waiting[message.id]

    def take(self, message: QueueMessage, event: QueueEvent) -> None:
        """Let *event* happen to a copy of *message*."""
        if event.kind == "routed":
            self._add(message)
        elif event.kind == "delivered":
            self._remove(message)
            self.in_flight[message.id, event.delivery] = event
        elif event.kind == "requeued":
            if self.in_flight.pop((message.id, event.delivery), None) is not None:
                self._add(message)
        elif event.kind in ENDS and self.in_flight.pop((message.id, event.delivery), None) is None:
            self._remove(message)

    def _add(self, message: QueueMessage) -> None:
        self.waiting[message.id] += 1
        self.ready += 1

    def _remove(self, message: QueueMessage) -> None:
        if self.waiting[message.id]:  # a duplicate is delivered without having waited
            self.waiting[message.id] -= 1
            self.ready -= 1


@dataclass(frozen=True, slots=True)
class Moment:
    """One event, the message that it happened to, and its queue right afterwards."""

    event: QueueEvent
    message: QueueMessage
    queue: QueueState


def replay(messages: Messages) -> Iterator[Moment]:
    """Yield all events of all messages of the fakes that *messages* are of, in order.

    Messages that the test has left out stand in the same queues, and so they are among them. The state is the same
    object each time, and goes on.
    """
    fakes = {message.fake for message in messages}
    everything = messages.ledger.messages.where(lambda message: message.fake in fakes)
    queues: dict[tuple[str, str], QueueState] = {}
    events = [(event, message) for message in everything for event in message.events]
    for event, message in sorted(events, key=_in_order):
        state = queues.setdefault((message.fake, event.queue), QueueState())
        state.take(message, event)
        yield Moment(event, message, state)


def _in_order(pair: tuple[QueueEvent, QueueMessage]) -> int:
    return pair[0].seq
