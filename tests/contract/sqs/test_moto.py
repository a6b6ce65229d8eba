"""The same operations, drawn at random, on the fake and on moto: each must answer what the other does.

`PYTEST_INTEGRATIONS_MOTO` names the interpreter of an environment with `moto[server]`; without it this is left out.
"""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.sqs.fake import FakeSqs
from tests.benchmarks.test_sqs import MOTO, _client, moto

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not MOTO, reason="PYTEST_INTEGRATIONS_MOTO names no interpreter")


class Side:
    """One of the two services, with what it has handed out."""

    def __init__(self, sqs: Any) -> None:
        from botocore.exceptions import ClientError

        self._error = ClientError
        self.sqs = sqs
        self.urls: dict[str, str] = {}
        self.handles: list[str] = []

    def create(self) -> None:
        """Make the queues."""
        for name in ("dead", "dead.fifo"):
            fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
            self.urls[name] = self.sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
            asked = {"QueueUrl": self.urls[name], "AttributeNames": ["QueueArn"]}
            arn = self.sqs.get_queue_attributes(**asked)["Attributes"]["QueueArn"]
            policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 3}}'
            orders = name.replace("dead", "orders")
            attributes = {**fifo, "RedrivePolicy": policy}
            self.urls[orders] = self.sqs.create_queue(QueueName=orders, Attributes=attributes)["QueueUrl"]

    def told(self, ask: Callable[[Side], Any]) -> Any:
        """Return the answer, or the code of the error."""
        try:
            return ask(self)
        except self._error as error:
            return error.response["Error"]["Code"]

    def receive(self, queue: str, count: int, visibility: int) -> Any:
        """Return what a receive tells, bar what differs from service to service."""
        answer = self.sqs.receive_message(
            QueueUrl=self.urls[queue],
            MaxNumberOfMessages=count,
            VisibilityTimeout=visibility,
            MessageAttributeNames=["All"],
            AttributeNames=["MessageGroupId", "MessageDeduplicationId"],
        ).get("Messages", [])
        handles = [message.pop("ReceiptHandle") for message in answer]
        self.handles += handles if visibility else []  # moto lets those that have expired delete, FIFO queues too
        for message in answer:
            message.pop("MessageId")
            if not message.get("Attributes"):
                message.pop("Attributes", None)  # which moto leaves empty
        return answer

    def settle(self, place: float) -> None:
        """Delete what was handed out, from whichever queue it is in."""
        if self.handles:
            handle = self.handles.pop(int(place * len(self.handles)))
            for url in self.urls.values():
                self.told(partial(_delete, url, handle))

    def waiting(self, queue: str) -> Any:
        """Return how many messages wait."""
        asked = {"QueueUrl": self.urls[queue], "AttributeNames": ["ApproximateNumberOfMessages"]}
        return self.sqs.get_queue_attributes(**asked)["Attributes"]


def _delete(url: str, handle: str, side: Side) -> Any:
    return side.sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)["ResponseMetadata"]["HTTPStatusCode"]


def _operation(draw: random.Random, number: int) -> Callable[[Side], Any]:
    queue = draw.choice(["orders", "orders", "orders.fifo", "dead", "dead.fifo"])
    attributes = {"n": {"DataType": "Number", "StringValue": str(number)}} if draw.random() < 0.5 else {}
    parameters: dict[str, Any] = {"MessageBody": f"ü {number}", "MessageAttributes": attributes}
    if queue.endswith(".fifo"):
        # Never the same twice: moto forgets a deduplication id when its message is deleted, SQS after five minutes.
        parameters |= {"MessageGroupId": draw.choice("ab"), "MessageDeduplicationId": str(number)}
    choice, count, place = draw.randrange(8), draw.randint(1, 10), draw.random()
    # In moto's FIFO queues what follows overtakes a message that came back at once.
    visibility = 600 if queue.endswith(".fifo") else draw.choice([0, 0, 600])

    def send(side: Side) -> Any:
        answer = side.sqs.send_message(QueueUrl=side.urls[queue], **parameters)
        return {name: answer.get(name) for name in ("MD5OfMessageBody", "MD5OfMessageAttributes")}

    def batch(side: Side) -> Any:
        entries = [{"Id": str(each), **parameters} for each in range(2)]
        answer = side.sqs.send_message_batch(QueueUrl=side.urls[queue], Entries=entries)
        return [entry["MD5OfMessageBody"] for entry in answer["Successful"]]

    if choice < 3:
        return send
    if choice == 3 and not queue.endswith(".fifo"):
        return batch
    if choice == 4:
        return lambda side: side.settle(place)
    if choice == 5:
        return lambda side: side.waiting(queue)
    return lambda side: side.receive(queue, count, visibility)


@pytest.mark.parametrize("seed", range(4))
def test_two_services_answer_alike(seed: int) -> None:
    draw = random.Random(seed)
    with FakeSqs() as broker, moto() as url, _client(broker.url) as ours, _client(url) as theirs:
        own, other = Side(ours), Side(theirs)
        own.create()
        other.create()
        for number in range(200):
            ask = _operation(draw, number)
            assert own.told(ask) == other.told(ask), f"operation {number}, {ask.__qualname__}"
