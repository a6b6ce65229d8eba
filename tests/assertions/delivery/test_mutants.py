"""Real clients on a real socket: each way to get it wrong is caught by the assertion that is there for it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pika.exceptions
import pytest

from pytest_integrations.assertions import (
    assert_all_settled,
    assert_back_pressure,
    assert_confirms_awaited,
    assert_dead_lettered,
    assert_delivered,
    assert_duplicates_bounded,
    assert_no_poison_loop,
    assert_nothing_lost,
    assert_ordered,
    assert_prefetch_respected,
    assert_redelivery_backoff,
    assert_settle_order,
    exponential,
)
from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.core.errors import NothingToCheck, ResilienceError
from pytest_integrations.faults.connection import connection_reset, lost_response
from pytest_integrations.faults.delay import latency
from pytest_integrations.faults.queue import (
    duplicate,
    lost_ack,
    lost_confirm,
    lost_message,
    queue_full,
    redeliver,
    refused_publish,
    reorder,
)
from pytest_integrations.timekeeping.clock import VirtualClock
from tests.assertions.delivery.workers import Consumer, Producer, connected, consume

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_leaks")

BODIES = ("1", "2", "poison", "4", "5")


@pytest.fixture
def broker() -> Iterator[FakeAmqp]:
    with VirtualClock(), FakeAmqp() as broker:
        yield broker


def _caught(assertion: Any, *args: Any, **wanted: Any) -> str:
    with pytest.raises(ResilienceError) as caught:
        assertion(*args, **wanted)
    return str(caught.value)


# -- those who do it right


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("publish", queue_full()),
        ("publish", refused_publish()),
        ("publish", lost_confirm()),
        ("publish", connection_reset()),
        ("publish", lost_response()),
        ("publish", latency(0.05)),
        ("deliver", duplicate()),
        ("deliver", redeliver()),
        ("deliver", reorder()),
        ("deliver", connection_reset()),
        ("deliver", latency(0.02)),
        ("ack", lost_ack()),
        ("ack", connection_reset()),
        ("ack", lost_response()),
        ("subscribe", connection_reset()),
        ("connect", connection_reset()),
        ("*", latency(0.002)),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value),
)
def test_a_sound_producer_and_consumer_lose_nothing_under_any_fault(broker: FakeAmqp, kind: str, fault: Any) -> None:
    orders = broker.queue("orders", max_deliveries=3, dead_letter=True)
    rule = broker.on(kind).inject(fault, times=None if kind == "*" else 1)

    producer, consumer = Producer(broker.url), Consumer(broker.url)
    producer.send_all(BODIES)
    consumer.work()

    assert rule.fired, "the fault was met"
    assert producer.reported == []
    assert_nothing_lost(orders.messages, dead_letter="orders.dead")
    assert_all_settled(orders.messages)
    assert_dead_lettered(orders.messages, ["poison"], to="orders.dead")
    good = orders.messages.where(lambda message: message.body != b"poison")
    assert_delivered(good, effects=consumer.effects)
    assert sorted(consumer.effects) == ["m-1", "m-2", "m-4", "m-5"]
    assert_no_poison_loop(orders.messages, in_a_row=3)


def test_a_sound_consumer_does_once_what_comes_twice(broker: FakeAmqp) -> None:
    orders = broker.queue("orders", max_deliveries=3, dead_letter=True)
    broker.on("deliver").inject(duplicate(), times=1)
    broker.on("ack").inject(lost_ack(), at=3)
    Producer(broker.url).send_all(["1", "2", "3"])

    consumer = Consumer(broker.url)
    consumer.work()

    assert_duplicates_bounded(orders.messages, consumer.effects)
    assert_delivered(orders.messages, exactly=1, effects=consumer.effects)


def test_a_sound_producer_awaits_its_confirms(broker: FakeAmqp) -> None:
    orders = broker.queue("orders", dead_letter=True)
    broker.on("publish").inject(refused_publish(), lost_confirm())

    Producer(broker.url).send_all(["1", "2", "3"])

    assert_confirms_awaited(orders.messages)


# -- those who do not


def test_no_dead_letter_queue(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    orders.publish("poison")

    consume(broker.url, lambda channel, method, _p, _b: channel.basic_reject(method.delivery_tag, requeue=False))

    text = _caught(assert_nothing_lost, orders.messages)
    assert text.startswith("1 of 1 message was lost: message 1 to orders was dropped from orders (rejected)\n")
    assert "^ dropped from orders (rejected)" in text
    assert "has no dead-letter queue" in text
    assert "dropped (rejected) after 1 delivery" in _caught(assert_dead_lettered, orders.messages, ["poison"])


def test_a_dead_letter_queue_that_is_not_there(broker: FakeAmqp) -> None:
    orders = broker.queue(
        "orders", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders.dead"}
    )
    orders.publish("poison")

    consume(broker.url, lambda channel, method, _p, _b: channel.basic_reject(method.delivery_tag, requeue=False))

    assert "-> Its dead-letter exchange leads to no queue" in _caught(assert_nothing_lost, orders.messages)


def test_ack_before_the_dead_letter(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    broker.queue("orders.dead")
    orders.publish("poison", message_id="m-1")

    def take(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        channel.basic_ack(method.delivery_tag)
        channel.basic_publish("", "orders.dead", body, properties)

    consume(broker.url, take)

    text = _caught(assert_settle_order, orders.messages, dead_letter="orders.dead")
    assert text.startswith("message 1 to orders was acked before its dead letter in orders.dead was confirmed\n")
    assert_dead_lettered(orders.messages, ["poison"], to="orders.dead", after=1)


def test_a_dead_letter_without_confirms(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    broker.queue("orders.dead")
    orders.publish("poison", message_id="m-1")

    with connected(broker.url) as channel:
        method, properties, body = channel.basic_get("orders")
        channel.basic_publish("", "orders.dead", body, properties)
        channel.basic_ack(method.delivery_tag)

    text = _caught(assert_settle_order, orders.messages, dead_letter="orders.dead")
    assert "although its dead letter in orders.dead was never confirmed" in text
    assert "confirm_delivery()" in text


def test_a_connection_lost_between_dead_letter_and_ack(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    broker.queue("orders.dead")
    orders.publish("poison", message_id="m-1")
    broker.on("ack").inject(connection_reset())

    def take(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        channel.basic_publish("", "orders.dead", body, properties)
        channel.basic_ack(method.delivery_tag)

    with suppress(pika.exceptions.AMQPError):
        consume(broker.url, take)
    consume(broker.url, take)

    text = _caught(assert_dead_lettered, orders.messages, ["poison"], to="orders.dead")
    assert text.startswith("message 1 to orders is in orders.dead 2 times, expected once\n")


def test_requeue_for_ever(broker: FakeAmqp) -> None:
    orders = broker.queue("orders", dead_letter=True)
    for body in ("poison", "2", "3"):
        orders.publish(body)

    consume(
        broker.url,
        lambda channel, method, _p, _b: channel.basic_nack(method.delivery_tag, requeue=True),
        at_most=50,
        prefetch_count=1,
    )

    text = _caught(assert_no_poison_loop, orders.messages)
    assert text.splitlines()[0].endswith(" times in a row from orders while 2 messages waited behind it")
    assert "events not shown" in text
    assert "waits in orders after" in _caught(assert_dead_lettered, orders.messages, ["poison"])
    assert "expected at most 20" in _caught(assert_delivered, orders.messages, at_most=20)
    assert "TOO EARLY" in _caught(assert_redelivery_backoff, orders.messages, exponential(base=1))


def test_drop_head(broker: FakeAmqp) -> None:
    orders = broker.queue("orders", max_length=2)

    Producer(broker.url).send_all(["1", "2", "3"])

    text = _caught(assert_nothing_lost, orders.messages, dead_letter="orders")
    assert "was confirmed to its producer, and then dropped from orders (maxlen)" in text.splitlines()[0]
    text = _caught(assert_back_pressure, orders.messages, "orders", limit=2)
    assert text.startswith("message 1 was dropped from orders to make room (maxlen), and nobody was told\n")


def test_confirms_ignored(broker: FakeAmqp) -> None:
    orders = broker.queue("orders", max_length=2, overflow="reject-publish")

    with connected(broker.url) as channel:
        for number in range(3):
            channel.basic_publish("", "orders", str(number))

    text = _caught(assert_nothing_lost, orders.messages, dead_letter="orders")
    assert text.startswith("1 of 3 messages was lost: message 3 to orders was not taken by orders (maxlen), and nobody")
    assert "had no confirm and never got one" in _caught(assert_confirms_awaited, orders.messages)
    assert "its producer was not told" in _caught(assert_back_pressure, orders.messages, "orders", limit=2)


def test_a_refusal_that_is_swallowed(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    broker.on("publish").inject(refused_publish())

    Producer(broker.url, attempts=1).send_all(["1", "2"])

    text = _caught(assert_confirms_awaited, orders.messages)
    assert text.startswith("message 1 to orders was refused, and was neither sent again nor reported\n")
    assert_confirms_awaited(orders.messages, reported=["m-1"])


def test_a_producer_without_patience(broker: FakeAmqp) -> None:
    orders = broker.queue("orders", max_length=1, overflow="reject-publish")

    Producer(broker.url).send_all(["1", "2"])

    assert_back_pressure(orders.messages, "orders", limit=1)
    text = _caught(assert_back_pressure, orders.messages, "orders", limit=1, pause=0.5)
    assert text.startswith("the producer sent message 3 0.0")


def test_a_swallowed_exception(broker: FakeAmqp) -> None:
    orders = broker.queue("orders", dead_letter=True)
    for body in BODIES:
        orders.publish(body)
    handled: list[str] = []

    def take(channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        try:
            handled.append(str(int(body)))
        except ValueError:
            print("could not handle", body)
        channel.basic_ack(method.delivery_tag)

    consume(broker.url, take)

    assert_nothing_lost(orders.messages)  # as far as the broker can know
    assert "acked after 1 delivery" in _caught(assert_dead_lettered, orders.messages, ["poison"])
    text = _caught(assert_delivered, orders.messages, effects=handled)
    assert text.startswith("expected at least 1 effect of message 3 to orders, saw 0\n")


def test_an_exception_that_leaves_the_delivery_open(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    for body in ("poison", "2", "3"):
        orders.publish(body)

    with connected(broker.url) as channel:
        channel.basic_qos(prefetch_count=1)
        for method, _, _ in channel.consume("orders", inactivity_timeout=0.1):
            assert method is None or method.delivery_tag == 1  # nothing else comes any more
            if method is None:
                break
        text = _caught(assert_all_settled, orders.messages)
        assert "2 messages wait behind it in orders." in text
        channel.connection.close()

    text = _caught(assert_all_settled, orders.messages)
    assert "was given back to orders" in text.splitlines()[0]
    assert "First of all: connection 1, which had the last delivery, was closed by the client" in text


def test_no_prefetch(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    for number in range(5):
        orders.publish(str(number))

    consume(broker.url, lambda channel, method, _p, _b: channel.basic_ack(method.delivery_tag))

    text = _caught(assert_prefetch_respected, orders.messages, 2)
    assert "had 5 messages in flight from orders" in text.splitlines()[0]


def test_acks_that_nobody_sends(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    for number in range(5):
        orders.publish(str(number))

    with connected(broker.url) as channel:
        for delivery in channel.consume("orders", auto_ack=True, inactivity_timeout=0.1):
            if delivery[0] is None:
                break

    for assertion in (assert_all_settled, lambda messages: assert_prefetch_respected(messages, 2)):
        with pytest.raises(NothingToCheck, match="every message counted as acked when it was sent"):
            assertion(orders.messages)


def test_a_prefetch(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    for number in range(5):
        orders.publish(str(number))

    consume(broker.url, lambda channel, method, _p, _b: channel.basic_ack(method.delivery_tag), prefetch_count=2)

    assert_prefetch_respected(orders.messages, 2)
    assert_ordered(orders.messages)


def test_a_message_that_is_overtaken(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    for number in range(3):
        orders.publish(str(number))

    def take(channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        if body == b"0" and not method.redelivered:
            channel.basic_nack(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)

    consume(broker.url, take, prefetch_count=3)

    text = _caught(assert_ordered, orders.messages)
    assert "message 2 was acked before message 1" in text.splitlines()[0]


@pytest.mark.parametrize(("kind", "fault"), [("deliver", duplicate()), ("ack", lost_ack())])
def test_a_consumer_that_knows_no_duplicates(broker: FakeAmqp, kind: str, fault: Any) -> None:
    orders = broker.queue("orders")
    orders.publish("1", message_id="m-1")
    broker.on(kind).inject(fault)
    charged: list[str] = []

    def take(channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        charged.append(properties.message_id)
        channel.basic_ack(method.delivery_tag)

    for _ in range(2):
        consume(broker.url, take)

    text = _caught(assert_duplicates_bounded, orders.messages, charged)
    assert text.startswith("message 1 to orders took effect 2 times, expected at most 1: it was delivered 2 times\n")
    assert "saw 2" in _caught(assert_delivered, orders.messages, exactly=1, effects=charged)


def test_a_broker_that_loses_what_it_confirmed(broker: FakeAmqp) -> None:
    orders = broker.queue("orders")
    broker.inject(lost_message())

    Producer(broker.url).send_all(["1"])

    text = _caught(assert_nothing_lost, orders.messages)
    assert "confirmed to its producer, and then dropped (lost)" in text
    assert "It was lost_message() that did it" in text
