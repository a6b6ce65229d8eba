"""Sending messages: one, or up to ten in a batch."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.effect import Lose, Poison

from .attributes import LARGEST_MESSAGE
from .batch import entries_of, in_batch
from .content import check_attributes, check_body, digest, digest_of_attributes, size
from .errors import Refusal, SqsError, invalid_value
from .message import StoredMessage

if TYPE_CHECKING:
    from .queue import StoredQueue
    from .request import Request
    from .store import Store

__all__ = ["send_message", "send_message_batch"]

_NOT_FOR_THIS_TYPE = "The request include parameter that is not valid for this queue type"
_TRACE = "AWSTraceHeader"


def send_message(store: Store, request: Request) -> dict[str, Any]:
    """Do `SendMessage`."""
    return _send(store, store.find(request), request)


def send_message_batch(store: Store, request: Request) -> dict[str, Any]:
    """Do `SendMessageBatch`."""
    queue = store.find(request)
    sizes = [_size_of(entry) for entry in entries_of(request)]
    if sum(sizes) > LARGEST_MESSAGE:
        text = f"Batch requests cannot be longer than {LARGEST_MESSAGE} bytes. You have sent {sum(sizes)} bytes."
        raise SqsError(Refusal.BatchRequestTooLong, text)
    return in_batch(
        request, lambda entry: _send(store, queue, entry), lambda entry, code: _refuse(store, queue, entry, code)
    )


def _size_of(entry: dict[str, Any]) -> int:
    body = entry.get("MessageBody")
    return len(body.encode("utf-8", "surrogatepass")) if isinstance(body, str) else 0


def _refuse(store: Store, queue: StoredQueue, request: Request, code: str) -> None:
    """Write down that a fault has refused one message of a batch."""
    body, attributes = str(request.parameters.get("MessageBody", "")), _attributes(request)
    body = body.encode("utf-8", "replace").decode()  # it was not looked at
    story = store.story.published(queue, body, attributes, "", request)
    store.story.refused(story, queue, code, request)


def _send(store: Store, queue: StoredQueue, request: Request) -> dict[str, Any]:
    delay, now = _delay(queue, request), store.now
    message = _made(store, queue, request)
    answer = _answer(message, request)
    before = queue.sent_before(message, now) if queue.is_fifo else None
    if before is not None:
        store.story.deduplicated(message.story, queue)
        answer = {**answer, **before}
    else:
        _keep(store, queue, message, request, delay)
        if queue.is_fifo:
            answer["SequenceNumber"] = message.sequence
            queue.remember(message, now, {"MessageId": message.id, "SequenceNumber": message.sequence})
    request.told.append(lambda: store.story.confirmed(message.story, queue, request))
    return answer


def _made(store: Store, queue: StoredQueue, request: Request) -> StoredMessage:
    """Return the message that *request* wants sent, with its story begun; raises what is wrong with it first."""
    body, attributes = check_body(request.parameters.get("MessageBody")), _attributes(request)
    trace = _trace(request)
    limit = queue.number("MaximumMessageSize")
    if size(body, attributes) > limit:
        text = f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        raise SqsError(Refusal.InvalidParameterValue, text)
    group, deduplication = _group(queue, request), _deduplication(queue, request, body)
    poison = request.effect(Poison)
    body = body if poison is None else poison.body.decode("latin-1")  # bodies are text here
    key = store.new_id()
    return StoredMessage(
        id=key,
        body=body,
        attributes=attributes,
        story=store.story.published(
            queue, body, attributes, key, request, group=group, fault=None if poison is None else request.fault
        ),
        sent=int(store.date * 1000),
        kept_since=store.now,
        trace=trace,
        group=group,
        deduplication=deduplication,
    )


def _keep(store: Store, queue: StoredQueue, message: StoredMessage, request: Request, delay: int) -> None:
    """Put *message* into *queue*, or lose it, if that is the fault."""
    if queue.is_fifo:
        message.sequence = store.new_sequence()
    if request.effect(Lose) is not None:
        store.story.lost(message.story, queue, request.fault)
        return
    queue.put(message)
    store.story.routed(queue, message)
    if delay:
        store.hide(queue, message, delay, "delay")
    else:
        store.wake(queue)


def _answer(message: StoredMessage, request: Request) -> dict[str, Any]:
    answer = {"MessageId": message.id, "MD5OfMessageBody": digest(request.parameters["MessageBody"].encode())}
    if message.attributes:
        answer["MD5OfMessageAttributes"] = digest_of_attributes(message.attributes)
    if message.trace:
        trace = {_TRACE: {"DataType": "String", "StringValue": message.trace}}
        answer["MD5OfMessageSystemAttributes"] = digest_of_attributes(trace)
    return answer


def _attributes(request: Request) -> dict[str, dict[str, str]]:
    return check_attributes(request.parameters.get("MessageAttributes"))


def _trace(request: Request) -> str:
    attributes = request.mapping("MessageSystemAttributes")
    unknown = [name for name in attributes if name != _TRACE]
    if unknown:
        text = f"Message system attribute name '{unknown[0]}' is invalid."
        raise SqsError(Refusal.InvalidParameterValue, text)
    return check_attributes(attributes)[_TRACE].get("StringValue", "") if attributes else ""


def _delay(queue: StoredQueue, request: Request) -> int:
    usual = queue.number("DelaySeconds")
    seconds = request.number("DelaySeconds", 0, 900, 0 if queue.is_fifo else usual)
    if queue.is_fifo and seconds:
        raise invalid_value(seconds, "DelaySeconds", _NOT_FOR_THIS_TYPE)
    return usual if queue.is_fifo else seconds


def _group(queue: StoredQueue, request: Request) -> str:
    if queue.is_fifo:
        return request.text("MessageGroupId")
    return request.optional("MessageGroupId")  # of a standard queue: a tenant, for fair shares


def _deduplication(queue: StoredQueue, request: Request, body: str) -> str:
    given = request.optional("MessageDeduplicationId")
    if not queue.is_fifo:
        if given:
            raise invalid_value(given, "MessageDeduplicationId", _NOT_FOR_THIS_TYPE)
        return ""
    if given:
        return given
    if queue.attributes["ContentBasedDeduplication"] != "true":
        raise SqsError(
            Refusal.InvalidParameterValue,
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
            "provided explicitly",
        )
    return hashlib.sha256(body.encode()).hexdigest()
