"""Orders on SQS: minutes of visibility timeouts, in virtual time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from examples.message_queue.sqs import OrderQueue
from pytest_integrations import (
    ResilienceError,
    assert_dead_lettered,
    assert_delivered,
    assert_nothing_lost,
    assert_redelivery_backoff,
    fixed,
)
from pytest_integrations.faults import lost_response, status
from pytest_integrations.faults.sqs import partial_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations import FakeSqs, Fault, VirtualClock
    from pytest_integrations.backends.sqs.fake import SqsQueue

pytestmark = [
    pytest.mark.virtual_time,
    pytest.mark.no_faults,  # but those of the test: its numbers are exact
]


@pytest.fixture
def orders(fake_sqs: FakeSqs) -> SqsQueue:
    return fake_sqs.queue("orders", visibility=30, max_deliveries=3, dead_letter="orders-dead")


@pytest.fixture
def queue(fake_sqs: FakeSqs, orders: SqsQueue) -> Iterator[OrderQueue]:
    queue = OrderQueue(orders.url, **fake_sqs.client_arguments)
    yield queue
    queue.close()


def test_what_fails_three_times_is_put_aside(orders: SqsQueue, queue: OrderQueue, virtual_clock: VirtualClock) -> None:
    for body in ("12", "no number", "17"):
        queue.send(body)
    done: list[int] = []
    queue.work(lambda body: done.append(int(body)), rounds=8)

    assert done == [12, 17]
    assert_redelivery_backoff(orders.messages, fixed(30))
    assert_dead_lettered(orders.messages, ["no number"], after=3, to="orders-dead")
    assert_nothing_lost(orders.messages, dead_letter="orders-dead")
    assert virtual_clock.now > 90


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("publish", status(503)),
        ("receive", status(503)),
        ("receive", lost_response()),
        ("ack", status(503)),
        ("ack", lost_response()),
        ("ack", partial_batch(0)),
    ],
    ids=str,
)
def test_nothing_is_lost_whatever_goes_wrong(orders: SqsQueue, queue: OrderQueue, kind: str, fault: Fault) -> None:
    orders.fake.on(kind).inject(fault)
    for body in ("12", "17"):
        queue.send(body)
    done: list[int] = []
    queue.work(lambda body: done.append(int(body)), rounds=5)

    assert set(done) == {12, 17}
    assert_nothing_lost(orders.messages)


def test_a_batch_that_outlasts_its_visibility_timeout_is_worked_off_twice(
    fake_sqs: FakeSqs, orders: SqsQueue, queue: OrderQueue
) -> None:
    """The price of a timeout that is too short: 30 s for ten orders of 5 s each."""
    for number in range(10):
        queue.send(str(number))
    another = OrderQueue(orders.url, **fake_sqs.client_arguments)
    done: list[str] = []

    def ship(body: str) -> None:
        time.sleep(5)
        done.append(body)

    later = threading.Timer(35, another.work, [ship], {"rounds": 1})
    later.start()
    queue.work(ship, rounds=1)
    later.join()
    another.close()

    with pytest.raises(ResilienceError, match="expected exactly 1 effect of message 1 to orders, saw 2"):
        assert_delivered(orders.messages, exactly=1, effects=done)


@pytest.mark.fault_profile("queue-full", "poison", "redelivery", "lossy-queue")
def test_in_every_weather_of_queues_no_order_is_lost(orders: SqsQueue, queue: OrderQueue) -> None:
    for number in range(5):
        queue.send(str(number))
    done: list[int] = []
    queue.work(lambda body: done.append(int(body)), rounds=20)

    put_aside = [message for message in orders.messages if "orders-dead" in message.places]  # by "poison" spoiled
    assert len(set(done)) == 5 - len(put_aside)  # SQS delivers at least once
    assert_nothing_lost(orders.messages, dead_letter="orders-dead")
