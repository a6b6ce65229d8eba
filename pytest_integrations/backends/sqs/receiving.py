"""Receiving messages: who gets which, and what is dead-lettered instead."""

from __future__ import annotations

import base64
from copy import copy
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.effect import Copies, Swap, TakeBack

from .attempts import Attempt
from .batch import LARGEST_BATCH
from .content import digest, digest_of_attributes, wanted
from .errors import Refusal, SqsError

if TYPE_CHECKING:
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Fault

    from .message import StoredMessage
    from .queue import StoredQueue
    from .request import Request
    from .store import Store

__all__ = ["LONGEST_HIDING", "Reception"]

LONGEST_HIDING = 43_200
"""Seconds; a message is nobody's for longer than 12 hours."""


class Reception:
    """One `ReceiveMessage`: what it asks for, and how it is served when there is something to be had."""

    def __init__(self, store: Store, queue: StoredQueue, request: Request) -> None:
        """Check what *request* asks of *queue*."""
        self.queue: StoredQueue = queue
        self.request: Request = request
        self._store = store
        self._pending = tuple(each for each in request.effects if isinstance(each, Copies | Swap | TakeBack))
        self._most = request.number("MaxNumberOfMessages", 1, LARGEST_BATCH, 1)
        self._hidden_for = request.number("VisibilityTimeout", 0, LONGEST_HIDING, queue.number("VisibilityTimeout"))
        self.patience: int = request.number("WaitTimeSeconds", 0, 20, queue.number("ReceiveMessageWaitTimeSeconds"))
        """For how many seconds it waits for a message."""
        names = request.words("AttributeNames") + request.words("MessageSystemAttributeNames")
        self._system_names = names
        self._names = request.words("MessageAttributeNames")
        self._attempt = request.optional("ReceiveRequestAttemptId") if queue.is_fifo else ""
        self._delivered: list[StoredMessage] = []

    def messages(self) -> list[dict[str, Any]]:
        """Hand out what can be had now, as the answer tells it."""
        self._store.expire(self.queue)
        attempt = self.queue.attempts.get(self._attempt)
        if attempt is not None and attempt.holds(self._store.now):
            for message, _, _ in attempt.states:
                self._store.hide(self.queue, message, self._hidden_for, "visibility timeout")
            return self._remembered(attempt.answer, [message for message, _, _ in attempt.states])
        return self._remembered(self._next_messages(), self._delivered)

    def _remembered(self, answer: list[dict[str, Any]], messages: list[StoredMessage]) -> list[dict[str, Any]]:
        """Keep *answer* for the same attempt, if this is one that can be tried again."""
        if self._attempt and answer:
            self.queue.attempts[self._attempt] = Attempt.of(self._store.now, answer, messages)
        return answer

    def _next_messages(self) -> list[dict[str, Any]]:
        queue = self.queue
        answer: list[dict[str, Any]] = []
        candidates = list(queue.waiting())
        while candidates and len(answer) < self._most:
            if self._is_spent(candidates[0]):
                self._dead_letter(candidates.pop(0))
                continue
            if len(queue.flying) >= queue.max_in_flight:
                break
            answer += self._hand_out(candidates, self._most - len(answer))
        if not answer and len(queue.flying) >= queue.max_in_flight and not queue.is_fifo and not self.patience:
            raise SqsError(Refusal.OverLimit)  # who waits is told nothing, as with FIFO queues
        return answer

    # -- dead letters

    def _is_spent(self, message: StoredMessage) -> bool:
        redrive = self.queue.redrive
        return (
            redrive is not None
            and message.received_here >= redrive.limit
            and self._store.by_arn(redrive.target) is not None
        )

    def _dead_letter(self, message: StoredMessage) -> None:
        """Move a *message* that was received too often; SQS does so when it would be received once more."""
        redrive, queue, store = self.queue.redrive, self.queue, self._store
        target = store.by_arn(redrive.target) if redrive is not None else None
        if target is None:
            return
        store.story.dead_lettered(queue, message, target)
        queue.remove(message)
        message.is_gone = False
        message.received_here = 0
        message.source = queue.arn
        if target.is_fifo:
            message.kept_since = store.now  # a standard queue counts on from when it was sent
        target.put(message)
        store.story.routed(target, message)
        store.wake(target)

    # -- deliveries

    def _hand_out(self, candidates: list[StoredMessage], room: int) -> list[dict[str, Any]]:
        """Deliver the next of the *candidates*, and as many copies as a fault wants and there is *room* for."""
        effects, fault = self._mishaps()
        window = next((effect.window for effect in effects if isinstance(effect, Swap)), 1)
        message = candidates.pop(min(window, len(candidates)) - 1)
        copies = sum(effect.count for effect in effects if isinstance(effect, Copies))
        twins = [self._copy(message, fault) for _ in range(copies)]
        for twin in reversed(twins[room - 1 :]):  # what does not fit into this answer is next in turn
            candidates.insert(0, twin)
        answer = [self._deliver(each, fault) for each in (message, *twins[: room - 1])]
        for effect in effects:
            if isinstance(effect, TakeBack):
                self._take_back(message, effect.after, fault)
        return answer

    def _mishaps(self) -> tuple[tuple[Effect, ...], Fault | None]:
        """Return what happens to the next delivery: what is decided for it, or, to the first, for the whole call."""
        effects, self._pending = self._pending, ()
        if effects:
            return effects, self.request.fault
        decision = self.request.decide()
        return (decision.effects, decision.fault) if decision is not None else ((), None)

    def _copy(self, message: StoredMessage, fault: Fault | None) -> StoredMessage:
        """Put a second copy behind *message*, as if a server of the service had missed that it was taken."""
        twin = copy(message)
        self.queue.put_behind(message, twin)
        self._store.story.duplicated(self.queue, twin, fault)
        return twin

    def _take_back(self, message: StoredMessage, after: float, fault: Fault | None) -> None:
        delivery = message.delivery

        def back() -> None:
            if message.delivery == delivery and message.is_in_flight:
                self._store.show(self.queue, message, "visible early", fault=fault)

        if after:
            self._store.agenda.after(after, back)
        else:
            back()

    def _deliver(self, message: StoredMessage, fault: Fault | None) -> dict[str, Any]:
        store, queue = self._store, self.queue
        self._delivered.append(message)
        message.received += 1
        message.received_here += 1
        if not message.first_received:
            message.first_received, message.first_received_at = int(store.date * 1000), store.now
        message.delivery = store.story.delivered(queue, message, self.request, fault)
        queue.flying.add(message)
        handle = base64.b64encode(f"{store.new_id()} {queue.arn} {message.id} {store.date:.6f}".encode()).decode()
        queue.handles[handle] = (message, message.delivery)
        answer = self._told(message, handle)
        store.hide(queue, message, self._hidden_for, "visibility timeout")
        if not self._hidden_for:
            store.show(queue, message, "visibility timeout")
        return answer

    def _told(self, message: StoredMessage, handle: str) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "MessageId": message.id,
            "ReceiptHandle": handle,
            "MD5OfBody": digest(message.body.encode()),
            "Body": message.body,
        }
        system = wanted(self._system_attributes(message), self._system_names)
        if system:
            answer["Attributes"] = system
        attributes = wanted(message.attributes, self._names)
        if attributes:
            answer["MessageAttributes"] = attributes
            answer["MD5OfMessageAttributes"] = digest_of_attributes(attributes)
        return answer

    def _system_attributes(self, message: StoredMessage) -> dict[str, str]:
        known = {
            "SenderId": self._store.account,
            "SentTimestamp": str(message.sent),
            "ApproximateReceiveCount": str(message.received),
            "ApproximateFirstReceiveTimestamp": str(message.first_received),
            "AWSTraceHeader": message.trace,
            "DeadLetterQueueSourceArn": message.source,
            "MessageGroupId": message.group,
            "MessageDeduplicationId": message.deduplication,
            "SequenceNumber": message.sequence,
        }
        return {name: value for name, value in known.items() if value}
