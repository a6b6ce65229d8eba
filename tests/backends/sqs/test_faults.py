"""What faults do to a queue: each as the client sees it, and as the ledger has it."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.core.errors import CannotPerform, HandlerFailed, ScriptingError
from pytest_integrations.faults import (
    close_on_accept,
    connection_reset,
    corrupt_body,
    latency,
    reset_mid_upload,
    status,
    tls,
)
from pytest_integrations.faults.queue import (
    duplicate,
    empty_receive,
    garbage,
    lost_ack,
    lost_confirm,
    queue_full,
    redeliver,
    refused_publish,
    reorder,
)
from pytest_integrations.faults.sqs import clock_skew, md5_mismatch, partial_batch, sqs_error
from tests.backends.sqs.client import JsonClient, Refused

if TYPE_CHECKING:
    from pytest_integrations.backends.sqs.fake import FakeSqs
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.timekeeping import VirtualClock


def _publish(broker: FakeSqs, *bodies: str) -> None:
    queue = broker.queue("orders")
    for body in bodies:
        queue.publish(body)


# -- errors


@pytest.mark.parametrize(
    ("name", "code", "number"),
    [
        ("OverLimit", "OverLimit", 403),
        ("RequestThrottled", "RequestThrottled", 403),
        ("ThrottlingException", "ThrottlingException", 400),
        ("InternalError", "InternalError", 500),
        ("ServiceUnavailable", "ServiceUnavailable", 503),
        ("KmsThrottled", "KMS.ThrottlingException", 400),
        ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 400),
        ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", 400),
    ],
)
def test_an_error_is_told_and_nothing_done(
    broker: FakeSqs, client: JsonClient, name: str, code: str, number: int
) -> None:
    broker.queue("orders")
    broker.inject(sqs_error(name))
    with pytest.raises(Refused) as caught:
        client.send("orders", "x")
    assert (caught.value.name, caught.value.code, caught.value.status) == (name, code, number)
    assert broker.messages == []
    (call,) = broker.calls
    assert (call.handled, call.failed, call.verdict) == (False, True, f"{number} {name}")
    client.send("orders", "x")
    assert len(broker.messages) == 1


def test_faults_choose_by_kind_and_queue(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    broker.queue("bills")
    broker.on("publish", queue="ord*").inject(sqs_error("InternalError"))
    client.send("bills", "x")
    assert client.receive("orders") == []
    with pytest.raises(Refused, match="InternalError"):
        client.send("orders", "x")
    assert [call.kind for call in broker.on("publish").received] == ["publish", "publish"]


def test_a_full_queue_is_one_with_too_much_in_flight(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "x")
    broker.on("receive").inject(queue_full())
    with pytest.raises(Refused, match="OverLimit"):
        client.receive("orders")
    broker.on("publish").inject(queue_full())
    with pytest.raises(Refused, match="RequestThrottled"):
        client.send("orders", "y")
    with pytest.raises(ScriptingError, match="mode='drop-head'"):
        broker.inject(queue_full("drop-head"))


def test_an_expired_signature_tells_both_dates(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    broker.inject(clock_skew(3600), clock_skew(-3600))
    with pytest.raises(Refused, match=r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z") as caught:
        client.send("orders", "x")
    assert (caught.value.name, caught.value.status) == ("SignatureDoesNotMatch", 403)
    with pytest.raises(Refused, match="Signature not yet current"):
        client.send("orders", "x")


# -- what is sent


def test_a_refused_publication(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    broker.inject(refused_publish())
    with pytest.raises(Refused) as caught:
        client.send("orders", "x")
    assert caught.value.status == 500
    assert broker.messages == []


def test_a_confirm_that_never_comes(broker: FakeSqs) -> None:
    broker.queue("orders")
    broker.inject(lost_confirm())
    with JsonClient(broker, timeout=0.1) as client, pytest.raises(TimeoutError):
        client.send("orders", "x")
    assert broker.calls[0].outcome == "hung"
    assert broker.messages[0].producer_was_told == "nothing"
    with JsonClient(broker) as client:
        assert client.bodies("orders") == ["x"]


def test_garbage_in_place_of_an_answer(broker: FakeSqs) -> None:
    queue = broker.queue("orders")
    broker.inject(garbage(b"\0\1\2"))
    body = json.dumps({"QueueUrl": queue.url, "MessageBody": "x"}).encode()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.SendMessage\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    with socket.create_connection(("127.0.0.1", broker.port), timeout=5) as raw:
        raw.sendall(head + body)
        assert raw.recv(100) == b"\0\1\2"
        raw.sendall(head + body)
        assert raw.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(broker.messages) == 1
    assert broker.calls[0].spoiled


def test_partial_batches_of_each_kind(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "a", "b")
    broker.inject(partial_batch((0, 5)), times=2)
    got = client.receive("orders")
    entries = [{"Id": message["Body"], "ReceiptHandle": message["ReceiptHandle"]} for message in got]
    changes = [{**entry, "VisibilityTimeout": 0} for entry in entries]
    answer = client.ask("ChangeMessageVisibilityBatch", "orders", Entries=changes)
    assert [entry["Id"] for entry in answer["Failed"]] == ["a"]
    answer = client.ask("DeleteMessageBatch", "orders", Entries=entries)
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("a", "InternalError", False)
    assert [message.deliveries[0].outcome for message in broker.messages] == ["unsettled", "requeued"]
    assert broker.messages[1].of("acked")


def test_a_ratio_of_a_batch_is_drawn_from_the_seed(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    broker.inject(partial_batch(ratio=0.5), every=1)
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
    failed = [len(client.ask("SendMessageBatch", "orders", Entries=entries)["Failed"]) for _ in range(10)]
    assert len(set(failed)) > 1
    assert 25 <= sum(failed) <= 75


# -- what is received


def test_a_digest_that_is_wrong(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "x")
    broker.on("receive").inject(md5_mismatch())
    (wrong,) = client.receive("orders", VisibilityTimeout=0)
    (right,) = client.receive("orders")
    assert wrong["MD5OfBody"] != right["MD5OfBody"] == "9dd4e461268c8034f5c8564e155c67a6"
    assert wrong["Body"] == "x"
    assert broker.calls[0].failed


def test_nothing_although_there_is_something(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "x")
    broker.inject(empty_receive())
    began = time.monotonic()
    assert client.receive("orders", WaitTimeSeconds=5) == []
    assert time.monotonic() - began < 1.0
    assert broker.messages[0].deliveries == ()
    assert client.bodies("orders") == ["x"]


def test_a_duplicate_is_a_delivery_of_its_own(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "a", "b")
    broker.inject(duplicate())
    got = client.receive("orders")
    assert [message["Body"] for message in got] == ["a", "a", "b"]
    assert got[0]["MessageId"] == got[1]["MessageId"]
    assert got[0]["ReceiptHandle"] != got[1]["ReceiptHandle"]
    for message in got:
        client.delete("orders", message)
    first = broker.messages[0]
    assert [event.kind for event in first.events] == [
        *("published", "routed", "confirmed", "routed", "delivered", "delivered", "acked", "acked"),
    ]
    assert [event.fault for event in first.of("routed")] == [None, duplicate()]
    assert (first.places, first.in_flight) == ({}, False)


def test_a_duplicate_that_does_not_fit_comes_next(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "a", "b")
    broker.inject(duplicate(2))
    assert [client.bodies("orders", 1) for _ in range(5)] == [["a"], ["a"], ["a"], ["b"], []]


def test_a_fault_of_deliveries_waits_for_one(broker: FakeSqs, client: JsonClient) -> None:
    rule = broker.inject(duplicate())
    broker.queue("orders")
    assert client.receive("orders") == []
    assert rule.fired == 0
    _publish(broker, "x")
    assert client.bodies("orders") == ["x", "x"]
    assert (rule.fired, broker.calls[-1].fault) == (1, duplicate())


@pytest.mark.parametrize("kind", ["receive", "deliver", "*"])
def test_deliveries_can_be_chosen_by_either_word(broker: FakeSqs, client: JsonClient, kind: str) -> None:
    _publish(broker, "a", "b")
    broker.on(kind, queue="orders").inject(duplicate(), skip=1)
    other = broker.on(kind, queue="bills").inject(duplicate(5))
    assert client.bodies("orders") == ["a", "b", "b"]
    assert other.fired == 0
    broker.heal(other)


def test_a_message_that_is_taken_back(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "a", "b")
    broker.inject(redeliver(), redeliver(after=0.2))
    first = client.receive("orders")
    again = client.receive("orders")
    assert [message["Body"] for message in again] == ["a"]
    assert client.bodies("orders", WaitTimeSeconds=2) == ["b"]
    ends = [message.deliveries[0].end for message in broker.messages]
    assert [(end.kind, end.reason, end.fault is not None) for end in ends if end] == [
        ("requeued", "visible early", True)
    ] * 2
    for message in (first[0], again[0]):
        client.delete("orders", message)


def test_what_is_settled_is_not_taken_back(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "a")
    broker.inject(redeliver(after=0.1))
    (got,) = client.receive("orders")
    client.delete("orders", got)
    assert client.receive("orders", WaitTimeSeconds=1) == []
    assert broker.messages[0].deliveries[0].outcome == "acked"


def test_another_message_first(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "a", "b", "c", "d")
    broker.inject(reorder(3))
    assert client.bodies("orders") == ["c", "a", "b", "d"]


def test_a_deletion_that_is_ignored(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders", visibility=1).publish("x")
    broker.inject(lost_ack())
    (got,) = client.receive("orders")
    client.delete("orders", got)
    assert broker.messages[0].in_flight
    assert client.bodies("orders", WaitTimeSeconds=2) == ["x"]


def test_a_lost_answer_has_taken_its_messages(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "x")
    from pytest_integrations.faults import lost_response

    broker.on("receive").inject(lost_response())
    with pytest.raises(ConnectionError):
        client.receive("orders")
    assert broker.messages[0].in_flight
    with JsonClient(broker) as other:
        assert other.receive("orders") == []


def test_faults_that_are_added_act_on_the_first_delivery(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "a", "b")
    broker.inject(latency(0.05) + duplicate())
    assert client.bodies("orders") == ["a", "a", "b"]


def test_a_predicate_that_raises_while_a_client_waits(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders")

    def broken(_call: object) -> bool:
        raise ZeroDivisionError

    broker.inject(duplicate(), where=broken)
    client.begin("ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20)
    broker.ledger.settle()
    queue.publish("x")
    with pytest.raises(Refused, match="ZeroDivisionError"):
        client.end()
    with pytest.raises(HandlerFailed, match="ReceiveMessage orders"):
        broker.verify()
    broker.heal()


# -- the faults of HTTP


@pytest.mark.parametrize("fault", [status(503), latency(0.1), connection_reset(), corrupt_body(), close_on_accept()])
def test_faults_of_http_work_as_for_any_service(broker: FakeSqs, fault: Fault) -> None:
    broker.queue("orders")
    rule = broker.inject(fault)
    with JsonClient(broker) as client, suppress(Refused, OSError, ValueError):
        client.send("orders", "x")
    assert rule.fired == 1


def test_a_request_can_be_cut_while_it_is_sent(broker: FakeSqs) -> None:
    broker.queue("orders")
    broker.inject(reset_mid_upload(10))
    with JsonClient(broker) as client, pytest.raises(ConnectionError):
        client.send("orders", "x" * 100_000)
    assert broker.messages == []
    assert broker.calls[0].operation == "SendMessage"
    with JsonClient(broker) as client:
        client.send("orders", "y")
    assert broker.messages.bodies == [b"y"]


def test_an_outage_and_its_end(virtual_clock: VirtualClock, broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "x")
    client.receive("orders", VisibilityTimeout=0)
    broker.outage(30)
    with pytest.raises(OSError):  # noqa: PT011 -- reset or refused
        client.receive("orders")
    with JsonClient(broker) as other, pytest.raises(ConnectionRefusedError):
        other.receive("orders")
    virtual_clock.sleep(31)
    with JsonClient(broker) as other:
        assert other.bodies("orders") == ["x"]


def test_dropped_connections_are_accepted_anew(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "x")
    client.receive("orders", VisibilityTimeout=0)
    broker.drop_all()
    with pytest.raises(ConnectionError):
        client.receive("orders")
    with JsonClient(broker) as other:
        assert other.bodies("orders") == ["x"]


def test_what_plain_http_cannot_do(broker: FakeSqs) -> None:
    with pytest.raises(CannotPerform, match="Handshake"):
        broker.inject(tls("expired"))


def test_a_predicate_that_raises_fails_the_test(broker: FakeSqs, client: JsonClient) -> None:
    _publish(broker, "x")

    def broken(_call: object) -> bool:
        raise ZeroDivisionError

    for fault in (latency(1), duplicate()):
        rule = broker.inject(fault, where=broken)
        with pytest.raises(Refused, match="ZeroDivisionError"):
            client.receive("orders")
        with pytest.raises(HandlerFailed, match="ReceiveMessage orders"):
            broker.verify()
        broker.heal(rule)
