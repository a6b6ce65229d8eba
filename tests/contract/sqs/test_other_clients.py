"""Other clients of the service: aiobotocore, kombu and celery, and a botocore that speaks the older protocol."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.sqs.fake import FakeSqs
from pytest_integrations.faults.queue import duplicate, lost_ack
from pytest_integrations.faults.sqs import sqs_error

if TYPE_CHECKING:
    from collections.abc import Iterator

_OLD_BOTOCORE = os.environ.get("PYTEST_INTEGRATIONS_OLD_BOTOCORE", "")
"""The interpreter of an environment with botocore before 1.31.81, the first that speaks JSON."""


@pytest.fixture
def broker() -> Iterator[FakeSqs]:
    with FakeSqs() as broker:
        yield broker


# -- aiobotocore


async def _received(broker: FakeSqs, times: int) -> None:
    """Return when the client has asked for messages so often."""
    async with asyncio.timeout(10):
        while len(broker.on("receive").received) < times:  # noqa: ASYNC110 -- the fake is asked, it tells nobody
            await asyncio.sleep(0)


def test_aiobotocore_polls_and_tries_again(broker: FakeSqs) -> None:
    session = pytest.importorskip("aiobotocore.session")
    queue = broker.queue("orders")
    broker.on("receive").inject(sqs_error("ServiceUnavailable"))

    async def main() -> list[str]:
        async with session.get_session().create_client("sqs", **broker.client_arguments) as sqs:
            waiting = asyncio.create_task(sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=10))
            await _received(broker, 2)
            await sqs.send_message(QueueUrl=queue.url, MessageBody="x")
            messages = (await waiting)["Messages"]
            for message in messages:
                await sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
            return [message["Body"] for message in messages]

    assert asyncio.run(main()) == ["x"]
    assert [call.verdict for call in broker.on("receive").received] == ["503 ServiceUnavailable", "200"]
    assert broker.messages[0].deliveries[0].outcome == "acked"


def test_an_aiobotocore_task_that_is_cancelled_takes_no_message_along(broker: FakeSqs) -> None:
    session = pytest.importorskip("aiobotocore.session")
    queue = broker.queue("orders")

    async def main() -> Any:
        async with session.get_session().create_client("sqs", **broker.client_arguments) as sqs:
            ghost = asyncio.create_task(sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=20))
            await _received(broker, 1)
            ghost.cancel()
            await asyncio.gather(ghost, return_exceptions=True)
            await sqs.send_message(QueueUrl=queue.url, MessageBody="x")
            return await sqs.receive_message(QueueUrl=queue.url)

    assert [message["Body"] for message in asyncio.run(main())["Messages"]] == ["x"]


# -- kombu and celery


def _transport(broker: FakeSqs) -> dict[str, Any]:
    options = {"region": "us-east-1", "wait_time_seconds": 1, "visibility_timeout": 30, "polling_interval": 0.01}
    return {"broker_url": f"sqs://test:test@127.0.0.1:{broker.port}/", "options": {**options, "is_secure": False}}


def test_kombu_sends_and_receives(broker: FakeSqs) -> None:
    kombu = pytest.importorskip("kombu")
    transport = _transport(broker)
    with kombu.Connection(transport["broker_url"], transport_options=transport["options"]) as connection:
        queue = connection.SimpleQueue("orders")
        queue.put({"n": 1})
        message = queue.get(timeout=5)
        assert message.payload == {"n": 1}
        message.ack()
        queue.close()
    assert broker.messages[0].deliveries[0].outcome == "acked"


def test_kombu_routes_by_topic_and_finds_an_empty_queue_empty(broker: FakeSqs) -> None:
    kombu = pytest.importorskip("kombu")
    transport = _transport(broker)
    exchange = kombu.Exchange("orders", type="topic")
    queues = [kombu.Queue(name, exchange=exchange, routing_key=key) for name, key in (("all", "o.*"), ("none", "o"))]
    got: list[Any] = []

    def take(body: Any, message: Any) -> None:
        got.append(body)
        message.ack()

    with kombu.Connection(transport["broker_url"], transport_options=transport["options"]) as connection:
        producer = kombu.Producer(connection, exchange=exchange)
        producer.publish({"n": 1}, routing_key="o.1", declare=[*queues])
        with kombu.Consumer(connection, queues[:1], callbacks=[take]):
            connection.drain_events(timeout=5)
        with kombu.Consumer(connection, queues[1:], callbacks=[take]), pytest.raises(TimeoutError):
            connection.drain_events(timeout=2)
    assert got == [{"n": 1}]
    assert broker.queue("all").ready == []


def test_what_kombu_rejects_comes_back_as_often_as_it_is_rejected(broker: FakeSqs) -> None:
    """SQS has no word for rejecting: a message goes to the dead-letter queue by its receives alone."""
    kombu = pytest.importorskip("kombu")
    transport = _transport(broker)
    queue = broker.queue("orders", visibility=1, dead_letter=True, max_deliveries=2)
    got: list[Any] = []

    def reject(body: Any, message: Any) -> None:
        got.append(body)
        message.reject()

    with kombu.Connection(transport["broker_url"], transport_options=transport["options"]) as connection:
        connection.Producer().publish({"n": 1}, routing_key="orders")
        with kombu.Consumer(connection, [kombu.Queue("orders")], callbacks=[reject]):
            connection.drain_events(timeout=3)
            connection.drain_events(timeout=3)
            with pytest.raises(TimeoutError):
                connection.drain_events(timeout=3)
    assert got == [{"n": 1}, {"n": 1}]
    assert [delivery.outcome for delivery in broker.messages[0].deliveries] == ["requeued", "requeued"]
    assert len(queue.dead_letters) == 1


@pytest.mark.filterwarnings("ignore:.* is deprecated; use:DeprecationWarning")  # how kombu uses pycurl
def test_celery_runs_a_task_twice_where_its_deletion_is_lost(broker: FakeSqs) -> None:
    celery = pytest.importorskip("celery")
    pytest.importorskip("pycurl")
    from celery.contrib.testing.worker import start_worker

    transport = _transport(broker)
    app = celery.Celery("orders", broker=transport["broker_url"], set_as_current=False)
    app.conf.update(
        broker_transport_options=transport["options"],
        task_default_queue="orders",
        task_ignore_result=True,
        worker_enable_remote_control=False,
    )
    ran: list[int] = []
    done = threading.Event()

    @app.task(name="pack", shared=False)
    def pack(order: int) -> None:
        ran.append(order)
        if len(ran) == 2:
            done.set()

    broker.queue("orders", visibility=1)
    broker.on("ack").inject(lost_ack())
    pack.delay(7)
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=10):
        assert done.wait(10)
    assert ran == [7, 7]
    outcomes = [delivery.outcome for delivery in broker.messages[0].deliveries]
    assert outcomes[0] == "requeued"


# -- the older protocol, by a client of its time

_OLD_SCRIPT = Path(__file__).with_name("old_botocore.py")


@pytest.mark.skipif(not _OLD_BOTOCORE, reason="PYTEST_INTEGRATIONS_OLD_BOTOCORE names no interpreter")
def test_an_old_botocore_speaks_the_older_protocol(broker: FakeSqs) -> None:
    broker.on("publish").inject(sqs_error("InternalError"))
    broker.inject(duplicate())
    told = subprocess.run(
        [_OLD_BOTOCORE, str(_OLD_SCRIPT), broker.url], check=False, capture_output=True, text=True, timeout=60
    )
    assert told.returncode == 0, told.stderr
    assert all(b"x-amz-target" not in call.head.lower() for call in broker.calls)
    assert {call.action for call in broker.calls} >= {"SendMessage", "SendMessageBatch", "ListMessageMoveTasks"}
    sys.stdout.write(told.stdout)
