"""The frameworks that people use AMQP through: each does its jobs exactly once, again, or to the dead letters."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.faults.amqp import channel_close, connection_close
from pytest_integrations.faults.connection import connection_reset, lost_response
from pytest_integrations.faults.queue import duplicate, lost_ack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JOBS = 20


@pytest.fixture
def broker() -> Iterator[FakeAmqp]:
    with FakeAmqp("broker") as broker:
        yield broker


def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def settled(broker: FakeAmqp, queue: str) -> bool:
    """Whether all that was ever put into *queue* has left it."""
    messages = broker.messages.through(queue)
    return bool(messages) and not any(message.places.get(queue) for message in messages)


# -- kombu


def test_kombu_gets_what_it_puts(broker: FakeAmqp) -> None:
    kombu = pytest.importorskip("kombu")
    with kombu.Connection(broker.url) as connection:
        queue = connection.SimpleQueue("orders")
        for number in range(JOBS):
            queue.put({"n": number})
        got = []
        for _ in range(JOBS):
            message = queue.get(timeout=5)
            got.append(message.payload["n"])
            message.ack()
        queue.close()
    assert got == list(range(JOBS))
    assert {message.deliveries[0].outcome for message in broker.messages} == {"acked"}


def test_kombu_connects_again(broker: FakeAmqp) -> None:
    kombu = pytest.importorskip("kombu")
    broker.queue("orders")
    broker.on("publish").inject(connection_reset())
    with kombu.Connection(broker.url, transport_options={"confirm_publish": True}) as connection:
        producer = kombu.Producer(connection)
        policy = {"interval_start": 0, "interval_step": 0, "max_retries": 3}
        for number in range(2):
            producer.publish({"n": number}, routing_key="orders", retry=True, retry_policy=policy)
    assert [message.producer_was_told for message in broker.messages] == ["confirmed"] * 2
    assert len(broker.connections) == 2


def test_kombu_rejects_to_the_dead_letters(broker: FakeAmqp) -> None:
    kombu = pytest.importorskip("kombu")
    orders = broker.queue("orders", dead_letter=True)
    orders.publish(b"{}", content_type="application/json")
    with kombu.Connection(broker.url) as connection:
        queue = connection.SimpleQueue(kombu.Queue("orders", no_declare=True))
        queue.get(timeout=5).reject()
        until(lambda: orders.dead_letters)
        queue.close()


# -- celery


def _celery(broker: FakeAmqp, **settings: Any) -> Any:
    celery = pytest.importorskip("celery")
    app = celery.Celery("orders", broker=broker.url, set_as_current=False)
    app.conf.update(
        task_default_queue="orders",
        task_ignore_result=True,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_heartbeat=0,
        **settings,
    )
    return app


@pytest.mark.filterwarnings("ignore")  # celery's own
def test_celery_does_each_job_once(broker: FakeAmqp) -> None:
    from celery.contrib.testing.worker import start_worker

    app = _celery(broker)
    ran: Counter[int] = Counter()

    @app.task(name="pack", shared=False)
    def pack(order: int) -> None:
        ran.update([order])

    for number in range(JOBS):
        pack.delay(number)
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=10):
        until(lambda: len(ran) == JOBS and settled(broker, "orders"))
    assert set(ran.values()) == {1}
    assert {message.deliveries[0].outcome for message in broker.messages.through("orders")} == {"acked"}


@pytest.mark.filterwarnings("ignore")
def test_celery_tries_again(broker: FakeAmqp) -> None:
    from celery.contrib.testing.worker import start_worker

    app = _celery(broker)
    tries: list[int] = []

    @app.task(name="fetch", shared=False, bind=True, max_retries=3, default_retry_delay=0)
    def fetch(self: Any) -> None:
        tries.append(self.request.retries)
        if len(tries) < 3:
            raise self.retry(countdown=0)

    fetch.delay()
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=10):
        until(lambda: len(tries) == 3 and settled(broker, "orders"))
    assert tries == [0, 1, 2]
    assert len(broker.messages.through("orders")) == 3, "each try of celery is a message of its own"


@pytest.mark.filterwarnings("ignore")
def test_celery_sends_poison_to_the_dead_letters(broker: FakeAmqp) -> None:
    kombu = pytest.importorskip("kombu")
    from celery.contrib.testing.worker import start_worker

    orders = broker.queue("orders", dead_letter=True)
    app = _celery(
        broker,
        task_acks_late=True,
        task_acks_on_failure_or_timeout=False,
        task_queues=[kombu.Queue("orders", no_declare=True, routing_key="orders")],
        task_default_exchange="",
        task_default_routing_key="orders",
    )

    @app.task(name="poison", shared=False)
    def poison() -> None:
        msg = "poison"
        raise RuntimeError(msg)

    poison.delay()
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=10):
        until(lambda: orders.dead_letters)
    (letter,) = orders.dead_letters
    assert letter.of("dead_lettered")[0].reason == "rejected"


# -- dramatiq


@pytest.mark.filterwarnings("ignore")
def test_dramatiq(broker: FakeAmqp) -> None:
    dramatiq = pytest.importorskip("dramatiq")
    from dramatiq.brokers.rabbitmq import RabbitmqBroker

    ran: Counter[str] = Counter()
    done = RabbitmqBroker(url=broker.url, confirm_delivery=True)
    sound = dramatiq.actor(lambda number: ran.update([str(number)]), broker=done, actor_name="sound")

    def fail() -> None:
        ran.update(["poison"])
        msg = "poison"
        raise RuntimeError(msg)

    poison = dramatiq.actor(fail, broker=done, actor_name="poison", max_retries=2, min_backoff=1, max_backoff=2)
    worker = dramatiq.Worker(done, worker_timeout=10, worker_threads=2)
    worker.start()
    try:
        for number in range(JOBS):
            sound.send(number)
        poison.send()
        until(lambda: broker.messages.through("default.XQ"))
        until(lambda: len(ran) == JOBS + 1)
    finally:
        worker.stop()
        done.close()
    assert ran.pop("poison") == 3
    assert set(ran.values()) == {1}
    (letter,) = broker.messages.through("default.XQ")
    assert letter.places == {"default.XQ": 1}


# -- aio-pika


def test_aio_pika_robust_connection_outlives_its_broker_saying_goodbye(broker: FakeAmqp) -> None:
    aio_pika = pytest.importorskip("aio_pika")
    broker.queue("orders")

    async def main() -> list[bytes]:
        connection = await aio_pika.connect_robust(broker.url, reconnect_interval=0.01)
        async with connection:
            channel = await connection.channel()
            queue = await channel.declare_queue("orders", passive=True)
            got: list[bytes] = []

            async def take(message: Any) -> None:
                async with message.process():
                    got.append(message.body)

            await queue.consume(take)
            broker.close_connections()
            async with asyncio.timeout(10):
                while len(broker.on("subscribe").received) < 2:  # noqa: ASYNC110 -- the fake is asked, it tells nobody
                    await asyncio.sleep(0)
            for number in range(3):
                broker.publish("orders", b"%d" % number)
            for _ in range(100):
                if len(got) == 3:
                    break
                await asyncio.sleep(0.02)
            return got

    assert asyncio.run(main()) == [b"0", b"1", b"2"]
    assert len(broker.connections) == 2
    assert {message.deliveries[-1].outcome for message in broker.messages} == {"acked"}


# -- a consumer under fire


def test_at_least_once_under_every_loss(broker: FakeAmqp) -> None:
    """A consumer that reconnects does every job, whatever is lost; some twice, and the ledger knows which and why."""
    pika = pytest.importorskip("pika")
    orders = broker.queue("orders")
    for number in range(JOBS):
        orders.publish(b"%d" % number)
    broker.on("ack").inject(lost_ack(), connection_reset(), skip=2)
    broker.on("deliver").inject(duplicate(), skip=5)
    broker.on("subscribe").inject(connection_close(), skip=1)
    broker.on("ack").inject(channel_close(), lost_response(), skip=8)
    done: Counter[bytes] = Counter()
    stop = threading.Event()

    def consume() -> None:
        while not stop.is_set():
            try:
                with pika.BlockingConnection(pika.URLParameters(broker.url)) as connection:
                    channel = connection.channel()
                    channel.basic_qos(prefetch_count=1)
                    for method, _, body in channel.consume("orders", inactivity_timeout=0.1):
                        if method is None:
                            break
                        done.update([body])
                        channel.basic_ack(method.delivery_tag)
            except pika.exceptions.AMQPError:
                continue

    thread = threading.Thread(target=consume)
    thread.start()
    until(lambda: len(done) == JOBS and settled(broker, "orders"))
    stop.set()
    thread.join(5)
    assert {int(body) for body in done} == set(range(JOBS))
    twice = {body for body, times in done.items() if times > 1}
    assert twice == {
        message.body for message in broker.messages if len(message.deliveries) > 1 and done[message.body] > 1
    }
    assert 2 <= len(twice) <= 5
    assert all(rule.fired for rule in broker.script.rules)
