"""What clients can ask for, by name, and what kind of operation each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import moving, queues, sending, settling

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.queue_call import Kind

    from .request import Request
    from .store import Store

__all__ = ["ACTIONS", "RECEIVE", "Action"]

RECEIVE = "ReceiveMessage"
"""The one that may have to wait for its answer; see `receiving` and `polling`."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its kind, and what does it."""

    kind: Kind
    do: Callable[[Store, Request], dict[str, Any]] | None


ACTIONS: dict[str, Action] = {
    "AddPermission": Action("declare", queues.change_permission),
    "CancelMessageMoveTask": Action("other", moving.cancel_message_move_task),
    "ChangeMessageVisibility": Action("nack", settling.change_visibility),
    "ChangeMessageVisibilityBatch": Action("nack", settling.change_visibility_batch),
    "CreateQueue": Action("declare", queues.create_queue),
    "DeleteMessage": Action("ack", settling.delete_message),
    "DeleteMessageBatch": Action("ack", settling.delete_message_batch),
    "DeleteQueue": Action("declare", queues.delete_queue),
    "GetQueueAttributes": Action("other", queues.get_queue_attributes),
    "GetQueueUrl": Action("other", queues.get_queue_url),
    "ListDeadLetterSourceQueues": Action("other", queues.list_dead_letter_source_queues),
    "ListMessageMoveTasks": Action("other", moving.list_message_move_tasks),
    "ListQueueTags": Action("other", queues.list_queue_tags),
    "ListQueues": Action("other", queues.list_queues),
    "PurgeQueue": Action("declare", queues.purge_queue),
    RECEIVE: Action("receive", None),
    "RemovePermission": Action("declare", queues.change_permission),
    "SendMessage": Action("publish", sending.send_message),
    "SendMessageBatch": Action("publish", sending.send_message_batch),
    "SetQueueAttributes": Action("declare", queues.set_queue_attributes),
    "StartMessageMoveTask": Action("other", moving.start_message_move_task),
    "TagQueue": Action("declare", queues.tag_queue),
    "UntagQueue": Action("declare", queues.untag_queue),
}
