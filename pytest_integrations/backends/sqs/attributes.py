"""The attributes of a queue: which there are, what they may be, and what they are if nobody says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import Refusal, SqsError, invalid_value

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COUNTED", "DEFAULTS", "FIFO_DEFAULTS", "LARGEST_MESSAGE", "Redrive", "allows", "checked", "redrive_of"]

LARGEST_MESSAGE = 1024 * 1024
"""Bytes, of a message and of a whole batch."""

DEFAULTS = {
    "VisibilityTimeout": "30",
    "MaximumMessageSize": str(LARGEST_MESSAGE),
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
}
FIFO_DEFAULTS = {
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}
COUNTED = frozenset(
    {
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
        "QueueArn",
    }
)
"""What SQS tells of a queue and nobody can set."""

_NUMBERS = {
    "VisibilityTimeout": (0, 43_200),
    "MaximumMessageSize": (1024, LARGEST_MESSAGE),
    "MessageRetentionPeriod": (60, 1_209_600),
    "DelaySeconds": (0, 900),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
_WORDS = {
    "FifoQueue": ("true", "false"),
    "ContentBasedDeduplication": ("true", "false"),
    "SqsManagedSseEnabled": ("true", "false"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
_DOCUMENTS = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")
_PERMISSIONS = ("allowAll", "denyAll", "byQueue")


@dataclass(frozen=True, slots=True)
class Redrive:
    """Where a queue's dead letters go, and after how many receives."""

    target: str
    """The ARN of the dead-letter queue."""
    limit: int


def checked(attributes: Mapping[str, Any], *, fifo: bool) -> dict[str, str]:
    """Return *attributes* as text, if a queue can have them; an empty one is taken away again by its `""`."""
    result = {}
    for name, given in attributes.items():
        value = str(given).lower() if isinstance(given, bool) else str(given)
        _check(name, value, fifo=fifo)
        result[name] = value
    return result


def _check(name: str, value: str, *, fifo: bool) -> None:
    if name in _NUMBERS:
        least, most = _NUMBERS[name]
        if not value.isdecimal() or not least <= int(value) <= most:
            raise SqsError(Refusal.InvalidAttributeValue, f"Invalid value for the parameter {name}.")
    elif name in _WORDS:
        if value not in _WORDS[name]:
            raise SqsError(Refusal.InvalidAttributeValue, f"Invalid value for the parameter {name}.")
        if name in FIFO_DEFAULTS and not fifo and name != "FifoQueue":
            raise SqsError(Refusal.InvalidAttributeName, f"Unknown Attribute {name}.")
    elif name in _DOCUMENTS:
        _check_document(name, value)
    elif name != "KmsMasterKeyId":
        raise SqsError(Refusal.InvalidAttributeName, f"Unknown Attribute {name}.")


def _check_document(name: str, value: str) -> None:
    if not value:
        return
    if name == "RedrivePolicy":
        redrive_of(value)
        return
    document = _document(name, value)
    if name == "RedriveAllowPolicy":
        permission, sources = document.get("redrivePermission"), document.get("sourceQueueArns")
        if permission not in _PERMISSIONS or (permission == "byQueue") != isinstance(sources, list):
            raise invalid_value(value, name, "redrivePermission is allowAll, denyAll, or byQueue with sourceQueueArns")


def redrive_of(value: str) -> Redrive | None:
    """Return what the *value* of `RedrivePolicy` says, None if there is none."""
    if not value:
        return None
    document = _document("RedrivePolicy", value)
    target, limit = document.get("deadLetterTargetArn"), document.get("maxReceiveCount")
    if not isinstance(target, str) or not target:
        raise invalid_value(value, "RedrivePolicy", "It does not contain mandatory field deadLetterTargetArn")
    if limit is None:
        raise invalid_value(value, "RedrivePolicy", "It does not contain mandatory field maxReceiveCount")
    if not str(limit).isdecimal() or not 1 <= int(limit) <= 1000:
        raise invalid_value(value, "RedrivePolicy", "Invalid value for maxReceiveCount: must be between 1 and 1000")
    return Redrive(target, int(limit))


def allows(value: str, source: str) -> bool:
    """Tell whether a `RedriveAllowPolicy` of this *value* lets in what comes from the queue with the ARN *source*."""
    document = _document("RedriveAllowPolicy", value) if value else {"redrivePermission": "allowAll"}
    permission = document["redrivePermission"]
    return permission == "allowAll" or (permission == "byQueue" and source in document["sourceQueueArns"])


def _document(name: str, value: str) -> dict[str, Any]:
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise invalid_value(value, name, f"{name} is not a JSON object")
    return document
