"""The resilient queue under the same faults, and under more of them."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pika.exceptions
import pytest

from examples.message_queue.resilient import CriticalError, OrderQueue, QueueFull
from pytest_integrations import (
    ResilienceError,
    assert_all_settled,
    assert_back_pressure,
    assert_dead_lettered,
    assert_delivered,
    assert_nothing_lost,
    assert_prefetch_respected,
    assert_settle_order,
)
from pytest_integrations.faults import (
    channel_close,
    connection_reset,
    duplicate,
    latency,
    lost_ack,
    lost_response,
    queue_full,
    redeliver,
    refused_publish,
    reorder,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations import FakeAmqp, Fault, Queue, VirtualClock

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def orders(fake_amqp: FakeAmqp) -> Queue:
    fake_amqp.queue("orders.dead")
    fake_amqp.queue("orders.later", ttl=30, dead_letter="orders")
    return fake_amqp.queue("orders", max_length=5, overflow="reject-publish", dead_letter="orders.later")


@pytest.fixture
def queue(orders: Queue) -> Iterator[OrderQueue]:
    queue = OrderQueue(orders.fake.url)
    yield queue
    queue.close()


class Work:
    """What is done with an order, and how often each was tried."""

    def __init__(self) -> None:
        self.done: list[bytes] = []
        self.tried: list[bytes] = []

    def __call__(self, body: bytes) -> None:
        self.tried.append(body)
        if body == b"poison":
            raise CriticalError("no such product")
        if body == b"unlucky" or (body == b"flaky" and self.tried.count(body) < 2):
            raise ValueError(body)
        self.done.append(body)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_a_full_queue_slows_the_producer_down(orders: Queue, queue: OrderQueue, work: Work) -> None:
    worker = OrderQueue(queue.url)
    later = threading.Timer(5, worker.work, [work])
    later.start()
    for number in range(8):
        queue.send(b"order %d" % number)
    later.join()
    worker.close()

    assert work.done == [b"order %d" % number for number in range(8)]
    assert_back_pressure(orders.messages, "orders", limit=5)
    assert_nothing_lost(orders.messages)


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_and_tells_it_in_the_end(queue: OrderQueue, virtual_clock: VirtualClock) -> None:
    for number in range(5):
        queue.send(b"order %d" % number)

    with pytest.raises(QueueFull):
        queue.send(b"one too many")
    assert 45 <= virtual_clock.now <= 60


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_an_order_that_the_broker_will_not_have_is_told_and_stops_no_other(orders: Queue, queue: OrderQueue) -> None:
    orders.fake.inject(channel_close(406, "it is too large"))

    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="too large"):
        queue.send(b"far too much")
    queue.send(b"fine")
    assert [message.body for message in orders.ready] == [b"fine"]


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_what_fails_is_tried_later(orders: Queue, queue: OrderQueue, work: Work, virtual_clock: VirtualClock) -> None:
    queue.send(b"flaky")
    queue.work(work)

    assert work.done == [b"flaky"]
    assert virtual_clock.now == 30 + 120  # the wait, and the idle time after which the worker goes
    assert_nothing_lost(orders.messages)


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_what_fails_again_and_again_is_put_aside(orders: Queue, queue: OrderQueue, work: Work) -> None:
    for body in (b"unlucky", b"fine"):
        queue.send(body)
    queue.work(work)

    assert work.tried.count(b"unlucky") == 3
    assert work.done == [b"fine"]
    assert_dead_lettered(orders.messages, ["unlucky"], after=3, to="orders.dead")
    assert_nothing_lost(orders.messages, dead_letter="orders.dead")


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_what_can_never_succeed_is_put_aside_at_once(orders: Queue, queue: OrderQueue, work: Work) -> None:
    for body in (b"poison", b"fine"):
        queue.send(body)
    queue.work(work)

    assert work.tried == [b"poison", b"fine"]
    assert_dead_lettered(orders.messages, ["poison"], after=1, to="orders.dead")
    assert_settle_order(orders.messages, dead_letter="orders.dead")
    assert_all_settled(orders.messages)


@pytest.mark.no_faults  # but its own: the numbers are exact
@pytest.mark.parametrize(("limit", "deaths"), [(None, 6), (4, 4)], ids=["no limit", "quorum queue"])
def test_what_its_workers_die_of_only_the_broker_counts(fake_amqp: FakeAmqp, limit: int | None, deaths: int) -> None:
    orders = fake_amqp.queue("orders", max_deliveries=limit, dead_letter="orders.later")
    orders.publish(b"order 17")
    died: list[bytes] = []

    def process(body: bytes) -> None:
        died.append(body)
        raise SystemExit

    for _ in range(6):
        worker = OrderQueue(fake_amqp.url)
        with contextlib.suppress(SystemExit):
            worker.work(process)
        worker.close()

    assert len(died) == deaths


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_what_cannot_be_put_aside_yet_comes_again(fake_amqp: FakeAmqp, work: Work, virtual_clock: VirtualClock) -> None:
    """Nobody has declared where dead letters go. The operator does it after a minute, and the connection was well."""
    orders = fake_amqp.queue("orders")
    queue = OrderQueue(fake_amqp.url)
    queue.send(b"poison")
    operator = threading.Timer(62, fake_amqp.queue, ["orders.dead"])
    operator.start()
    queue.work(work)
    operator.join()
    queue.close()

    assert virtual_clock.now == 65 + 120  # it was tried every five seconds, and then nothing came
    assert_dead_lettered(orders.messages, ["poison"], to="orders.dead")
    assert_nothing_lost(orders.messages, dead_letter="orders.dead")


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_what_comes_back_to_a_full_queue_is_lost(
    orders: Queue, queue: OrderQueue, work: Work, virtual_clock: VirtualClock
) -> None:
    """The price of the limit: a broker moves a message without asking for a confirm. The README has the way out."""
    queue.send(b"flaky")
    queue.work(work, idle=1)
    for number in range(5):
        queue.send(b"order %d" % number)
    virtual_clock.sleep(30)  # no worker makes a place

    with pytest.raises(ResilienceError, match=r"message 1 to orders was not taken by orders \(maxlen\)"):
        assert_nothing_lost(orders.messages)


def test_not_more_is_in_flight_than_can_be_worked_on(orders: Queue, queue: OrderQueue, work: Work) -> None:
    for number in range(3):
        queue.send(b"order %d" % number)
    queue.work(work)

    assert_prefetch_respected(orders.messages, 2)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("publish", queue_full()),
        ("publish", refused_publish()),
        ("publish", connection_reset()),
        ("publish", lost_response()),
        ("publish", latency(2)),
        ("ack", connection_reset()),
        ("deliver", duplicate()),
        ("deliver", redeliver()),
        ("deliver", reorder()),
        ("subscribe", connection_reset()),
    ],
    ids=str,
)
def test_every_order_is_worked_off_once_whatever_goes_wrong(
    orders: Queue, queue: OrderQueue, work: Work, kind: str, fault: Fault
) -> None:
    orders.fake.on(kind).inject(fault)
    for body in (b"fine", b"poison", b"better"):
        queue.send(body)
    queue.work(work)

    assert sorted(work.done) == [b"better", b"fine"]
    assert_delivered(orders.messages, at_least=1)
    assert_dead_lettered(orders.messages, ["poison"], to="orders.dead")
    assert_nothing_lost(orders.messages, dead_letter="orders.dead")


def test_two_orders_without_an_id_are_not_one(orders: Queue, queue: OrderQueue, work: Work) -> None:
    """As the naive queue sends them: the worker cannot know them again, and must not take them for done."""
    for body in (b"fine", b"better"):
        orders.publish(body)
    queue.work(work)

    assert sorted(set(work.done)) == [b"better", b"fine"]


def test_an_ack_that_is_lost(orders: Queue, queue: OrderQueue, work: Work, fake_amqp: FakeAmqp) -> None:
    """The broker has the message still, and gives it to the next worker."""
    fake_amqp.inject(lost_ack())
    queue.send(b"fine")
    queue.work(work)
    queue.close()
    another = OrderQueue(fake_amqp.url, done=queue.done)
    another.work(work)
    another.close()

    assert_delivered(orders.messages, exactly=1, effects=work.done)
    assert_nothing_lost(orders.messages)


def test_an_outage_of_a_minute(orders: Queue, queue: OrderQueue, work: Work, fake_amqp: FakeAmqp) -> None:
    queue.send(b"fine")
    fake_amqp.outage(60)
    queue.send(b"better")
    queue.work(work)

    assert work.done == [b"fine", b"better"]
    assert_nothing_lost(orders.messages)


# -- every profile

PROFILES = ("calm", "slow", "flaky", "lossy", "outage", "brownout", "hostile")
OF_QUEUES = ("queue-full", "poison", "redelivery")  # not "lossy-queue": pika waits for a lost confirm for ever


@pytest.mark.fault_profile(*PROFILES, *OF_QUEUES)
def test_in_every_weather_no_order_is_lost_and_none_is_worked_off_twice(orders: Queue, queue: OrderQueue) -> None:
    done: list[bytes] = []

    def process(body: bytes) -> None:
        if not body.startswith(b"order "):
            raise CriticalError("that is none")
        done.append(body)

    for number in range(5):
        queue.send(b"order %d" % number)
        queue.work(process)
    queue.close()
    for _ in range(5):  # the next workers get what the broker did not hear the ack of
        another = OrderQueue(queue.url, done=queue.done)
        another.work(process)
        another.close()

    put_aside = [message for message in orders.fake.messages if "orders.dead" in message.places]  # by "poison" spoiled
    assert len(set(done)) == len(done) == 5 - len(put_aside)
    assert_nothing_lost(orders.messages, dead_letter="orders.dead")
