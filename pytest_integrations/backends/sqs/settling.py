"""Settling deliveries: deleting messages, and changing how long they are hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.effect import Pretend

from .batch import in_batch
from .errors import Refusal, SqsError, invalid_value
from .receiving import LONGEST_HIDING

if TYPE_CHECKING:
    from .message import StoredMessage
    from .queue import StoredQueue
    from .request import Request
    from .store import Store

__all__ = ["change_visibility", "change_visibility_batch", "delete_message", "delete_message_batch"]


def delete_message(store: Store, request: Request) -> dict[str, Any]:
    """Do `DeleteMessage`."""
    return _delete(store, store.find(request), request)


def delete_message_batch(store: Store, request: Request) -> dict[str, Any]:
    """Do `DeleteMessageBatch`."""
    queue = store.find(request)
    return in_batch(request, lambda entry: _delete(store, queue, entry))


def change_visibility(store: Store, request: Request) -> dict[str, Any]:
    """Do `ChangeMessageVisibility`."""
    return _change(store, store.find(request), request)


def change_visibility_batch(store: Store, request: Request) -> dict[str, Any]:
    """Do `ChangeMessageVisibilityBatch`."""
    queue = store.find(request)
    return in_batch(request, lambda entry: _change(store, queue, entry))


def _delivered_as(queue: StoredQueue, request: Request) -> tuple[StoredMessage, int]:
    """Return the message that a receipt handle was given for, and the number of its delivery."""
    handle = request.text("ReceiptHandle")
    found = queue.handles.get(handle)
    if found is None:
        text = f'The input receipt handle "{handle}" is not a valid receipt handle.'
        raise SqsError(Refusal.ReceiptHandleIsInvalid, text)
    return found


def _delete(store: Store, queue: StoredQueue, request: Request) -> dict[str, Any]:
    """Delete a message; of a standard queue by any of its handles, of a FIFO queue by the last, while it holds."""
    message, delivery = _delivered_as(queue, request)
    if message not in queue:
        return {}  # deleted before, or moved away
    is_held = message.delivery == delivery
    if queue.is_fifo and not is_held:
        raise invalid_value(request.text("ReceiptHandle"), "ReceiptHandle", "The receipt handle has expired")
    if request.effect(Pretend) is not None:
        return {}
    reason = "" if is_held else "by an old receipt handle"
    store.story.acked(queue, message, message.delivery or delivery, reason, request)
    queue.remove(message)
    store.wake(queue)  # its group may have been locked
    return {}


def _change(store: Store, queue: StoredQueue, request: Request) -> dict[str, Any]:
    if request.parameters.get("VisibilityTimeout") is None:
        request.text("VisibilityTimeout")
    seconds = request.number("VisibilityTimeout", 0, LONGEST_HIDING, 0)
    message, delivery = _delivered_as(queue, request)
    if message not in queue:
        reason = "Message does not exist or is not available for visibility timeout change"
        raise invalid_value(request.text("ReceiptHandle"), "ReceiptHandle", reason)
    if not message.is_in_flight or (queue.is_fifo and message.delivery != delivery):
        raise SqsError(Refusal.MessageNotInflight)
    if store.now + seconds - message.first_received_at > LONGEST_HIDING + 1e-6:
        text = f"Total VisibilityTimeout for the message is beyond the limit [{LONGEST_HIDING} seconds]"
        raise SqsError(Refusal.InvalidParameterValue, text)
    if request.effect(Pretend) is not None:
        return {}
    if seconds:
        store.hide(queue, message, seconds, "visibility timeout")
    else:
        store.show(queue, message, "visibility 0", request)
    return {}
