"""What the naive queue does wrong, and which assertion tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pika.exceptions
import pytest

from examples.message_queue.naive import CriticalError, OrderQueue
from pytest_integrations import (
    ResilienceError,
    assert_all_settled,
    assert_back_pressure,
    assert_dead_lettered,
    assert_nothing_lost,
    assert_settle_order,
)
from pytest_integrations.faults import connection_reset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations import FakeAmqp, Queue

pytestmark = [
    pytest.mark.virtual_time,
    pytest.mark.no_faults,  # but those of the test: it shows one flaw at a time
]


@pytest.fixture
def orders(fake_amqp: FakeAmqp) -> Queue:
    fake_amqp.queue("orders.dead")
    return fake_amqp.queue("orders", max_length=3, overflow="reject-publish")


@pytest.fixture
def queue(orders: Queue) -> Iterator[OrderQueue]:
    queue = OrderQueue(orders.fake.url)
    yield queue
    if queue.connection.is_open:
        queue.close()


def process(body: bytes) -> None:
    if body == b"poison":
        raise CriticalError
    if body == b"unlucky":
        raise ValueError


def test_a_full_queue_loses_orders_without_a_word(orders: Queue, queue: OrderQueue) -> None:
    for number in range(5):
        queue.send(b"order %d" % number)

    with pytest.raises(ResilienceError, match="message 4 was not taken by orders, and its producer was not told"):
        assert_back_pressure(orders.messages, "orders", limit=3)


def test_what_fails_in_an_unforeseen_way_stays_in_flight_for_ever(orders: Queue, queue: OrderQueue) -> None:
    queue.send(b"unlucky")
    queue.work(process)

    with pytest.raises(ResilienceError, match="1 of 1 delivery was never settled"):
        assert_all_settled(orders.messages)


def test_two_of_them_stall_the_queue(orders: Queue, queue: OrderQueue) -> None:
    for body in (b"unlucky", b"unlucky", b"fine"):
        queue.send(body)
    queue.work(process)

    assert [message.body for message in orders.ready] == [b"fine"]


def test_a_dead_letter_may_be_lost(orders: Queue, queue: OrderQueue) -> None:
    """Nobody waits for the broker to confirm it before the message is acked."""
    queue.send(b"poison")
    queue.work(process)

    with pytest.raises(ResilienceError, match=r"acked although its dead letter in orders\.dead was never confirmed"):
        assert_settle_order(orders.messages, dead_letter="orders.dead")


def test_and_is_when_nobody_has_declared_its_queue(fake_amqp: FakeAmqp) -> None:
    orders = fake_amqp.queue("orders")
    queue = OrderQueue(fake_amqp.url)
    queue.send(b"poison")
    queue.work(process)
    queue.close()

    with pytest.raises(ResilienceError, match=r"message 2 to orders.dead was dropped \(unroutable\)"):
        assert_nothing_lost(fake_amqp.messages)
    assert orders.messages[0].deliveries[0].outcome == "acked"


def test_a_worker_that_lost_its_connection_dies_and_the_next_one_dead_letters_again(
    orders: Queue, queue: OrderQueue, fake_amqp: FakeAmqp
) -> None:
    queue.send(b"poison")
    fake_amqp.on("ack").inject(connection_reset())
    with pytest.raises(pika.exceptions.AMQPError):
        queue.work(process)
    another = OrderQueue(fake_amqp.url)
    another.work(process)
    another.close()

    with pytest.raises(ResilienceError, match=r"is in orders\.dead 2 times, expected once"):
        assert_dead_lettered(orders.messages, ["poison"], to="orders.dead")
