"""What comes of messages that are sent, one by one and in batches."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.faults import connection_reset, latency, lost_response, truncate_body
from pytest_integrations.faults.queue import lost_message
from pytest_integrations.faults.sqs import partial_batch
from tests.backends.sqs.client import JsonClient, Refused

if TYPE_CHECKING:
    from pytest_integrations.backends.sqs.fake import FakeSqs


def _kinds(broker: FakeSqs, number: int = 0) -> list[str]:
    return [event.kind for event in broker.messages[number].events]


def _refusal(client: JsonClient, action: str, queue: str, **parameters: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        client.ask(action, queue, **parameters)
    return caught.value


def test_a_message_is_published_routed_and_confirmed(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    answer = client.send("orders", "ü")
    assert answer["MD5OfMessageBody"] == hashlib.md5("ü".encode()).hexdigest()
    assert "MD5OfMessageAttributes" not in answer
    (message,) = broker.messages
    assert (message.key, message.body, message.published_to) == (answer["MessageId"], "ü".encode(), "orders")
    assert _kinds(broker) == ["published", "routed", "confirmed"]
    (call,) = broker.calls
    assert (call.operation, call.kind, call.queue, call.handled) == ("SendMessage orders", "publish", "orders", True)


def test_attributes_are_kept_and_have_the_documented_digest(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    attributes = {
        "b": {"DataType": "Binary", "BinaryValue": "AAE="},
        "a": {"DataType": "Number.int", "StringValue": "7"},
    }
    answer = client.send("orders", "x", MessageAttributes=attributes)
    parts = b""
    for name, kind, mark, value in ((b"a", b"Number.int", b"\1", b"7"), (b"b", b"Binary", b"\2", b"\0\1")):
        parts += struct.pack(">I", len(name)) + name + struct.pack(">I", len(kind)) + kind
        parts += mark + struct.pack(">I", len(value)) + value
    assert answer["MD5OfMessageAttributes"] == hashlib.md5(parts).hexdigest()
    assert broker.messages[0].headers == {"a": "7", "b": b"\0\1"}
    (got,) = client.receive("orders", MessageAttributeNames=["All"])
    assert got["MessageAttributes"] == attributes
    assert got["MD5OfMessageAttributes"] == answer["MD5OfMessageAttributes"]


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"MessageBody": ""}, "MissingParameter"),
        ({}, "MissingParameter"),
        ({"MessageBody": 7}, "MissingParameter"),
        ({"MessageBody": "\0"}, "InvalidMessageContents"),
        ({"MessageBody": "\ufffe"}, "InvalidMessageContents"),
        ({"MessageBody": "x" * 1025}, "InvalidParameterValue"),
        ({"MessageBody": "ü" * 513}, "InvalidParameterValue"),
        ({"MessageBody": "x", "DelaySeconds": 901}, "InvalidParameterValue"),
        ({"MessageBody": "x", "DelaySeconds": "soon"}, "InvalidParameterValue"),
        ({"MessageBody": "x", "MessageDeduplicationId": "1"}, "InvalidParameterValue"),
        ({"MessageBody": "x", "MessageAttributes": {"a": {}}}, "InvalidParameterValue"),
        ({"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Blob"}}}, "InvalidParameterValue"),
        ({"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String"}}}, "InvalidParameterValue"),
        (
            {"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}},
            "InvalidParameterValue",
        ),
        (
            {"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": "?"}}},
            "InvalidParameterValue",
        ),
        (
            {"MessageBody": "x", "MessageAttributes": {"AWS.a": {"DataType": "String", "StringValue": "x"}}},
            "InvalidParameterValue",
        ),
        (
            {
                "MessageBody": "x",
                "MessageAttributes": {str(n): {"DataType": "String", "StringValue": "x"} for n in range(11)},
            },
            "InvalidParameterValue",
        ),
        (
            {"MessageBody": "x", "MessageSystemAttributes": {"a": {"DataType": "String", "StringValue": "x"}}},
            "InvalidParameterValue",
        ),
    ],
)
def test_what_sqs_does_not_take_is_no_message(
    broker: FakeSqs, client: JsonClient, parameters: dict[str, Any], name: str
) -> None:
    broker.queue("orders", max_size=1024)
    refusal = _refusal(client, "SendMessage", "orders", **parameters)
    assert (refusal.name, refusal.status) == (name, 400)
    assert broker.messages == []
    assert broker.calls[-1].error == name
    assert broker.calls[-1].failed


def test_a_body_at_the_limit_is_taken(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders", max_size=1024)
    client.send("orders", "x" * 1024)
    assert client.bodies("orders") == ["x" * 1024]


def test_attributes_count_for_the_limit(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders", max_size=1024)
    attributes = {"a": {"DataType": "String", "StringValue": "x"}}  # 1 + 6 + 1 bytes
    client.send("orders", "x" * 1016, MessageAttributes=attributes)
    refusal = _refusal(client, "SendMessage", "orders", MessageBody="x" * 1017, MessageAttributes=attributes)
    assert "shorter than 1024 bytes" in refusal.text


def test_a_trace_header_goes_along(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}}
    assert "MD5OfMessageSystemAttributes" in client.send("orders", "x", MessageSystemAttributes=trace)
    (got,) = client.receive("orders", AttributeNames=["AWSTraceHeader"])
    assert got["Attributes"] == {"AWSTraceHeader": "Root=1"}


# -- batches


def test_entries_of_a_batch_succeed_or_fail_for_themselves(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    entries = [{"Id": "a", "MessageBody": "one"}, {"Id": "b", "MessageBody": "\0"}, {"Id": "c", "MessageBody": "two"}]
    answer = client.ask("SendMessageBatch", "orders", Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["a", "c"]
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("b", "InvalidMessageContents", True)
    assert broker.messages.bodies == [b"one", b"two"]
    assert all(message.producer_was_told == "confirmed" for message in broker.messages)


@pytest.mark.parametrize(
    ("entries", "name"),
    [
        ([], "EmptyBatchRequest"),
        (None, "EmptyBatchRequest"),
        ([{"Id": str(n), "MessageBody": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "MessageBody": "x"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "MessageBody": "x"}], "InvalidBatchEntryId"),
        ([{"Id": "a" * 81, "MessageBody": "x"}], "InvalidBatchEntryId"),
        ([{"MessageBody": "x"}], "InvalidBatchEntryId"),
        ([{"Id": str(n), "MessageBody": "x" * 200_000} for n in range(6)], "BatchRequestTooLong"),
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(
    broker: FakeSqs, client: JsonClient, entries: Any, name: str
) -> None:
    broker.queue("orders")
    refusal = _refusal(client, "SendMessageBatch", "orders", Entries=entries)
    assert (refusal.name, refusal.code) == (name, f"AWS.SimpleQueueService.{name}")
    assert broker.messages == []


def test_refused_entries_are_messages_whose_producer_was_told(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    broker.inject(partial_batch(1))
    client.ask("SendMessageBatch", "orders", Entries=[{"Id": each, "MessageBody": each} for each in "abc"])
    assert [message.producer_was_told for message in broker.messages] == ["confirmed", "refused", "confirmed"]
    assert _kinds(broker, 1) == ["published", "rejected", "refused"]
    assert client.bodies("orders") == ["a", "c"]


# -- what the producer learns


@pytest.mark.parametrize("fault", [lost_response(), truncate_body()])
def test_a_producer_that_saw_no_whole_answer_was_told_nothing(broker: FakeSqs, client: JsonClient, fault: Any) -> None:
    broker.queue("orders")
    broker.inject(fault)
    with pytest.raises(Exception):  # noqa: B017, PT011 -- which one depends on the fault
        client.send("orders", "x")
    assert _kinds(broker) == ["published", "routed"]
    assert broker.messages[0].producer_was_told == "nothing"


def test_a_producer_that_left_too_early_was_told_nothing(broker: FakeSqs) -> None:
    broker.queue("orders")
    broker.inject(latency(30))
    with JsonClient(broker, timeout=0.05) as client, pytest.raises(TimeoutError):
        client.send("orders", "x")
    assert _kinds(broker) == ["published", "routed"]
    assert broker.calls[0].outcome == "abandoned"


def test_a_reset_before_the_work_leaves_no_message(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    broker.inject(connection_reset())
    with pytest.raises(ConnectionError):
        client.send("orders", "x")
    assert broker.messages == []


def test_a_late_answer_is_confirmed_when_it_goes_out(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    broker.inject(latency(0.1))
    client.send("orders", "x")
    published, _, confirmed = broker.messages[0].events
    assert confirmed.time - published.time >= 0.1


def test_a_lost_message_is_told_to_be_safe(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    broker.inject(lost_message())
    assert client.send("orders", "x")["MessageId"] == broker.messages[0].key
    assert _kinds(broker) == ["published", "dropped", "confirmed"]
    assert client.receive("orders") == []


# -- by the test itself


def test_what_the_test_publishes_is_told_alike(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders")
    message = queue.publish(b"one", {"a": "x", "n": 7, "b": b"\0"})
    assert (message.body, message.headers) == (b"one", {"a": "x", "n": "7", "b": b"\0"})
    assert message.producer_was_told == "confirmed"
    assert client.bodies("orders") == ["one"]
    assert broker.calls.of("SendMessage orders") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"body": b"\xff"}, "UTF-8"),
        ({"body": "\0"}, "InvalidMessageContents|binary character"),
        ({"body": "x", "headers": {"a": None}}, "message attribute"),
        ({"body": "x", "delay": 0.5}, "whole seconds"),
        ({"body": "x", "delay": 901}, "DelaySeconds"),
    ],
)
def test_what_cannot_be_published_is_told_at_the_line(broker: FakeSqs, arguments: dict[str, Any], words: str) -> None:
    broker.queue("orders")
    with pytest.raises(ScriptingError, match=words):
        broker.publish("orders", **arguments)


def test_a_queue_must_be_there_first(broker: FakeSqs) -> None:
    broker.queue("orders")
    with pytest.raises(UnknownName, match=r"Did you mean 'orders'.*broker.queue\('order'\)"):
        broker.publish("order", "x")


def test_the_group_of_a_message_can_be_asked_for(broker: FakeSqs) -> None:
    """As any header: its order is that of its group."""
    queue = broker.queue("orders.fifo", content_deduplication=True)
    for group, body in (("a", "1"), ("b", "2"), ("a", "3")):
        queue.publish(body, group=group)

    assert [message.headers["MessageGroupId"] for message in queue.messages] == ["a", "b", "a"]
