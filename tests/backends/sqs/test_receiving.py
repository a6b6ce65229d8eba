"""Who gets which message, when, and what is told of it."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.faults import lost_response
from tests.backends.sqs.client import JsonClient, Refused

if TYPE_CHECKING:
    from pytest_integrations.backends.sqs.fake import FakeSqs


def test_a_received_message_is_hidden_until_its_time_is_up(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders", visibility=1)
    queue.publish("x")
    assert client.bodies("orders") == ["x"]
    assert client.bodies("orders") == []
    assert queue.in_flight == broker.messages
    assert client.bodies("orders", WaitTimeSeconds=2) == ["x"]
    first, second = broker.messages[0].deliveries
    assert (first.outcome, first.end.reason if first.end else "") == ("requeued", "visibility timeout")
    assert 1.0 <= second.time - first.time < 5.0
    assert (first.redelivered, second.redelivered) == (False, True)


def test_the_receiver_may_say_for_how_long(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x")
    assert client.bodies("orders", VisibilityTimeout=0) == ["x"]
    assert client.bodies("orders", VisibilityTimeout=43_200) == ["x"]
    assert client.bodies("orders") == []


def test_messages_come_in_their_order_and_keep_their_place(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders")
    for body in "abc":
        queue.publish(body)
    assert client.bodies("orders", 2, VisibilityTimeout=0) == ["a", "b"]
    assert client.bodies("orders") == ["a", "b", "c"]


def test_a_delayed_message_cannot_be_received_yet(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders", delay=1)
    queue.publish("late")
    queue.publish("soon", delay=0)
    assert client.bodies("orders") == ["soon"]
    assert queue.attributes["ApproximateNumberOfMessagesDelayed"] == "1"
    assert client.bodies("orders", WaitTimeSeconds=2) == ["late"]
    assert [event.kind for event in broker.messages[0].events] == ["published", "routed", "confirmed", "delivered"]


def test_old_messages_expire_when_somebody_looks(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders")
    queue.publish("x")
    broker._store.queues["orders"].messages[0].kept_since -= 345_600
    broker._store.queues["orders"]._oldest -= 345_600
    (event,) = broker.messages[0].of("expired")
    assert (event.queue, event.reason) == ("orders", "retention period")
    assert client.bodies("orders") == []


def test_only_what_is_asked_for_is_told(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x", {"trace.id": "1", "trace.span": "2", "user": "3"})
    (plain,) = client.receive("orders", VisibilityTimeout=0)
    assert set(plain) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}
    (some,) = client.receive("orders", VisibilityTimeout=0, MessageAttributeNames=["trace.*"])
    assert set(some["MessageAttributes"]) == {"trace.id", "trace.span"}
    (one,) = client.receive("orders", VisibilityTimeout=0, MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert one["Attributes"] == {"ApproximateReceiveCount": "3"}
    (old,) = client.receive("orders", AttributeNames=["All"])
    assert set(old["Attributes"]) >= {"SenderId", "SentTimestamp", "ApproximateFirstReceiveTimestamp"}


@pytest.mark.parametrize(
    "parameters",
    [{"MaxNumberOfMessages": 0}, {"MaxNumberOfMessages": 11}, {"VisibilityTimeout": 43_201}, {"WaitTimeSeconds": 21}],
)
def test_what_cannot_be_asked_for(broker: FakeSqs, client: JsonClient, parameters: dict[str, int]) -> None:
    broker.queue("orders")
    with pytest.raises(Refused) as caught:
        client.ask("ReceiveMessage", "orders", **parameters)
    assert caught.value.name == "InvalidParameterValue"


@pytest.mark.parametrize("parameters", [{"MessageAttributeNames": "All"}, {"WaitTimeSeconds": "soon"}])
def test_what_has_the_wrong_form(broker: FakeSqs, client: JsonClient, parameters: dict[str, str]) -> None:
    broker.queue("orders")
    with pytest.raises(Refused) as caught:
        client.ask("ReceiveMessage", "orders", **parameters)
    assert caught.value.name == "InvalidParameterValue"


# -- long polling


def test_a_waiting_receiver_gets_what_comes_in(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders", wait=20)
    client.begin("ReceiveMessage", QueueUrl=queue.url)
    assert broker.calls[-1].outcome == "open"
    queue.publish("x")
    assert [message["Body"] for message in client.end()["Messages"]] == ["x"]


def test_nothing_comes_when_the_time_is_up(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    began = time.monotonic()
    assert client.ask("ReceiveMessage", "orders", WaitTimeSeconds=1) == {}
    assert 1.0 <= time.monotonic() - began < 5.0


def test_receivers_are_served_in_the_order_in_which_they_came(broker: FakeSqs) -> None:
    queue = broker.queue("orders")
    clients = [JsonClient(broker) for _ in range(5)]
    for client in clients:
        client.begin("ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20)
        broker.ledger.settle()
    for number in range(5):
        queue.publish(str(number))
    assert [client.end()["Messages"][0]["Body"] for client in clients] == ["0", "1", "2", "3", "4"]
    for client in clients:
        client.close()


def test_a_receiver_that_has_left_takes_no_message_along(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders")
    for _ in range(20):
        with JsonClient(broker) as ghost:
            ghost.begin("ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20)
            broker.ledger.settle()
        queue.publish("x")
        (got,) = client.receive("orders")
        client.delete("orders", got)
    assert all(len(message.deliveries) == 1 for message in broker.messages)
    assert not broker._store.queues["orders"].polls


def test_a_receiver_whose_time_is_up_leaves_no_trace(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    client.ask("ReceiveMessage", "orders", WaitTimeSeconds=1)
    assert not broker._store.queues["orders"].polls


def test_a_waiting_receiver_is_told_that_its_queue_is_gone(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders")
    client.begin("ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20)
    broker.ledger.settle()
    with JsonClient(broker) as other:
        other.ask("DeleteQueue", "orders")
    with pytest.raises(Refused, match="QueueDoesNotExist"):
        client.end()


def test_stopping_does_not_wait_for_those_who_wait(no_leaks: None, broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders")
    client.begin("ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20)
    broker.ledger.settle()
    began = time.monotonic()
    broker.stop()
    assert time.monotonic() - began < 1.0
    client.close()


# -- limits


def test_no_more_may_be_in_flight_than_allowed(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders", max_in_flight=2)
    for body in "abc":
        queue.publish(body)
    taken = client.receive("orders")
    assert [message["Body"] for message in taken] == ["a", "b"]
    with pytest.raises(Refused) as caught:
        client.receive("orders")
    assert (caught.value.name, caught.value.status) == ("OverLimit", 403)
    assert client.receive("orders", WaitTimeSeconds=1) == []  # who polls long is told nothing
    client.delete("orders", taken[0])
    assert client.bodies("orders") == ["c"]


def test_a_fifo_queue_that_is_at_its_limit_has_nothing(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders.fifo", max_in_flight=1)
    queue.publish("a", group="1", deduplication="a")
    queue.publish("b", group="2", deduplication="b")
    assert client.bodies("orders.fifo") == ["a"]
    assert client.bodies("orders.fifo") == []


def test_a_limit_is_a_whole_number(broker: FakeSqs) -> None:
    with pytest.raises(ScriptingError, match="max_in_flight=0"):
        broker.queue("orders", max_in_flight=0)


# -- FIFO queues


def test_a_group_waits_for_what_is_in_flight(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders.fifo")
    for number, group in enumerate("aabab"):
        queue.publish(f"{group}{number}", group=group, deduplication=str(number))
    first, second = client.receive("orders.fifo", 2)
    assert (first["Body"], second["Body"]) == ("a0", "a1")
    assert client.bodies("orders.fifo") == ["b2", "b4"]
    client.delete("orders.fifo", second)
    assert client.bodies("orders.fifo") == []  # a0 is still out
    client.delete("orders.fifo", first)
    assert client.bodies("orders.fifo") == ["a3"]


def test_what_comes_back_comes_before_the_rest_of_its_group(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders.fifo")
    for number in range(3):
        queue.publish(str(number), group="a", deduplication=str(number))
    (got,) = client.receive("orders.fifo", 1)
    client.ask("ChangeMessageVisibility", "orders.fifo", ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    assert client.bodies("orders.fifo") == ["0", "1", "2"]


def test_what_was_sent_before_is_not_sent_again(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders.fifo", content_deduplication=True)
    first = client.send("orders.fifo", "x", MessageGroupId="a")
    second = client.send("orders.fifo", "x", MessageGroupId="b")
    assert (second["MessageId"], second["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert client.bodies("orders.fifo") == ["x"]
    assert [event.kind for event in broker.messages[1].events] == ["published", "deduplicated", "confirmed"]


def test_duplicates_may_be_looked_for_in_each_group(broker: FakeSqs, client: JsonClient) -> None:
    attributes = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perQueue"}
    client.ask("CreateQueue", QueueName="orders.fifo", Attributes=attributes)
    for group in "aba":
        client.send("orders.fifo", "x", MessageGroupId=group, MessageDeduplicationId="1")
    assert client.bodies("orders.fifo") == ["x", "x"]


def test_sequence_numbers_rise(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders.fifo")
    numbers = [
        int(client.send("orders.fifo", "x", MessageGroupId="a", MessageDeduplicationId=str(n))["SequenceNumber"])
        for n in range(3)
    ]
    assert all(one < other for one, other in itertools.pairwise(numbers))
    (got, *_) = client.receive("orders.fifo", AttributeNames=["All"])
    assert got["Attributes"]["SequenceNumber"] == str(numbers[0])
    assert got["Attributes"]["MessageGroupId"] == "a"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "MessageGroupId"),
        ({"MessageGroupId": "a"}, "ContentBasedDeduplication"),
        ({"MessageGroupId": "a", "MessageDeduplicationId": "1", "DelaySeconds": 1}, "queue type"),
    ],
)
def test_what_a_fifo_queue_wants(broker: FakeSqs, client: JsonClient, parameters: dict[str, str], words: str) -> None:
    broker.queue("orders.fifo")
    with pytest.raises(Refused, match=words):
        client.send("orders.fifo", "x", **parameters)


def test_a_receive_can_be_tried_again(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders.fifo")
    queue.publish("x", group="a", deduplication="1")
    broker.on("receive").inject(lost_response())
    with pytest.raises(ConnectionError):
        client.receive("orders.fifo", ReceiveRequestAttemptId="first")
    with JsonClient(broker) as again:
        assert again.receive("orders.fifo", ReceiveRequestAttemptId="second") == []
        (got,) = again.receive("orders.fifo", ReceiveRequestAttemptId="first")
        assert again.receive("orders.fifo", ReceiveRequestAttemptId="first") == [got]
        again.delete("orders.fifo", got)
        assert again.receive("orders.fifo", ReceiveRequestAttemptId="first") == []
    (delivery,) = broker.messages[0].deliveries
    assert delivery.outcome == "acked"


def test_what_was_touched_is_not_given_out_again(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders.fifo").publish("x", group="a", deduplication="1")
    (got,) = client.receive("orders.fifo", ReceiveRequestAttemptId="first")
    client.ask("ChangeMessageVisibility", "orders.fifo", ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=60)
    assert client.receive("orders.fifo", ReceiveRequestAttemptId="first") == []


def test_many_receivers_get_each_message_once(broker: FakeSqs) -> None:
    queue = broker.queue("orders")
    for number in range(200):
        queue.publish(str(number))
    got: list[str] = []

    def drain() -> None:
        with JsonClient(broker) as client:
            while messages := client.receive("orders"):
                for message in messages:
                    client.delete("orders", message)
                got.extend(message["Body"] for message in messages)

    threads = [threading.Thread(target=drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=int) == [str(number) for number in range(200)]
    assert all(message.places == {} for message in broker.messages)
