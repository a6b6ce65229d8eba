"""A delivery that its consumer has not settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .consumers import Consumer
    from .message import Copy
    from .queue import BrokerQueue

__all__ = ["Held"]


class Held:
    """What a channel keeps of a delivery: *consumer* is None for one that was asked for by `basic.get`."""

    __slots__ = ("consumer", "copy", "delivery", "queue", "since", "tag")

    def __init__(self, tag: int, queue: BrokerQueue, copy: Copy, consumer: Consumer | None, delivery: int) -> None:
        """Note that *copy* went out from *queue* by this *tag*, as the message's delivery of this number."""
        self.tag: int = tag
        self.queue: BrokerQueue = queue
        self.copy: Copy = copy
        self.consumer: Consumer | None = consumer
        self.delivery: int = delivery
        self.since: float = queue.vhost.broker.now()
