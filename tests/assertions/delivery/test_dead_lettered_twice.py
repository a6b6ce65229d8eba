"""What comes more than once, by its producer or by a fault, and what becomes of it is nobody's fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pika
import pytest

from pytest_integrations.assertions.dead_lettering import assert_dead_lettered
from pytest_integrations.core.errors import ResilienceError
from pytest_integrations.faults import duplicate

if TYPE_CHECKING:
    from pytest_integrations import FakeAmqp, FakeSqs
    from tests.assertions.delivery.by_hand import HandQueue


def test_of_what_is_published_again_one_is_enough(queue: HandQueue) -> None:
    """A consumer that knows what it has put aside acks what comes again; one that puts none aside is caught."""
    first = queue.publish("poison", key="m-1", told=None)
    again = queue.publish("poison", key="m-1")
    queue.deliver(first)
    queue.dead_letter(first)
    queue.deliver(again)
    queue.ack(again)

    assert_dead_lettered(queue.messages, ["poison"], to="orders.dead")

    another = queue.publish("poison", key="m-2")
    queue.deliver(another)
    queue.ack(another)
    with pytest.raises(ResilienceError, match="message 3 to orders was not dead-lettered"):
        assert_dead_lettered(queue.messages, ["poison"], to="orders.dead")


def test_what_a_fault_doubles_the_broker_moves_twice(queue: HandQueue) -> None:
    message = queue.publish("poison")
    queue.deliver(message)
    queue.tell(message, "routed", "orders", reason="duplicate")
    queue.deliver(message)
    for _ in range(2):
        queue.dead_letter(message)

    assert_dead_lettered(queue.messages, ["poison"], after=1, to="orders.dead")
    queue.tell(message, "dead_lettered", "orders", reason="rejected", to=("orders.dead",))
    queue.tell(message, "routed", "orders.dead")
    with pytest.raises(ResilienceError, match=r"is in orders\.dead 3 times, expected once"):
        assert_dead_lettered(queue.messages, ["poison"], to="orders.dead")


def test_a_right_consumer_passes_where_brokers_double(fake_amqp: FakeAmqp, fake_sqs: FakeSqs) -> None:
    """Each time that it is delivered it is given back, until the broker has enough of it."""
    rabbit = fake_amqp.queue("orders", dead_letter="dead", max_deliveries=3)
    amazon = fake_sqs.queue("orders", dead_letter="dead", max_deliveries=2, visibility=0)
    for fake, orders in ((fake_amqp, rabbit), (fake_sqs, amazon)):
        orders.publish("poison")
        fake.inject(duplicate())
    with pika.BlockingConnection(pika.URLParameters(fake_amqp.url)) as connection:
        channel = connection.channel()
        while (got := channel.basic_get("orders"))[0] is not None:
            channel.basic_reject(got[0].delivery_tag, requeue=True)
    sqs = boto3.client("sqs", **fake_sqs.client_arguments)
    while "Messages" in sqs.receive_message(QueueUrl=amazon.url):
        pass
    sqs.close()

    assert_dead_lettered(amazon.messages, ["poison"], after=2, to="dead")
    assert_dead_lettered(rabbit.messages, ["poison"], after=3, to="dead")
