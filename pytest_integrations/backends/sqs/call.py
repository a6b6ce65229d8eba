"""One request to the service, as it was seen on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pytest_integrations.backends.http_objects import RecordedCall

from .actions import ACTIONS

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.queue_call import Kind

__all__ = ["SqsCall"]


class SqsCall(RecordedCall):
    """An HTTP request that is also an operation on a queue.

    `operation` is `"SendMessage orders"`; with `kind` and `queue`, faults choose by `fake_sqs.on("publish",
    queue="orders")`. What HTTP tells of it (headers, body, status) is there too.
    """

    __slots__ = ("action", "effects", "error", "parameters", "queue")
    protocol = "sqs"

    def __init__(self, fake: str, connection: Connection, head: bytes = b"", operation: str = "connect") -> None:
        """Begin the record of a request with this raw *head*."""
        super().__init__(fake, connection, head, operation)
        self.action: str = ""
        """`"SendMessage"`, and the like; `""` until it is known."""
        self.parameters: dict[str, Any] = {}
        """What the action was given, by the names of the JSON protocol, whichever was spoken."""
        self.queue: str = ""
        """The name of the queue; `""` if there is none."""
        self.error: str = ""
        """The name of the error that the client was told, `""` if it was told none."""
        self.effects: tuple[Effect, ...] = ()
        """What goes wrong with it."""

    @property
    def kind(self) -> Kind:
        """What the operation is for."""
        known = ACTIONS.get(self.action)
        return known.kind if known is not None else "other"

    @property
    def entries(self) -> int:
        """How many entries its batch has; 0 if it is none."""
        entries = self.parameters.get("Entries")
        return len(entries) if isinstance(entries, list) else 0

    @property
    def verdict(self) -> str:
        """What the client was shown, in a word or two: `"200"`, `"403 OverLimit"`, `"reset"`."""
        shown = super().verdict
        return f"{shown} {self.error}" if self.error and self.outcome == "answered" else shown

    def named(self, action: str, parameters: dict[str, Any]) -> None:
        """Record what it asks for, once that is known."""
        self.action, self.parameters = action, parameters
        self.queue = _queue_of(parameters)
        self.operation: str = " ".join(filter(None, (action or f"{self.method} {self.path}", self.queue)))

    def _refused(self) -> bool:
        return bool(self.error) or super()._refused()


def _queue_of(parameters: dict[str, Any]) -> str:
    for name in ("QueueUrl", "QueueName"):
        value = parameters.get(name)
        if isinstance(value, str) and value:
            return unquote(urlsplit(value).path).rpartition("/")[2]
    arn = parameters.get("SourceArn")
    return arn.rpartition(":")[2] if isinstance(arn, str) else ""
