"""The errors of SQS: by which name and status clients know them, and what they say."""

from __future__ import annotations

from enum import Enum

__all__ = ["Refusal", "SqsError", "invalid_value", "missing"]


_OLD = "AWS.SimpleQueueService."


class Refusal(Enum):
    """An error, by its name in the JSON protocol: its code in the query protocol, its HTTP status, its usual text."""

    BatchEntryIdsNotDistinct = (
        f"{_OLD}BatchEntryIdsNotDistinct",
        400,
        "Two or more batch entries in the request have the same Id.",
    )
    BatchRequestTooLong = (
        f"{_OLD}BatchRequestTooLong",
        400,
        "The length of all the messages put together is more than the limit.",
    )
    EmptyBatchRequest = (f"{_OLD}EmptyBatchRequest", 400, "There should be at least one entry in the request.")
    InternalError = ("InternalError", 500, "We encountered an internal error. Please try again.")
    InvalidAction = ("InvalidAction", 400, "The action is not valid for this endpoint.")
    InvalidAttributeName = ("InvalidAttributeName", 400, "Unknown Attribute.")
    InvalidAttributeValue = ("InvalidAttributeValue", 400, "Invalid value for the parameter.")
    InvalidBatchEntryId = (
        f"{_OLD}InvalidBatchEntryId",
        400,
        "A batch entry id has 1 to 80 letters, digits, hyphens and underscores.",
    )
    InvalidMessageContents = (
        "InvalidMessageContents",
        400,
        "Message body contains characters outside the allowed set.",
    )
    InvalidParameterValue = ("InvalidParameterValue", 400, "One or more parameters are invalid.")
    InvalidSecurity = ("InvalidSecurity", 403, "The request was not made over HTTPS or did not use SigV4 for signing.")
    KmsThrottled = ("KMS.ThrottlingException", 400, "The rate of requests to the key service is too high.")
    MessageNotInflight = (f"{_OLD}MessageNotInflight", 400, "The message referred to isn't in flight.")
    MissingParameter = ("MissingParameter", 400, "The request is missing a parameter.")
    OverLimit = ("OverLimit", 403, "The maximum number of in flight messages is reached.")
    PurgeQueueInProgress = (
        f"{_OLD}PurgeQueueInProgress",
        403,
        "Only one PurgeQueue operation on a queue is allowed every 60 seconds.",
    )
    QueueDeletedRecently = (
        f"{_OLD}QueueDeletedRecently",
        400,
        "You must wait 60 seconds after deleting a queue before you can create another.",
    )
    QueueDoesNotExist = (f"{_OLD}NonExistentQueue", 400, "The specified queue does not exist.")
    QueueNameExists = (
        "QueueAlreadyExists",
        400,
        "A queue already exists with the same name and a different value for an attribute.",
    )
    ReceiptHandleIsInvalid = ("ReceiptHandleIsInvalid", 400, "The input receipt handle is invalid.")
    SignatureDoesNotMatch = ("SignatureDoesNotMatch", 403, "The request signature does not match.")
    RequestThrottled = ("RequestThrottled", 403, "The request was denied due to request throttling.")
    ResourceNotFoundException = ("ResourceNotFoundException", 404, "One or more specified resources don't exist.")
    ServiceUnavailable = ("ServiceUnavailable", 503, "The service is unavailable. Please try again.")
    ThrottlingException = ("ThrottlingException", 400, "Rate exceeded.")
    TooManyEntriesInBatchRequest = (
        f"{_OLD}TooManyEntriesInBatchRequest",
        400,
        "Maximum number of entries per request are 10.",
    )
    UnsupportedOperation = (f"{_OLD}UnsupportedOperation", 400, "Unsupported operation.")


class SqsError(Exception):
    """What a client is told instead of an answer."""

    def __init__(self, refusal: Refusal, text: str = "") -> None:
        """Tell *refusal*, in its usual words or in others."""
        self.name: str = refusal.name
        self.code, self.status, usual = refusal.value
        self.text: str = text or usual
        super().__init__(f"{self.name}: {self.text}")

    @property
    def is_senders(self) -> bool:
        """Whether the sender is to blame for it."""
        return self.status < 500


def invalid_value(value: object, parameter: str, reason: str) -> SqsError:
    """Return the error for a *parameter* that cannot have this *value*."""
    text = f"Value {value} for parameter {parameter} is invalid. Reason: {reason.rstrip('.')}."
    return SqsError(Refusal.InvalidParameterValue, text)


def missing(parameter: str) -> SqsError:
    """Return the error for a *parameter* that has to be there."""
    return SqsError(Refusal.MissingParameter, f"The request must contain the parameter {parameter}.")
