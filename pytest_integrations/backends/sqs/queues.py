"""Making, finding, changing, emptying and deleting queues."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from .attributes import COUNTED, DEFAULTS, FIFO_DEFAULTS, allows, checked, redrive_of
from .errors import Refusal, SqsError, invalid_value
from .queue import StoredQueue

if TYPE_CHECKING:
    from .request import Request
    from .store import Store

__all__ = [
    "change_permission",
    "create_queue",
    "delete_queue",
    "get_queue_attributes",
    "get_queue_url",
    "list_dead_letter_source_queues",
    "list_queue_tags",
    "list_queues",
    "purge_queue",
    "set_queue_attributes",
    "tag_queue",
    "untag_queue",
]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_NAME_RULE = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
_WITHHELD = 60.0
"""Seconds in which a name cannot be used again, or a queue not be emptied again."""
_PAGE = 1000


def create_queue(store: Store, request: Request) -> dict[str, Any]:
    """Do `CreateQueue`."""
    name = request.text("QueueName")
    attributes = checked(request.mapping("Attributes"), fifo=name.endswith(".fifo"))
    known = store.queues.get(name)
    if known is not None:
        return _known(store, known, attributes)
    _check_name(name, attributes)
    if store.now - store.deleted.get(name, -_WITHHELD) < _WITHHELD - 1e-6:
        raise SqsError(Refusal.QueueDeletedRecently)
    _check_redrive(store, name, attributes)
    tags = request.mapping("tags") or request.mapping("Tags")
    store.queues[name] = StoredQueue(name, store.arn_of(name), attributes, tags, int(store.date))
    return {"QueueUrl": store.url_of(name)}


def _known(store: Store, queue: StoredQueue, attributes: dict[str, str]) -> dict[str, Any]:
    """Return the queue that is there already, if it is as it was to be."""
    for name, value in attributes.items():
        if queue.attributes.get(name, "") != value:
            text = f"A queue already exists with the same name and a different value for attribute {name}"
            raise SqsError(Refusal.QueueNameExists, text)
    return {"QueueUrl": store.url_of(queue.name)}


def _check_name(name: str, attributes: dict[str, str]) -> None:
    is_fifo = name.endswith(".fifo")
    if len(name) > 80 or not _NAME.fullmatch(name.removesuffix(".fifo")):
        raise invalid_value(name, "QueueName", _NAME_RULE)
    if is_fifo != (attributes.get("FifoQueue") == "true"):
        text = (
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
            "must end with .fifo suffix and be 1 to 80 in length"
        )
        raise SqsError(Refusal.InvalidParameterValue, text)


def _check_redrive(store: Store, name: str, attributes: dict[str, str]) -> None:
    """Refuse a dead-letter queue that is not there, of another type, or does not want the letters of this queue."""
    given = attributes.get("RedrivePolicy", "")
    redrive = redrive_of(given)
    if redrive is None:
        return
    target = store.by_arn(redrive.target)
    if target is None:
        raise invalid_value(given, "RedrivePolicy", "Dead letter target does not exist")
    if target.is_fifo != name.endswith(".fifo"):
        raise invalid_value(given, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source")
    if not allows(target.attributes.get("RedriveAllowPolicy", ""), store.arn_of(name)):
        raise invalid_value(given, "RedrivePolicy", "Dead-letter queue does not allow this queue to redrive to it")


def get_queue_url(store: Store, request: Request) -> dict[str, Any]:
    """Do `GetQueueUrl`."""
    name = request.text("QueueName")
    if name not in store.queues:
        raise SqsError(Refusal.QueueDoesNotExist)
    return {"QueueUrl": store.url_of(name)}


def list_queues(store: Store, request: Request) -> dict[str, Any]:
    """Do `ListQueues`."""
    prefix = request.optional("QueueNamePrefix")
    names = sorted(name for name in store.queues if name.startswith(prefix))
    return _page(store, names, "QueueUrls", request)


def list_dead_letter_source_queues(store: Store, request: Request) -> dict[str, Any]:
    """Do `ListDeadLetterSourceQueues`."""
    arn = store.find(request).arn
    sources = (name for name, queue in store.queues.items() if queue.redrive and queue.redrive.target == arn)
    return {"queueUrls": [], **_page(store, sorted(sources), "queueUrls", request)}


def _page(store: Store, names: list[str], key: str, request: Request) -> dict[str, Any]:
    size = request.number("MaxResults", 1, _PAGE, 0)
    start = _start(request)
    page = names[start : start + (size or _PAGE)]
    answer: dict[str, Any] = {key: [store.url_of(name) for name in page]} if page else {}
    if size and start + size < len(names):
        answer["NextToken"] = base64.b64encode(str(start + size).encode()).decode()
    return answer


def _start(request: Request) -> int:
    token = request.optional("NextToken")
    try:
        return int(base64.b64decode(token, validate=True)) if token else 0
    except (binascii.Error, ValueError, TypeError):
        raise invalid_value(token, "NextToken", "Invalid or expired next token") from None


def get_queue_attributes(store: Store, request: Request) -> dict[str, Any]:
    """Do `GetQueueAttributes`."""
    queue = store.find(request)
    names = request.words("AttributeNames")
    delayed = queue.delayed
    known = {
        **{name: value for name, value in queue.attributes.items() if value},
        "QueueArn": queue.arn,
        "ApproximateNumberOfMessages": str(len(queue.messages) - len(queue.flying) - delayed),
        "ApproximateNumberOfMessagesNotVisible": str(len(queue.flying)),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
        "CreatedTimestamp": str(queue.created),
        "LastModifiedTimestamp": str(queue.modified),
    }
    for name in names:
        if name != "All" and name not in COUNTED:
            checked({name: known.get(name, _sample(name))}, fifo=True)  # raises for a name that there is not
    chosen = {name: value for name, value in known.items() if "All" in names or name in names}
    return {"Attributes": chosen} if chosen else {}


def _sample(name: str) -> str:
    return {**DEFAULTS, **FIFO_DEFAULTS, "KmsDataKeyReusePeriodSeconds": "300"}.get(name, "")


def set_queue_attributes(store: Store, request: Request) -> dict[str, Any]:
    """Do `SetQueueAttributes`."""
    queue = store.find(request)
    attributes = checked(request.mapping("Attributes"), fifo=queue.is_fifo)
    if attributes.get("FifoQueue", str(queue.is_fifo).lower()) != str(queue.is_fifo).lower():
        raise SqsError(Refusal.InvalidAttributeName, "Modification of attribute FifoQueue is not allowed.")
    _check_redrive(store, queue.name, attributes)
    queue.attributes.update(attributes)
    queue.modified = int(store.date)
    store.wake(queue)
    return {}


def purge_queue(store: Store, request: Request) -> dict[str, Any]:
    """Do `PurgeQueue`."""
    queue = store.find(request)
    if queue.purged is not None and store.now - queue.purged < _WITHHELD - 1e-6:
        raise SqsError(Refusal.PurgeQueueInProgress)
    queue.purged = store.now
    store.remove_all(queue, "purged")
    return {}


def delete_queue(store: Store, request: Request) -> dict[str, Any]:
    """Do `DeleteQueue`."""
    queue = store.find(request)
    store.remove_all(queue, "queue deleted")
    del store.queues[queue.name]
    store.deleted[queue.name] = store.now
    store.wake(queue)  # to be told that it is gone
    return {}


def tag_queue(store: Store, request: Request) -> dict[str, Any]:
    """Do `TagQueue`."""
    store.find(request).tags.update(request.mapping("Tags"))
    return {}


def untag_queue(store: Store, request: Request) -> dict[str, Any]:
    """Do `UntagQueue`."""
    queue = store.find(request)
    for key in request.words("TagKeys"):
        queue.tags.pop(key, None)
    return {}


def list_queue_tags(store: Store, request: Request) -> dict[str, Any]:
    """Do `ListQueueTags`."""
    tags = store.find(request).tags
    return {"Tags": dict(tags)} if tags else {}


def change_permission(store: Store, request: Request) -> dict[str, Any]:
    """Do `AddPermission` and `RemovePermission`: nobody is kept out, so there is nobody to let in."""
    store.find(request)
    request.text("Label")
    return {}
