"""Real clients of the cluster: confluent-kafka and aiokafka, and what they do when things go wrong."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.kafka.fake import FakeKafka
from pytest_integrations.backends.kafka.library import KafkaUnavailable
from pytest_integrations.faults.kafka import broker_down, kafka_error, rtt

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cluster() -> Iterator[FakeKafka]:
    fake = FakeKafka()
    try:
        fake.start()
    except KafkaUnavailable as error:
        pytest.skip(str(error))
    with fake:
        yield fake


def _producer(cluster: FakeKafka, **settings: Any) -> Any:
    from confluent_kafka import Producer

    usual = {"retry.backoff.ms": 10, "reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 50, "log_level": 0}
    return Producer({"bootstrap.servers": cluster.url, **usual, **settings})


def _send(producer: Any, value: bytes) -> str:
    told: list[Any] = []
    producer.produce("orders", value, on_delivery=lambda error, _: told.append(error))
    assert producer.flush(10) == 0
    return "" if told[0] is None else str(told[0].name())


class Worker:
    """A consumer that commits what it has done, retries in place, and puts aside what fails too often."""

    def __init__(self, cluster: FakeKafka, group: str = "workers") -> None:
        from confluent_kafka import Consumer

        settings = {
            "bootstrap.servers": cluster.url,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "retry.backoff.ms": 10,
            "log_level": 0,
            # The cluster lets a group form anew a session timeout, less a second, after somebody has left it.
            "session.timeout.ms": 1200,
            "heartbeat.interval.ms": 200,
        }
        self.consumer = Consumer(settings)
        self.consumer.subscribe(["orders"])
        self.aside = _producer(cluster)
        self.seen: list[bytes] = []

    def work(self, count: int, *, fails: bytes = b"none") -> None:
        """Deal with so many records."""
        deadline = time.monotonic() + 15
        while count and time.monotonic() < deadline:
            message = self.consumer.poll(0.1)
            if message is None or message.error() is not None:
                continue
            for _ in range(3 if message.value() == fails else 1):
                self.seen.append(message.value())
            if message.value() == fails:
                headers = {"source": message.topic().encode(), "offset": str(message.offset()).encode()}
                self.aside.produce("orders.DLT", message.value(), headers=headers)
                self.aside.flush(10)
            self.consumer.commit(message, asynchronous=False)
            count -= 1
        assert count == 0, "the records did not come"


def test_a_group_works_commits_and_puts_aside(cluster: FakeKafka) -> None:
    cluster.topic("orders.DLT")
    orders = cluster.topic("orders")
    for value in ("one", "poison", "two"):
        orders.publish(value)
    worker = Worker(cluster)
    worker.work(3, fails=b"poison")
    worker.consumer.close()
    assert worker.seen == [b"one", b"poison", b"poison", b"poison", b"two"]
    assert cluster.committed("workers", "orders") == {0: 3}
    (dead,) = cluster.records("orders.DLT")
    assert (dead.value, dead.headers) == (b"poison", {"source": b"orders", "offset": b"1"})
    done = [call.operation for call in cluster.calls if call.operation in {"Produce", "OffsetCommit"}]
    assert done == ["OffsetCommit", "Produce", "OffsetCommit", "OffsetCommit"]  # put aside before it is committed
    assert cluster.calls.of("OffsetCommit")[0].kind == "ack"


def test_a_commit_that_fails_lets_the_record_come_again(cluster: FakeKafka) -> None:
    from confluent_kafka import KafkaException

    cluster.topic("orders").publish("x")
    cluster.inject(kafka_error("OffsetCommit", "GROUP_AUTHORIZATION_FAILED"))
    worker = Worker(cluster)
    with pytest.raises(KafkaException, match="authorization"):
        worker.work(1)
    worker.consumer.close()
    assert cluster.committed("workers", "orders") == {}
    other = Worker(cluster)
    other.work(1)
    other.consumer.close()
    assert other.seen == [b"x"]
    assert cluster.committed("workers", "orders") == {0: 1}


@pytest.mark.parametrize("code", ["COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS"])
def test_a_group_finds_its_coordinator_in_the_end(cluster: FakeKafka, code: str) -> None:
    cluster.topic("orders").publish("x")
    cluster.inject(kafka_error("FindCoordinator", code), times=2)
    worker = Worker(cluster)
    worker.work(1)
    worker.consumer.close()
    assert [call.error for call in cluster.calls.of("FindCoordinator")][:3] == [code, code, ""]


def test_a_rebalance_is_survived(cluster: FakeKafka) -> None:
    orders = cluster.topic("orders")
    orders.publish("x")
    worker = Worker(cluster)
    worker.work(1)
    cluster.inject(kafka_error("OffsetCommit", "REBALANCE_IN_PROGRESS"))
    orders.publish("y")
    from confluent_kafka import KafkaException

    with pytest.raises(KafkaException):
        worker.work(1)
    worker.consumer.close()
    assert cluster.committed("workers", "orders") == {0: 1}


def test_a_producer_gives_up_when_its_time_is_up(cluster: FakeKafka) -> None:
    cluster.topic("orders")
    cluster.inject(kafka_error("Produce", "NOT_ENOUGH_REPLICAS"), every=1)
    began = time.monotonic()
    assert _send(_producer(cluster, **{"message.timeout.ms": 500}), b"x") == "_MSG_TIMED_OUT"
    assert time.monotonic() - began < 3
    assert len(cluster.calls.of("Produce")) > 3
    assert cluster.records("orders") == []


def test_answers_that_come_too_late_double_records(cluster: FakeKafka) -> None:
    cluster.topic("orders")
    producer = _producer(cluster, **{"request.timeout.ms": 300, "socket.timeout.ms": 300})
    assert _send(producer, b"w") == ""
    cluster.inject(rtt(3), during=2.2)  # the client looks once a second for what has timed out
    assert _send(producer, b"x") == ""
    values = [record.value for record in cluster.records("orders")]
    assert values[0] == b"w"
    assert values.count(b"x") > 1


def test_a_producer_outlives_an_outage_of_one_broker() -> None:
    pytest.importorskip("confluent_kafka")
    with FakeKafka(brokers=2) as cluster:
        orders = cluster.topic("orders")
        orders.move_leader(1)
        producer = _producer(cluster)
        assert _send(producer, b"x") == ""
        cluster.inject(broker_down(1), during=10)
        orders.move_leader(2)
        assert _send(producer, b"y") == ""
        assert [record.value for record in orders.records] == [b"x", b"y"]


# -- aiokafka


def test_aiokafka_produces_and_consumes(cluster: FakeKafka) -> None:
    aiokafka = pytest.importorskip("aiokafka")
    cluster.topic("orders")
    cluster.inject(kafka_error("Produce", "NOT_LEADER_OR_FOLLOWER"))

    async def main() -> list[bytes]:
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=cluster.url, retry_backoff_ms=10)
        await producer.start()
        try:
            for value in (b"one", b"two"):
                await producer.send_and_wait("orders", value)
        finally:
            await producer.stop()
        consumer = aiokafka.AIOKafkaConsumer(
            "orders", bootstrap_servers=cluster.url, group_id="workers", auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            async with asyncio.timeout(15):
                return [(await consumer.getone()).value for _ in range(2)]
        finally:
            await consumer.stop()

    assert asyncio.run(main()) == [b"one", b"two"]
    assert cluster.committed("workers", "orders") == {0: 2}
    assert [call.error for call in cluster.calls.of("Produce")] == ["NOT_LEADER_OR_FOLLOWER", "", ""]
