"""boto3 and the service: what its user gets, and whether it tries again by itself."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.sqs.fake import FakeSqs
from pytest_integrations.faults import (
    connection_reset,
    corrupt_body,
    lost_response,
    malformed_response_chunk,
    status,
    truncate_body,
    truncate_headers,
)
from pytest_integrations.faults.queue import duplicate, garbage, queue_full
from pytest_integrations.faults.sqs import clock_skew, md5_mismatch, partial_batch, sqs_error
from pytest_integrations.timekeeping.clock import VirtualClock

boto3 = pytest.importorskip("boto3")
from botocore.config import Config  # noqa: E402 -- after it is known to be there
from botocore.exceptions import BotoCoreError, ClientError  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault


@pytest.fixture
def broker() -> Iterator[FakeSqs]:
    with FakeSqs() as broker:
        yield broker


@pytest.fixture
def sqs(broker: FakeSqs) -> Iterator[Any]:
    client = boto3.client("sqs", config=Config(retries={"mode": "standard"}), **broker.client_arguments)
    yield client
    client.close()


def test_a_day_in_the_life_of_a_queue(broker: FakeSqs, sqs: Any) -> None:
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 1}}'
    attributes = {"RedrivePolicy": policy, "VisibilityTimeout": "0"}
    url = sqs.create_queue(QueueName="orders", Attributes=attributes, tags={"team": "books"})["QueueUrl"]
    assert sqs.list_queues()["QueueUrls"] == [dead, url]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "books"}
    sent = {"n": {"DataType": "Number", "StringValue": "7"}, "b": {"DataType": "Binary", "BinaryValue": b"\0\xff"}}
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=sent)
    (got,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert got["MessageAttributes"] == sent
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    (got,) = sqs.receive_message(QueueUrl=dead, AttributeNames=["All"])["Messages"]
    assert got["Attributes"]["DeadLetterQueueSourceArn"].endswith(":orders")
    sqs.change_message_visibility(QueueUrl=dead, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    sqs.start_message_move_task(SourceArn=arn)
    assert sqs.list_message_move_tasks(SourceArn=arn)["Results"][0]["Status"] == "COMPLETED"
    (got,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
    sqs.purge_queue(QueueUrl=url)
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="orders")
    kinds = [event.kind for event in broker.messages[0].events]
    assert kinds == [
        *("published", "routed", "confirmed", "delivered", "requeued", "dead_lettered", "routed"),
        *("delivered", "requeued", "redriven", "routed", "delivered", "requeued", "acked"),
    ]


def test_the_resource_interface(broker: FakeSqs) -> None:
    resource = boto3.resource("sqs", **broker.client_arguments)
    queue = resource.create_queue(QueueName="orders")
    queue.send_messages(Entries=[{"Id": each, "MessageBody": each} for each in "ab"])
    for message in queue.receive_messages(MaxNumberOfMessages=10, WaitTimeSeconds=1):
        message.delete()
    assert [message.deliveries[0].outcome for message in broker.messages] == ["acked", "acked"]
    resource.meta.client.close()


@pytest.mark.parametrize(
    ("fault", "attempts", "told"),
    [
        (sqs_error("InternalError"), 3, "InternalError"),
        (sqs_error("ServiceUnavailable"), 3, "ServiceUnavailable"),
        (sqs_error("RequestThrottled"), 3, "RequestThrottled"),
        (sqs_error("ThrottlingException"), 3, "ThrottlingException"),
        (sqs_error("OverLimit"), 1, "OverLimit"),
        (sqs_error("KmsThrottled"), 1, "KMS.ThrottlingException"),
        (sqs_error("QueueDoesNotExist"), 1, "AWS.SimpleQueueService.NonExistentQueue"),
        (sqs_error("ReceiptHandleIsInvalid"), 1, "ReceiptHandleIsInvalid"),
        (sqs_error("MessageNotInflight"), 1, "AWS.SimpleQueueService.MessageNotInflight"),
        (sqs_error("InvalidMessageContents"), 1, "InvalidMessageContents"),
        (sqs_error("UnsupportedOperation"), 1, "AWS.SimpleQueueService.UnsupportedOperation"),
        (sqs_error("InvalidSecurity"), 1, "InvalidSecurity"),
        (clock_skew(3600), 1, "SignatureDoesNotMatch"),
        (queue_full(), 3, "RequestThrottled"),
        (status(503), 3, "503"),
        (status(429), 1, "429"),
        (connection_reset(), 3, "ConnectionClosedError"),
        (lost_response(), 3, "ConnectionClosedError"),
        (malformed_response_chunk(), 3, "ConnectionClosedError"),
        (garbage(), 3, "ConnectionClosedError"),
    ],
    ids=repr,
)
def test_what_boto3_makes_of_a_fault(broker: FakeSqs, sqs: Any, fault: Fault, attempts: int, told: str) -> None:
    url = broker.queue("orders").url
    broker.inject(fault, every=1)
    with VirtualClock(), pytest.raises((ClientError, BotoCoreError)) as caught:
        sqs.send_message(QueueUrl=url, MessageBody="x")
    error = caught.value
    assert told == (error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__)
    assert len(broker.calls) == attempts
    assert all(call.failed for call in broker.calls)


@pytest.mark.parametrize("fault", [truncate_headers(), truncate_body(), corrupt_body()], ids=repr)
def test_boto3_takes_an_answer_that_it_cannot_read_for_a_success(broker: FakeSqs, sqs: Any, fault: Fault) -> None:
    url = broker.queue("orders").url
    broker.inject(fault, every=1)
    answer = sqs.send_message(QueueUrl=url, MessageBody="x")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "MessageId" not in answer  # by which a careful caller can tell


def test_a_lost_response_makes_boto3_send_twice(broker: FakeSqs, sqs: Any) -> None:
    url = broker.queue("orders").url
    broker.inject(lost_response())
    with VirtualClock():
        sqs.send_message(QueueUrl=url, MessageBody="x")
    assert broker.messages.bodies == [b"x", b"x"]
    assert [message.producer_was_told for message in broker.messages] == ["nothing", "confirmed"]


def test_a_fifo_queue_keeps_a_message_from_being_doubled(broker: FakeSqs, sqs: Any) -> None:
    url = broker.queue("orders.fifo", content_deduplication=True).url
    broker.inject(lost_response())
    with VirtualClock():
        sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="a")
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 1
    assert broker.messages[1].of("deduplicated")


def test_boto3_does_not_look_at_digests_and_half_batches(broker: FakeSqs, sqs: Any) -> None:
    url = broker.queue("orders").url
    broker.inject(md5_mismatch(), partial_batch(0), duplicate())
    sqs.send_message(QueueUrl=url, MessageBody="x")
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": each, "MessageBody": each} for each in "ab"])
    assert [entry["Id"] for entry in answer["Failed"]] == ["a"]
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0
    bodies = [each["Body"] for each in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    assert bodies == ["x", "x", "b"]


# -- virtual time


def test_three_visibility_timeouts_and_a_dead_letter_take_no_time(broker: FakeSqs, sqs: Any) -> None:
    queue = broker.queue("orders", visibility=30, dead_letter=True, max_deliveries=3)
    dead = broker.url_of("orders-dlq")
    began = time.perf_counter()
    with VirtualClock() as clock:
        sqs.send_message(QueueUrl=queue.url, MessageBody="poison")
        while "Messages" not in sqs.receive_message(QueueUrl=dead):
            sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=20)
        assert clock.now == 100  # 90 s for three deliveries, found by polls of 20 s
    assert time.perf_counter() - began < 2.0
    (message,) = queue.dead_letters
    assert [delivery.time - message.events[0].time for delivery in message.deliveries[:3]] == pytest.approx([0, 30, 60])
    dead_lettered = message.of("dead_lettered")[0].time - message.events[0].time
    assert dead_lettered == pytest.approx(90)


def test_a_worker_that_hangs_loses_its_message_to_another(broker: FakeSqs, sqs: Any) -> None:
    url = broker.queue("orders", visibility=30).url
    broker.publish("orders", "x")
    got: list[tuple[str, float]] = []
    with VirtualClock() as clock:

        def work(name: str, pause: float) -> None:
            (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
            got.append((name, clock.now))
            time.sleep(pause)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

        slow = threading.Thread(target=work, args=("slow", 45))
        slow.start()
        time.sleep(15)
        quick = threading.Thread(target=work, args=("quick", 1))
        quick.start()
        slow.join()
        quick.join()
        assert clock.now == 45
    assert got == [("slow", 0), ("quick", 30)]
    first, second = broker.messages[0].deliveries
    assert (first.outcome, second.outcome) == ("requeued", "acked")


def test_retention_and_deduplication_run_by_the_clock(broker: FakeSqs, sqs: Any) -> None:
    url = broker.queue("orders.fifo", retention=600, content_deduplication=True).url
    with VirtualClock():
        for pause in (299, 1, 400):
            sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="a")
            time.sleep(pause)
        stories = [[event.kind for event in message.events] for message in broker.messages]
    assert stories == [
        ["published", "routed", "confirmed", "expired"],
        ["published", "deduplicated", "confirmed"],
        ["published", "routed", "confirmed"],
    ]
