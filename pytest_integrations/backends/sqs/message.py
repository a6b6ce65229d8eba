"""One message in a queue, as the service keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage

    from .agenda import Entry

__all__ = ["StoredMessage"]


@dataclass(slots=True, eq=False)
class StoredMessage:
    """A message, or one of several copies of it, in one queue.

    It waits, or it is hidden: delayed, or in flight. *position* is its place in the queue, which it keeps while others
    have it, so that what comes back is not behind what came later.
    """

    id: str
    body: str
    attributes: dict[str, dict[str, str]]
    story: QueueMessage
    sent: int
    """When it was sent, in milliseconds of the epoch."""
    kept_since: float
    """When its retention began, in seconds of the clock."""
    position: float = 0.0
    trace: str = ""
    group: str = ""
    deduplication: str = ""
    sequence: str = ""
    source: str = ""
    """The ARN of the queue that it was dead-lettered from."""
    received: int = 0
    """How often it was received, in all queues."""
    received_here: int = 0
    """How often it was received from this queue: what its redrive policy counts."""
    first_received: int = 0
    first_received_at: float = 0.0
    is_hidden: bool = False
    delivery: int = 0
    """The number of the delivery that it is in flight by, 0 if it is not."""
    entry: Entry | None = None
    """What makes it visible again."""
    is_gone: bool = False
    """Whether it is in no queue any more."""

    @property
    def is_in_flight(self) -> bool:
        """Whether a consumer has it."""
        return self.delivery > 0
