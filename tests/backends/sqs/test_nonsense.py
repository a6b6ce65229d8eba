"""Whatever clients send, they are answered, and it is not the service that fails."""

from __future__ import annotations

import json
import random
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from pytest_integrations.backends.sqs.actions import ACTIONS
from pytest_integrations.faults.sqs import partial_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.sqs.fake import FakeSqs

_SENT = {
    "MessageBody": "x",
    "MessageAttributes": None,
    "MessageSystemAttributes": None,
    "DelaySeconds": None,
    "MessageGroupId": "a",
    "MessageDeduplicationId": None,
}
_BATCH = {"Entries": [{"Id": "a", "MessageBody": "x", "MessageGroupId": "a", "ReceiptHandle": "x"}]}
_TASK = {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:orders-dlq", "TaskHandle": "x", "MaxResults": 1}
_GOOD: dict[str, dict[str, Any]] = {
    "CreateQueue": {"QueueName": "new", "Attributes": {}, "tags": {}},
    "SetQueueAttributes": {"Attributes": {}},
    "GetQueueAttributes": {"AttributeNames": ["All"]},
    "SendMessage": _SENT,
    "SendMessageBatch": _BATCH,
    "DeleteMessageBatch": _BATCH,
    "ChangeMessageVisibilityBatch": _BATCH,
    "ReceiveMessage": {
        "AttributeNames": [],
        "MessageAttributeNames": [],
        "MaxNumberOfMessages": 1,
        "VisibilityTimeout": 0,
        "ReceiveRequestAttemptId": "a",
    },
    "StartMessageMoveTask": {**_TASK, "DestinationArn": None, "MaxNumberOfMessagesPerSecond": 1},
    "ListMessageMoveTasks": _TASK,
    "CancelMessageMoveTask": _TASK,
    "ListQueues": {"QueueNamePrefix": "o", "MaxResults": 1, "NextToken": None},
    "ListDeadLetterSourceQueues": {"MaxResults": 1, "NextToken": None},
    "TagQueue": {"Tags": {}},
    "UntagQueue": {"TagKeys": []},
}
"""What an action is asked with, so that one odd value among good ones comes as far as it can."""

_ODD: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**30, "", "x", "\0", "\ud800", "ü", "[]", '{"redrivePermission": 1}', "=" * 5),
    *([], [[]], [None], ["All"], [{}], [{"Id": 1}], [{"Id": "a", "MessageBody": "\ud800"}], [{"Id": "b"}, 7]),
    *({}, {"a": 1}, {"a": {"DataType": "String"}}, {"a": {"DataType": "String.\ud800", "StringValue": "x"}}),
    *({"a": {"DataType": "String", "StringValue": "\ud800"}}, {"a": {"DataType": "Number", "StringValue": "nan"}}),
    *({"RedrivePolicy": "{}"}, {"RedrivePolicy": "[" * 9999}, {"FifoQueue": []}, {"VisibilityTimeout": "²"}),
]


@pytest.fixture
def raw(broker: FakeSqs) -> Iterator[HTTPConnection]:
    broker.queue("orders", dead_letter=True)
    broker.queue("orders.fifo", content_deduplication=True)
    connection = HTTPConnection("127.0.0.1", broker.port, timeout=5)
    yield connection
    connection.close()


def _parameters(broker: FakeSqs, action: str, draw: random.Random) -> dict[str, Any]:
    queue = broker.url_of(draw.choice(["orders", "orders.fifo", "orders-dlq"]))
    parameters = {"QueueUrl": queue, **_GOOD.get(action, {"QueueName": "orders", "ReceiptHandle": "x", "Label": "x"})}
    for name in draw.sample(sorted(parameters), draw.randrange(3) if len(parameters) > 2 else 1):
        parameters[name] = draw.choice(_ODD)
    return parameters


def _handler_failures(broker: FakeSqs) -> list[str]:
    return [problem.text for problem in broker.ledger.untold() if problem.kind == "handler"]


@pytest.mark.parametrize("seed", range(4))
def test_nonsense_in_json(broker: FakeSqs, raw: HTTPConnection, seed: int) -> None:
    draw = random.Random(seed)
    broker.inject(partial_batch(0), probability=0.3)
    statuses = set()
    for _ in range(500):
        action = draw.choice([*ACTIONS, *(["SendMessage", "CreateQueue", "SendMessageBatch"] * 4), "", "Nothing"])
        body = json.dumps(_parameters(broker, action, draw))
        raw.request("POST", "/", body, {"X-Amz-Target": f"AmazonSQS.{action}"})
        answer = raw.getresponse()
        content = json.loads(answer.read())
        statuses.add(answer.status)
        assert ("__type" in content) == (answer.status != 200)
        assert _handler_failures(broker) == [], (action, body)
    assert {200, 400} <= statuses <= {200, 400, 403, 404}


@pytest.mark.parametrize("seed", range(4))
def test_nonsense_in_a_form(broker: FakeSqs, raw: HTTPConnection, seed: int) -> None:
    draw = random.Random(seed)
    names = ["MessageBody", "Attribute.1", "Attribute.1.Name", "Attribute.x.Value", "MessageAttribute.1.Value.DataType"]
    names += ["SendMessageBatchRequestEntry.1.Id", "SendMessageBatchRequestEntry", "Tag..Key", "ReceiptHandle", "."]
    values = ["", "x", "\0\x1f", "ü", "<&>", "All", "-1", "9" * 40, "\ufffe"]
    for _ in range(500):
        form = {name: draw.choice(values) for name in draw.sample(names, draw.randrange(6))}
        form |= {"Action": draw.choice([*ACTIONS, "Nothing"]), "QueueUrl": broker.url_of("orders")}
        raw.request("POST", draw.choice(["/", "/000000000000/orders", "/%ff/"]), urlencode(form))
        answer = raw.getresponse()
        assert ET.fromstring(answer.read()).tag.endswith("Response")
        assert _handler_failures(broker) == [], form


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"MessageBody": ' * 5000, b"\xff\xfe", b"null", b'"x"', b"7"])
def test_bodies_that_are_no_object(broker: FakeSqs, raw: HTTPConnection, body: bytes) -> None:
    raw.request("POST", "/", body, {"X-Amz-Target": "AmazonSQS.SendMessage"})
    answer = raw.getresponse()
    assert answer.status == 400
    assert json.loads(answer.read())["__type"] == "com.amazonaws.sqs#InvalidParameterValue"
    assert _handler_failures(broker) == []
