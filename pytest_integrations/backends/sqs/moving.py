"""Moving messages back out of a dead-letter queue."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import Refusal, SqsError, invalid_value

if TYPE_CHECKING:
    from .agenda import Entry
    from .message import StoredMessage
    from .queue import StoredQueue
    from .request import Request
    from .store import Store

__all__ = ["MoveTask", "cancel_message_move_task", "list_message_move_tasks", "start_message_move_task"]

_NOT_THERE = "The resource that you specified for the {} parameter doesn't exist."
_MOST_PER_SECOND = 500


@dataclass(slots=True, eq=False)
class MoveTask:
    """One task, at work or done."""

    handle: str
    source: StoredQueue
    target: StoredQueue | None
    """Where the messages go; None: each to the queue that it was dead-lettered from."""
    rate: int
    """Messages per second; 0: all at once."""
    started: int
    to_move: int
    moved: int = 0
    status: str = "RUNNING"
    failure: str = ""
    entry: Entry | None = None

    def told(self) -> dict[str, Any]:
        """Return what `ListMessageMoveTasks` tells of it."""
        optional = {
            "TaskHandle": self.handle if self.status == "RUNNING" else "",
            "DestinationArn": self.target.arn if self.target is not None else "",
            "MaxNumberOfMessagesPerSecond": self.rate,
            "FailureReason": self.failure,
        }
        return {
            "Status": self.status,
            "SourceArn": self.source.arn,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": self.started,
            **{name: value for name, value in optional.items() if value},
        }


def start_message_move_task(store: Store, request: Request) -> dict[str, Any]:
    """Do `StartMessageMoveTask`."""
    source = _queue(store, request, "SourceArn")
    target = _queue(store, request, "DestinationArn") if request.optional("DestinationArn") else None
    rate = request.number("MaxNumberOfMessagesPerSecond", 1, _MOST_PER_SECOND, 0)
    if not any(queue.redrive and queue.redrive.target == source.arn for queue in store.queues.values()):
        raise invalid_value(source.arn, "SourceArn", "Source queue must be configured as a Dead Letter Queue")
    if any(task.source is source and task.status == "RUNNING" for task in store.tasks.values()):
        text = "There is already a task running. Only one active task is allowed for a source queue at a given time."
        raise SqsError(Refusal.UnsupportedOperation, text)
    words = {"taskId": store.new_id(), "sourceArn": source.arn}
    handle = base64.b64encode(json.dumps(words).encode()).decode()
    task = MoveTask(handle, source, target, rate, int(store.date * 1000), len(list(source.waiting())))
    store.tasks[handle] = task
    _go_on(store, task)
    return {"TaskHandle": handle}


def _queue(store: Store, request: Request, parameter: str) -> StoredQueue:
    queue = store.by_arn(request.text(parameter))
    if queue is None:
        raise SqsError(Refusal.ResourceNotFoundException, _NOT_THERE.format(parameter))
    store.expire(queue)
    return queue


def _go_on(store: Store, task: MoveTask) -> None:
    """Move the next message, or all of them if nothing was said about the rate."""
    for message in list(task.source.waiting()):
        if task.moved >= task.to_move:
            break
        target = task.target or store.by_arn(message.source)
        if target is None:
            task.status, task.failure = "FAILED", "CouldNotDetermineMessageSource"
            return
        _move(store, task, message, target)
        if task.rate and task.moved < task.to_move:
            task.entry = store.agenda.after(1 / task.rate, lambda: _go_on(store, task))
            return
    task.status = "COMPLETED"


def _move(store: Store, task: MoveTask, message: StoredMessage, target: StoredQueue) -> None:
    """Send *message* anew: it gets another id, and is counted and kept from the beginning."""
    store.story.redriven(task.source, message, target)
    task.source.remove(message)
    message.is_gone = False
    message.id, message.source = store.new_id(), ""
    message.received = message.received_here = message.first_received = 0
    message.sent, message.kept_since = int(store.date * 1000), store.now
    target.put(message)
    task.moved += 1
    store.story.routed(target, message)
    store.wake(target)


def cancel_message_move_task(store: Store, request: Request) -> dict[str, Any]:
    """Do `CancelMessageMoveTask`."""
    task = store.tasks.get(request.text("TaskHandle"))
    if task is None:
        raise SqsError(Refusal.ResourceNotFoundException, _NOT_THERE.format("TaskHandle"))
    if task.status != "RUNNING":
        raise SqsError(Refusal.UnsupportedOperation, "Only active message move tasks can be cancelled.")
    task.status = "CANCELLED"
    if task.entry is not None:
        task.entry.strike()
    return {"ApproximateNumberOfMessagesMoved": task.moved}


def list_message_move_tasks(store: Store, request: Request) -> dict[str, Any]:
    """Do `ListMessageMoveTasks`: the newest first."""
    source = _queue(store, request, "SourceArn")
    most = request.number("MaxResults", 1, 10, 1)
    tasks = [task.told() for task in reversed(store.tasks.values()) if task.source is source]
    return {"Results": tasks[:most]} if tasks else {}
