"""What is received too often goes elsewhere, and can be moved back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.core.errors import ScriptingError
from tests.backends.sqs.client import Refused

if TYPE_CHECKING:
    from pytest_integrations.backends.sqs.fake import FakeSqs
    from tests.backends.sqs.client import JsonClient


def _fail(client: JsonClient, queue: str, times: int) -> None:
    """Receive what there is and give it back, so many *times*."""
    for _ in range(times):
        client.receive(queue, VisibilityTimeout=0)


def test_a_message_is_moved_at_the_receive_after_its_last(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders", dead_letter="orders-dead", max_deliveries=2)
    queue.publish("x", {"trace": "1"})
    _fail(client, "orders", 2)
    assert broker.dead_letters == []
    assert client.receive("orders") == []
    (message,) = queue.dead_letters
    kinds = [event.kind for event in message.events]
    assert kinds[-3:] == ["requeued", "dead_lettered", "routed"]
    dead, routed = message.events[-2:]
    assert (dead.queue, dead.to, dead.reason) == ("orders", ("orders-dead",), "maxReceiveCount")
    assert (dead.body, dead.headers, routed.queue) == (b"x", {"trace": "1"}, "orders-dead")
    assert message.places == {"orders-dead": 1}


def test_a_dead_letter_is_what_it_was(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders", dead_letter=True, max_deliveries=1)
    sent = queue.publish("x", {"trace": "1"})
    (first,) = client.receive("orders", VisibilityTimeout=0, AttributeNames=["All"])
    client.receive("orders")
    (got,) = client.receive("orders-dlq", AttributeNames=["All"], MessageAttributeNames=["All"])
    assert (got["MessageId"], got["Body"]) == (sent.key, "x")
    assert got["MessageAttributes"]["trace"]["StringValue"] == "1"
    assert got["Attributes"]["DeadLetterQueueSourceArn"] == queue.arn
    assert got["Attributes"]["ApproximateReceiveCount"] == "2"
    assert got["Attributes"]["SentTimestamp"] == first["Attributes"]["SentTimestamp"]


def test_who_waits_at_the_dead_letter_queue_is_served(broker: FakeSqs, client: JsonClient) -> None:
    from tests.backends.sqs.client import JsonClient as Client

    broker.queue("orders", dead_letter=True, max_deliveries=1).publish("x")
    with Client(broker) as undertaker:
        undertaker.begin("ReceiveMessage", QueueUrl=broker.url_of("orders-dlq"), WaitTimeSeconds=20)
        broker.ledger.settle()
        _fail(client, "orders", 2)
        assert undertaker.end()["Messages"][0]["Body"] == "x"


def test_the_rest_of_a_group_follows_a_dead_letter(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders.fifo", dead_letter=True, max_deliveries=1)
    queue.publish("poison", group="a", deduplication="1")
    queue.publish("good", group="a", deduplication="2")
    assert client.bodies("orders.fifo", 1, VisibilityTimeout=0) == ["poison"]
    assert client.bodies("orders.fifo") == ["good"]
    assert client.bodies("orders-dlq.fifo") == ["poison"]


def test_a_dead_letter_queue_that_is_gone_takes_nothing(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders", dead_letter=True, max_deliveries=1).publish("x")
    client.ask("DeleteQueue", "orders-dlq")
    _fail(client, "orders", 3)
    assert broker.dead_letters == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"max_deliveries": 3}, "without dead_letter="),
        ({"dead_letter": True, "max_deliveries": 0}, "max_deliveries=0"),
        ({"dead_letter": True, "max_deliveries": 1001}, "maxReceiveCount"),
        ({"dead_letter": "dead.fifo"}, "same type"),
        ({"dead_letter": "no/name"}, "no/name"),
    ],
)
def test_what_cannot_be_declared(broker: FakeSqs, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ScriptingError, match=words):
        broker.queue("orders", **arguments)


@pytest.mark.parametrize(
    "policy",
    [
        "nonsense",
        "[]",
        '{"maxReceiveCount": 3}',
        '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"}',
        '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:nowhere", "maxReceiveCount": 3}',
        '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": "often"}',
    ],
)
def test_a_policy_that_is_none(broker: FakeSqs, client: JsonClient, policy: str) -> None:
    broker.queue("dead")
    with pytest.raises(Refused, match="RedrivePolicy"):
        client.ask("CreateQueue", QueueName="orders", Attributes={"RedrivePolicy": policy})


def test_a_dead_letter_queue_may_choose_its_sources(broker: FakeSqs, client: JsonClient) -> None:
    allow = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [broker.arn_of("orders")]})
    client.ask("CreateQueue", QueueName="dead", Attributes={"RedriveAllowPolicy": allow})
    policy = json.dumps({"deadLetterTargetArn": broker.arn_of("dead"), "maxReceiveCount": 1})
    client.ask("CreateQueue", QueueName="orders", Attributes={"RedrivePolicy": policy})
    with pytest.raises(Refused, match="does not allow"):
        client.ask("CreateQueue", QueueName="bills", Attributes={"RedrivePolicy": policy})
    sources = client.ask("ListDeadLetterSourceQueues", "dead")
    assert sources == {"queueUrls": [broker.url_of("orders")]}
    assert client.ask("ListDeadLetterSourceQueues", "orders") == {"queueUrls": []}
    with pytest.raises(Refused, match="redrivePermission"):
        client.ask("SetQueueAttributes", "dead", Attributes={"RedriveAllowPolicy": '{"redrivePermission": "some"}'})


# -- back again


def _dead(broker: FakeSqs, client: JsonClient, *bodies: str) -> None:
    queue = broker.queue("orders", dead_letter=True, max_deliveries=1)
    for body in bodies:
        queue.publish(body)
    _fail(client, "orders", 2)


def test_dead_letters_can_be_moved_back(broker: FakeSqs, client: JsonClient) -> None:
    _dead(broker, client, "a", "b")
    client.ask("StartMessageMoveTask", SourceArn=broker.arn_of("orders-dlq"))
    (task,) = client.ask("ListMessageMoveTasks", SourceArn=broker.arn_of("orders-dlq"))["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"], "TaskHandle" in task) == ("COMPLETED", 2, False)
    got = client.receive("orders", AttributeNames=["All"])
    assert [message["Body"] for message in got] == ["a", "b"]
    assert [message["Attributes"]["ApproximateReceiveCount"] for message in got] == ["1", "1"]
    assert got[0]["MessageId"] != broker.messages[0].key  # as a message that was sent anew
    assert [event.kind for event in broker.messages[0].events][-3:] == ["redriven", "routed", "delivered"]


def test_they_can_be_moved_elsewhere_slowly_and_not_to_the_end(broker: FakeSqs, client: JsonClient) -> None:
    _dead(broker, client, "a", "b", "c")
    broker.queue("elsewhere")
    arns = {"SourceArn": broker.arn_of("orders-dlq"), "DestinationArn": broker.arn_of("elsewhere")}
    handle = client.ask("StartMessageMoveTask", **arns, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    with pytest.raises(Refused, match="UnsupportedOperation"):
        client.ask("StartMessageMoveTask", **arns)
    (task,) = client.ask("ListMessageMoveTasks", SourceArn=arns["SourceArn"])["Results"]
    assert (task["Status"], task["TaskHandle"], task["MaxNumberOfMessagesPerSecond"]) == ("RUNNING", handle, 1)
    assert client.bodies("elsewhere") == ["a"]
    assert client.bodies("elsewhere", WaitTimeSeconds=2) == ["b"]
    assert client.ask("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 2}
    with pytest.raises(Refused, match="UnsupportedOperation"):
        client.ask("CancelMessageMoveTask", TaskHandle=handle)
    assert client.bodies("orders-dlq") == ["c"]


def test_what_was_never_dead_lettered_has_no_way_back(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders", dead_letter=True)
    broker.publish("orders-dlq", "x")
    client.ask("StartMessageMoveTask", SourceArn=broker.arn_of("orders-dlq"))
    (task,) = client.ask("ListMessageMoveTasks", SourceArn=broker.arn_of("orders-dlq"))["Results"]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")


@pytest.mark.parametrize(
    ("action", "parameters", "name"),
    [
        ("StartMessageMoveTask", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:no"}, "ResourceNotFoundException"),
        ("StartMessageMoveTask", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:orders"}, "InvalidParameterValue"),
        ("ListMessageMoveTasks", {"SourceArn": "arn:aws:sqs:us-east-1:000000000000:no"}, "ResourceNotFoundException"),
        ("CancelMessageMoveTask", {"TaskHandle": "?"}, "ResourceNotFoundException"),
    ],
)
def test_tasks_that_cannot_be(
    broker: FakeSqs, client: JsonClient, action: str, parameters: dict[str, str], name: str
) -> None:
    broker.queue("orders")
    with pytest.raises(Refused) as caught:
        client.ask(action, **parameters)
    assert caught.value.name == name
