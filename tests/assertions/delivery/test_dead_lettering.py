from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import boto3
import pika
import pytest

from pytest_integrations.assertions.dead_lettering import assert_dead_lettered
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError
from pytest_integrations.faults import poison

if TYPE_CHECKING:
    from pytest_integrations import FakeAmqp, FakeSqs
    from pytest_integrations.core.delivery import QueueMessage
    from tests.assertions.delivery.by_hand import HandQueue


def _poison(queue: HandQueue, deliveries: int = 3, text: str = "poison", **how: Any) -> QueueMessage:
    message = queue.publish(text, headers={"order": 7})
    for _ in range(deliveries - 1):
        queue.deliver(message)
        queue.requeue(message)
    queue.deliver(message)
    queue.dead_letter(message, **how)
    return message


def _put_aside(queue: HandQueue, letter: str = "poison", *, key: str = "", **how: Any) -> QueueMessage:
    """Let the consumer publish the dead letter itself."""
    message = queue.publish("poison", key="m-1", headers={"order": 7})
    queue.deliver(message)
    how.setdefault("headers", {"order": 7, "error": "ValueError"})
    dead = queue.publish(letter, to="orders.dead", connection=queue.consumer, key=key, **how)
    queue.ack(message)
    return dead


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"exactly": 1},
        {"which": ["poison"]},
        {"which": b"poison"},
        {"which": "poison"},
        {"which": lambda message: message.headers},
        {"after": 3, "to": "orders.dead", "reason": "rejected", "exactly": 1},
    ],
)
def test_what_could_not_be_handled_is_put_aside(queue: HandQueue, wanted: dict[str, Any]) -> None:
    queue.handled("1")
    _poison(queue)

    assert_dead_lettered(queue.messages, **wanted)


def test_a_consumer_may_do_it_itself(queue: HandQueue) -> None:
    _put_aside(queue)

    assert_dead_lettered(queue.messages.through("orders"), ["poison"], to="orders.dead", after=1, reason="ValueError")
    assert_dead_lettered(queue.messages, exactly=1, to="orders.dead")


def test_what_a_consumer_put_there_is_not_asked_for_there_again(queue: HandQueue) -> None:
    """All that the fake has are the letters as well."""
    _put_aside(queue)
    queue.handled("17")

    assert_dead_lettered(queue.messages, ["poison"], to="orders.dead", after=1)
    assert_dead_lettered(queue.messages, lambda message: message.text == "poison", to="orders.dead")
    with pytest.raises(ResilienceError, match=r"message 3 to orders was not dead-lettered to orders\.dead"):
        assert_dead_lettered(queue.messages, ["poison", "17"], to="orders.dead")


def test_an_acked_one_is_missing(queue: HandQueue) -> None:
    queue.handled("poison")

    with pytest.raises(ResilienceError) as caught:
        assert_dead_lettered(queue.messages, ["poison"])

    text = str(caught.value)
    assert text.startswith("message 1 to orders was not dead-lettered: acked after 1 delivery\n")
    assert "-> It was acked, as if it had been handled" in text


def test_a_dropped_one_is_missing(queue: HandQueue) -> None:
    message = queue.publish("poison")
    queue.deliver(message)
    queue.drop(message)

    with pytest.raises(ResilienceError, match="-> The queue has no dead-letter queue"):
        assert_dead_lettered(queue.messages, ["poison"])
    with pytest.raises(
        ResilienceError, match=r"expected at least 1 dead letter in orders\.dead, saw 0 among 1 message"
    ):
        assert_dead_lettered(queue.messages, to="orders.dead")


def test_one_that_goes_round_is_missing(queue: HandQueue) -> None:
    message = queue.publish("poison")
    for _ in range(5):
        queue.deliver(message)
        queue.requeue(message)

    with pytest.raises(ResilienceError, match=r"waits in orders after 5 deliveries[\s\S]*requeue=False"):
        assert_dead_lettered(queue.messages, ["poison"])


def test_one_that_went_elsewhere_is_missing(queue: HandQueue) -> None:
    _poison(queue, to="trash")

    with pytest.raises(ResilienceError, match=r"-> It was moved to trash, not to orders\.dead"):
        assert_dead_lettered(queue.messages, ["poison"], to="orders.dead")


def test_a_dead_letter_that_did_not_arrive_is_missing(queue: HandQueue) -> None:
    _put_aside(queue, routed=False, told="refused")

    with pytest.raises(ResilienceError, match=r"was not dead-lettered to orders\.dead"):
        assert_dead_lettered(queue.messages.through("orders"), ["poison"], to="orders.dead")


def test_a_sound_one_must_not_be_among_them(queue: HandQueue) -> None:
    _poison(queue)
    _poison(queue, text="17")

    with pytest.raises(ResilienceError, match="message 2 to orders was dead-lettered, and should not have been"):
        assert_dead_lettered(queue.messages, ["poison"])
    with pytest.raises(ResilienceError, match="expected 1 dead letter, saw 2 among 2 messages"):
        assert_dead_lettered(queue.messages, exactly=1)


def test_too_few_are_told(queue: HandQueue) -> None:
    _poison(queue)
    back = queue.publish("2")
    queue.deliver(back)
    queue.requeue(back)

    with pytest.raises(ResilienceError, match="expected 2 dead letters, saw 1 among 2 messages"):
        assert_dead_lettered(queue.messages, exactly=2)


@pytest.mark.parametrize(("after", "hint"), [(2, "A limit of 3 retries is 4"), (4, "rejected at the first failure")])
def test_a_wrong_number_of_deliveries_is_told(queue: HandQueue, after: int, hint: str) -> None:
    _poison(queue, 3)

    with pytest.raises(ResilienceError) as caught:
        assert_dead_lettered(queue.messages, after=after)

    text = str(caught.value)
    assert text.startswith(f"message 1 to orders was dead-lettered after 3 deliveries, expected after {after}\n")
    assert hint in text


def test_what_is_delivered_out_of_the_dead_letter_queue_does_not_count(queue: HandQueue) -> None:
    message = _poison(queue, 2)
    queue.deliver(message, "orders.dead")
    queue.ack(message)

    assert_dead_lettered(queue.messages, after=2, to="orders.dead")


def test_what_is_published_again_is_one_by_what_the_test_says(queue: HandQueue) -> None:
    queue.handled("another", headers={"task": 2})
    queue.handled("1", headers={"task": 1})
    queue.handled("1", to="orders.wait", headers={"task": 1})
    last = queue.publish("1", headers={"task": 1})
    queue.deliver(last)
    queue.dead_letter(last)

    assert_dead_lettered(queue.messages, exactly=1, after=2, per="header:task")
    with pytest.raises(ResilienceError, match=r"after 1 delivery, expected after 2[\s\S]*say by per= which ones"):
        assert_dead_lettered(queue.messages, exactly=1, after=2)


def test_a_ladder_of_waits_is_no_dead_letter_queue(queue: HandQueue) -> None:
    message = queue.publish("poison")
    for _ in range(2):
        queue.deliver(message)
        queue.dead_letter(message, "orders.wait")
        queue.tell(message, "dead_lettered", "orders.wait", reason="expired", to=("orders",))
        queue.tell(message, "routed", "orders")
    queue.deliver(message)
    queue.dead_letter(message)

    assert_dead_lettered(queue.messages, ["poison"], after=3, to="orders.dead")
    assert_dead_lettered(queue.messages, ["poison"], after=3)  # the last move counts


def test_twice_in_the_dead_letter_queue_is_once_too_often(queue: HandQueue) -> None:
    message = queue.publish("poison", key="m-1")
    for _ in range(2):
        queue.deliver(message)
        queue.publish("poison", to="orders.dead", connection=queue.consumer, key="m-1")
        last = message.deliveries[-1]
        if last.number == 1:
            queue.requeue(message, "connection lost")
    queue.ack(message)

    with pytest.raises(ResilienceError, match=r"message 1 to orders is in orders\.dead 2 times, expected once"):
        assert_dead_lettered(queue.messages.through("orders"), ["poison"], to="orders.dead")


def test_a_reason_must_be_recorded(queue: HandQueue) -> None:
    _poison(queue, reason="")

    with pytest.raises(ResilienceError, match="was dead-lettered with nothing for a reason, expected one"):
        assert_dead_lettered(queue.messages)


def test_the_reason_must_be_the_one(queue: HandQueue) -> None:
    _poison(queue, reason="expired")

    with pytest.raises(ResilienceError, match="with expired for a reason, expected 'rejected'"):
        assert_dead_lettered(queue.messages, reason="rejected")


def test_the_consumers_own_reason_is_in_a_header(queue: HandQueue) -> None:
    _put_aside(queue)

    with pytest.raises(ResilienceError, match="with order: 7, error: ValueError for a reason, expected 'TimeoutError'"):
        assert_dead_lettered(queue.messages.through("orders"), to="orders.dead", reason="TimeoutError")


@pytest.mark.parametrize(
    ("body", "letter", "is_told"),
    [
        ("poison", '{"of": "poison", "why": "TimeoutError"}', True),
        ("poison", '{"of": "poison", "why": "ValueError"}', False),
        ("a TimeoutError", '{"of": "a TimeoutError", "why": "none"}', False),
        ("TimeoutError", "TimeoutError", False),
    ],
)
def test_the_consumers_own_reason_may_be_put_around_the_body(
    queue: HandQueue, body: str, letter: str, *, is_told: bool
) -> None:
    """What was in the message itself is no reason."""
    message = queue.publish(body, key="m-1")
    queue.deliver(message)
    queue.publish(letter, key="m-1", to="orders.dead", connection=queue.consumer)
    queue.ack(message)

    expected = nullcontext() if is_told else pytest.raises(ResilienceError, match="for a reason, expected 'Timeout")
    with expected:
        assert_dead_lettered(queue.messages.through("orders"), to="orders.dead", reason="TimeoutError", payload="any")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"body": b"{}"}, "the body was b'poison' and is b'{}'"),
        ({"headers": {}}, "the header order is gone"),
        ({"headers": {"order": 8}}, "the header order was 7 and is 8"),
    ],
)
def test_the_payload_must_be_whole(queue: HandQueue, change: dict[str, Any], words: str) -> None:
    _poison(queue, **change)

    with pytest.raises(ResilienceError, match=words):
        assert_dead_lettered(queue.messages)
    assert_dead_lettered(queue.messages, payload="any")


def test_a_letter_that_a_fault_has_poisoned_was_whole(fake_amqp: FakeAmqp, fake_sqs: FakeSqs) -> None:
    """The consumer published it as it was."""
    for fake in (fake_amqp, fake_sqs):
        fake.queue("dead")
        fake.inject(poison(), skip=1)
    fake_amqp.queue("orders")
    with pika.BlockingConnection(pika.URLParameters(fake_amqp.url)) as connection:
        channel = connection.channel()
        channel.basic_publish("", "orders", "bad", pika.BasicProperties(message_id="m-1"))
        method, properties, body = channel.basic_get("orders")
        channel.basic_publish("", "dead", body, properties)
        channel.basic_ack(method.delivery_tag)
    orders = fake_sqs.queue("orders")
    sqs = boto3.client("sqs", **fake_sqs.client_arguments)
    sqs.send_message(QueueUrl=orders.url, MessageBody="bad")
    [message] = sqs.receive_message(QueueUrl=orders.url)["Messages"]
    of = {"DataType": "String", "StringValue": message["MessageId"]}
    dead = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody=message["Body"], MessageAttributes={"of": of})
    sqs.delete_message(QueueUrl=orders.url, ReceiptHandle=message["ReceiptHandle"])
    sqs.close()

    assert [str(letter.events[0].fault) for letter in fake_amqp.messages.through("dead")] == ["poison()"]
    for fake in (fake_amqp, fake_sqs):
        assert_dead_lettered(fake.messages.through("orders"), ["bad"], to="dead", after=1)


def test_a_consumer_that_wraps_the_payload_is_caught(queue: HandQueue) -> None:
    _put_aside(queue, '{"original": "poison"}', headers={"x-original-id": "m-1"})

    with pytest.raises(ResilienceError, match="the body was b'poison' and is"):
        assert_dead_lettered(queue.messages.through("orders"), ["poison"], to="orders.dead")
    assert_dead_lettered(queue.messages.through("orders"), ["poison"], to="orders.dead", payload="any")


def test_what_brokers_rewrite_is_not_the_payload(queue: HandQueue) -> None:
    message = queue.publish("1", headers={"x-death": [1], "CC": ["other"], "x-first-death-queue": "a"})
    queue.deliver(message)
    queue.dead_letter(message, headers={"x-death": [2]})

    assert_dead_lettered(queue.messages)


def test_a_broker_that_does_not_tell_is_not_judged(queue: HandQueue) -> None:
    message = queue.publish("1", headers={"order": 7})
    queue.deliver(message)
    queue.settle(message, "dead_lettered", to=("orders.dead",), reason="maxReceiveCount")
    queue.tell(message, "routed", "orders.dead")

    assert_dead_lettered(queue.messages)


def test_if_nothing_failed_there_is_nothing_to_check(queue: HandQueue) -> None:
    queue.handled("1")

    with pytest.raises(NothingToCheck, match="no delivery failed"):
        assert_dead_lettered(queue.messages)


@pytest.mark.parametrize(
    ("which", "words"), [(["poison"], "no message with the body b'poison'"), (lambda _: False, "true of no message")]
)
def test_what_was_never_published_cannot_be_judged(queue: HandQueue, which: Any, words: str) -> None:
    queue.handled("1")

    with pytest.raises(NothingToCheck, match=words):
        assert_dead_lettered(queue.messages, which)


def test_without_a_message_there_is_nothing_to_check(queue: HandQueue) -> None:
    with pytest.raises(NothingToCheck, match="no message was published"):
        assert_dead_lettered(queue.messages)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"which": ["a"], "exactly": 1}, "not both"),
        ({"exactly": 0}, "exactly=0 is not a count"),
        ({"after": 0}, "after=0 is not a count"),
        ({"payload": "whole"}, "payload='whole' is unknown"),
        ({"which": []}, "names no messages"),
        ({"which": [7]}, "names no messages"),
    ],
)
def test_a_question_without_sense_is_refused(queue: HandQueue, wanted: dict[str, Any], words: str) -> None:
    _poison(queue)

    with pytest.raises(ScriptingError, match=words):
        assert_dead_lettered(queue.messages, **wanted)
