"""The JSON protocol by hand: a request, its answer, and nothing tried again."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pytest_integrations.backends.sqs.fake import FakeSqs

__all__ = ["JsonClient", "Refused"]


class Refused(Exception):
    """The service has answered an error."""

    def __init__(self, name: str, code: str, status: int, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name, self.code, self.status, self.text = name, code, status, text


class JsonClient:
    """One connection to a fake."""

    def __init__(self, broker: FakeSqs, timeout: float = 5.0) -> None:
        self.broker = broker
        self.connection = HTTPConnection("127.0.0.1", broker.port, timeout=timeout)

    def begin(self, action: str, **parameters: Any) -> None:
        """Send a request; the answer is for `end` to read."""
        headers = {"X-Amz-Target": f"AmazonSQS.{action}", "Content-Type": "application/x-amz-json-1.0"}
        self.connection.request("POST", "/", json.dumps(parameters), headers)

    def end(self) -> dict[str, Any]:
        """Return the answer, or raise what it refuses."""
        answer = self.connection.getresponse()
        body = answer.read()
        content: dict[str, Any] = json.loads(body) if body else {}
        if answer.status != 200:
            code = answer.headers.get("x-amzn-query-error", "").partition(";")[0]
            name = content.get("__type", "").rpartition("#")[2]
            raise Refused(name, code, answer.status, content.get("message", ""))
        return content

    def ask(self, action: str, queue: str = "", **parameters: Any) -> dict[str, Any]:
        """Send a request about *queue* and return its answer."""
        if queue:
            parameters["QueueUrl"] = self.broker.url_of(queue)
        self.begin(action, **parameters)
        return self.end()

    def send(self, queue: str, body: str, **parameters: Any) -> dict[str, Any]:
        """Send a message."""
        return self.ask("SendMessage", queue, MessageBody=body, **parameters)

    def receive(self, queue: str, count: int = 10, **parameters: Any) -> list[dict[str, Any]]:
        """Receive messages."""
        answer = self.ask("ReceiveMessage", queue, MaxNumberOfMessages=count, **parameters)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def bodies(self, queue: str, count: int = 10, **parameters: Any) -> list[str]:
        """Receive messages and return their bodies."""
        return [message["Body"] for message in self.receive(queue, count, **parameters)]

    def delete(self, queue: str, message: dict[str, Any]) -> None:
        """Delete a received *message*."""
        self.ask("DeleteMessage", queue, ReceiptHandle=message["ReceiptHandle"])

    def close(self) -> None:
        """Leave."""
        self.connection.close()

    def __enter__(self) -> Self:
        """Connect with the first request."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave."""
        self.close()
