"""The service's state: queues by name, and what all actions need."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pytest_integrations.wire.loop import shared_loop

from .agenda import Agenda
from .errors import Refusal, SqsError
from .story import Story

if TYPE_CHECKING:
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.seed import Seed

    from .message import StoredMessage
    from .moving import MoveTask
    from .queue import StoredQueue
    from .request import Request

__all__ = ["Store"]

_FIRST_SEQUENCE = 18_849_496_460_467_696_128


class Store:
    """All queues of one fake; touched on the I/O thread only."""

    def __init__(self, fake: str, ledger: Ledger, seed: Seed, region: str, account: str) -> None:
        """Begin without queues."""
        self.queues: dict[str, StoredQueue] = {}
        self.deleted: dict[str, float] = {}
        """When queues were deleted whose names cannot be used yet."""
        self.tasks: dict[str, MoveTask] = {}
        self.agenda: Agenda = Agenda(ledger.clock)
        self.story: Story = Story(ledger, fake)
        self.region: str = region
        self.account: str = account
        self.url: str = ""
        """Of the endpoint; queues are beneath it."""
        self._clock = ledger.clock
        self._random = seed.stream("sqs", fake)
        self._sequence = _FIRST_SEQUENCE

    # -- names, numbers, times

    @property
    def now(self) -> float:
        """The moment, in seconds of the clock."""
        return self.agenda.now

    @property
    def date(self) -> float:
        """The moment, in seconds of the epoch."""
        return self._clock.wall().timestamp()

    def new_id(self) -> str:
        """Return an id that was not used before, the same for the same seed."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def new_sequence(self) -> str:
        """Return the next number of a message in a FIFO queue."""
        self._sequence += 256
        return str(self._sequence)

    def arn_of(self, name: str) -> str:
        """Return the ARN of the queue called *name*."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{name}"

    def url_of(self, name: str) -> str:
        """Return the URL of the queue called *name*."""
        return f"{self.url}/{self.account}/{name}"

    # -- queues

    def find(self, request: Request) -> StoredQueue:
        """Return the queue that *request* is about."""
        name = unquote(urlsplit(request.text("QueueUrl")).path.rpartition("/")[2])
        queue = self.queues.get(name)
        if queue is None:
            raise SqsError(Refusal.QueueDoesNotExist)
        self.expire(queue)
        return queue

    def by_arn(self, arn: str) -> StoredQueue | None:
        """Return the queue with this *arn*, if there is one."""
        return next((queue for queue in self.queues.values() if queue.arn == arn), None)

    def expire_all(self) -> None:
        """Throw away what all queues have kept for long enough."""
        for queue in self.queues.values():
            self.expire(queue)

    def expire(self, queue: StoredQueue) -> None:
        """Throw away what the queue has kept for long enough; done when somebody looks, as nobody can tell."""
        for message in queue.outdated(self.now):
            self.story.expired(queue, message)
            queue.remove(message)

    def wake(self, queue: StoredQueue) -> None:
        """Serve those who wait, once everything that came in by now has been read: one of them may have left."""
        if queue.polls:
            shared_loop().call_soon(lambda: self._serve(queue))

    def _serve(self, queue: StoredQueue) -> None:
        for poll in tuple(queue.polls):
            poll.try_again()

    # -- messages that come and go

    def hide(self, queue: StoredQueue, message: StoredMessage, seconds: float, reason: str) -> None:
        """Let nobody receive *message* for so many *seconds*."""
        if message.entry is not None:
            message.entry.strike()
        message.is_hidden = True
        message.entry = self.agenda.after(seconds, lambda: self.show(queue, message, reason))

    def show(
        self,
        queue: StoredQueue,
        message: StoredMessage,
        reason: str,
        request: Request | None = None,
        fault: Fault | None = None,
    ) -> None:
        """Let *message* be received again, or for the first time."""
        if message.is_gone:
            return
        if message.is_in_flight:
            who = {"who": request.who, "connection": request.connection} if request is not None else {}
            self.story.requeued(queue, message, reason, fault, **who)
            message.delivery = 0
            queue.flying.discard(message)
        message.is_hidden = False
        if message.entry is not None:
            message.entry.strike()
            message.entry = None
        self.wake(queue)

    def remove_all(self, queue: StoredQueue, reason: str) -> None:
        """Empty *queue*."""
        for message in tuple(queue.messages):
            self.story.purged(queue, message, reason)
            queue.remove(message)
