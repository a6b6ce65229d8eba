"""The cluster, its topics, its faults and what the ledger has of them, with the client of librdkafka itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.kafka.fake import FakeKafka
from pytest_integrations.core.errors import CannotPerform, FakeStopped, ScriptingError, UnknownName
from pytest_integrations.faults import latency
from pytest_integrations.faults.kafka import broker_down, kafka_error, rtt, topic_error

if TYPE_CHECKING:
    from collections.abc import Callable


def _send(producer: Any, value: bytes, topic: str = "orders") -> str:
    """Produce one record and return the name of its error, `""` if there is none."""
    told: list[Any] = []
    producer.produce(topic, value, on_delivery=lambda error, _: told.append(error))
    assert producer.flush(10) == 0
    return "" if told[0] is None else str(told[0].name())


# -- life


def test_lives_leave_no_socket_and_no_thread(no_leaks: None, cluster: FakeKafka) -> None:
    for _ in range(20):
        with FakeKafka("other") as other:
            other.topic("orders")
            assert other.url != cluster.url


def test_a_cluster_of_several_brokers_that_is_started_again() -> None:
    pytest.importorskip("confluent_kafka")
    fake = FakeKafka(brokers=3).start()
    assert fake.brokers == (1, 2, 3)
    assert fake.url.count(",") == 2
    fake.topic("orders").publish("x")
    fake.stop()
    fake.stop()
    with pytest.raises(FakeStopped):
        _ = fake.url
    with fake:
        assert fake.topic("orders").records == []


@pytest.mark.parametrize("brokers", [0, 1.5, "one"])
def test_a_cluster_has_brokers(brokers: Any) -> None:
    with pytest.raises(ScriptingError, match="brokers="):
        FakeKafka(brokers=brokers)


# -- records


def test_records_are_read_back(cluster: FakeKafka, producer: Any) -> None:
    orders = cluster.topic("orders", partitions=2)
    producer.produce("orders", b"one", key=b"ada", headers={"trace": b"1"}, partition=1)
    producer.flush(10)
    orders.publish("two", partition=0)
    orders.publish(None, key="ada", partition=1)  # a tombstone
    first, second, third = orders.records
    assert (first.partition, first.offset, first.value, first.text) == (0, 0, b"two", "two")
    assert (second.partition, second.offset, second.key, second.headers) == (1, 0, b"ada", {"trace": b"1"})
    assert (third.offset, third.value, third.text) == (1, None, "")


def test_topics_that_are_not_there(cluster: FakeKafka) -> None:
    cluster.topic("orders")
    with pytest.raises(UnknownName, match=r"Did you mean 'orders'.*cluster.topic\('order'\)"):
        cluster.records("order")
    with pytest.raises(ScriptingError, match="partitions=0"):
        cluster.topic("bills", partitions=0)
    with pytest.raises(ScriptingError, match="there is no broker 2"):
        cluster.topic("orders").move_leader(2)


def test_a_topic_that_a_client_has_made_is_known(cluster: FakeKafka, producer: Any) -> None:
    assert _send(producer, b"x", topic="made") == ""
    assert [record.value for record in cluster.records("made")] == [b"x"]


def test_what_the_fake_itself_asks_is_not_in_the_ledger(cluster: FakeKafka, producer: Any) -> None:
    orders = cluster.topic("orders")
    _send(producer, b"x")
    orders.publish("y")
    assert len(orders.records) == 2
    assert cluster.committed("group", "orders") == {}
    asked = {"Produce", "Fetch", "ListOffsets", "OffsetFetch", "FindCoordinator"}
    assert [call.operation for call in cluster.calls if call.operation in asked] == ["Produce"]


def test_calls_have_names_kinds_and_times(cluster: FakeKafka, producer: Any) -> None:
    cluster.topic("orders")
    began = cluster.ledger.now()
    _send(producer, b"x")
    (produce,) = cluster.calls.of("Produce")
    assert (produce.kind, produce.protocol, produce.verdict, produce.handled) == ("publish", "kafka", "ok", True)
    assert began <= produce.started <= cluster.ledger.now()
    times = [call.started for call in cluster.calls]
    assert times == sorted(times)
    assert {call.operation for call in cluster.calls} >= {"ApiVersions", "Metadata", "Produce"}


def test_times_are_those_of_the_ledger_after_a_virtual_clock_too() -> None:
    pytest.importorskip("confluent_kafka")
    from confluent_kafka import Producer

    from pytest_integrations.timekeeping.clock import VirtualClock

    with VirtualClock():
        time.sleep(100)  # the clock in force is ahead of the machine's from now on
    with FakeKafka() as cluster:
        cluster.topic("orders")
        time.sleep(0.2)
        began = cluster.ledger.now()
        assert _send(Producer({"bootstrap.servers": cluster.url, "log_level": 0}), b"x") == ""
        (produce,) = cluster.calls.of("Produce")
        assert began <= produce.started <= cluster.ledger.now()


def test_the_ledger_itself_has_them(cluster: FakeKafka, producer: Any) -> None:
    cluster.topic("orders")
    _send(producer, b"x")
    assert len(cluster.ledger.calls.of("Produce")) == 1
    ledger = cluster.ledger
    cluster.stop()
    assert ledger.readers == []
    assert cluster.connections[0].closed is not None


# -- errors


def test_retriable_errors_are_tried_again(cluster: FakeKafka, producer: Any) -> None:
    orders = cluster.topic("orders")
    rule = cluster.inject(kafka_error("Produce", "NOT_LEADER_OR_FOLLOWER"), times=2)
    assert _send(producer, b"x") == ""
    produces = cluster.calls.of("Produce")
    assert [call.error for call in produces] == ["NOT_LEADER_OR_FOLLOWER", "NOT_LEADER_OR_FOLLOWER", ""]
    assert [call.handled for call in produces] == [False, False, True]
    assert (rule.fired, produces[0].fault) == (2, kafka_error("Produce", "NOT_LEADER_OR_FOLLOWER"))
    assert len(orders.records) == 1


@pytest.mark.parametrize("code", ["TOPIC_AUTHORIZATION_FAILED", "INVALID_RECORD", "POLICY_VIOLATION"])
def test_fatal_errors_are_told(cluster: FakeKafka, producer: Any, code: str) -> None:
    orders = cluster.topic("orders")
    cluster.inject(kafka_error("Produce", code))
    assert _send(producer, b"x") == code
    assert len(cluster.calls.of("Produce")) == 1
    assert orders.records == []


@pytest.mark.parametrize(
    ("when", "errors"),
    [
        ({}, [True, False, False, False, False]),
        ({"times": 2}, [True, True, False, False, False]),
        ({"skip": 2}, [False, False, True, False, False]),
        ({"at": [2, 4]}, [False, True, False, True, False]),
        ({"every": 2}, [False, True, False, True, False]),
        ({"every": 2, "times": 1}, [False, True, False, False, False]),
        ({"every": 1}, [True, True, True, True, True]),
    ],
)
def test_the_words_of_when_choose_requests(
    cluster: FakeKafka, producer: Any, when: dict[str, Any], errors: list[bool]
) -> None:
    cluster.topic("orders")
    rule = cluster.inject(kafka_error("Produce", "INVALID_RECORD"), **when)
    assert [bool(_send(producer, b"x")) for _ in errors] == errors
    cluster.ledger.settle()
    assert rule.fired == sum(errors)


def test_chance_is_drawn_from_the_seed(cluster: FakeKafka, producer: Any) -> None:
    cluster.topic("orders")
    cluster.inject(kafka_error("Produce", "INVALID_RECORD"), probability=0.5)
    failed = sum(bool(_send(producer, b"x")) for _ in range(40))
    assert 8 <= failed <= 32


def test_scripts_for_one_kind_follow_one_another(cluster: FakeKafka, producer: Any) -> None:
    cluster.topic("orders")
    cluster.push_errors("Produce", "INVALID_RECORD", "POLICY_VIOLATION")
    cluster.inject(kafka_error("Produce", "MESSAGE_TOO_LARGE"))
    assert [_send(producer, b"x") for _ in range(4)] == ["INVALID_RECORD", "POLICY_VIOLATION", "MSG_SIZE_TOO_LARGE", ""]


def test_what_is_healed_acts_no_more(cluster: FakeKafka, producer: Any) -> None:
    cluster.topic("orders")
    first = cluster.inject(kafka_error("Produce", "INVALID_RECORD"), every=1)
    cluster.inject(kafka_error("Produce", "POLICY_VIOLATION"), every=1)
    assert _send(producer, b"x") == "INVALID_RECORD"
    cluster.heal(first)
    assert _send(producer, b"x") == "POLICY_VIOLATION"
    cluster.heal()
    assert _send(producer, b"x") == ""
    with cluster.injected(kafka_error("Produce", "INVALID_RECORD"), every=1):
        assert _send(producer, b"x") == "INVALID_RECORD"
    assert _send(producer, b"x") == ""


def test_no_error_acts_on_the_fake_itself(cluster: FakeKafka, producer: Any) -> None:
    orders = cluster.topic("orders")
    cluster.inject(kafka_error("Fetch", "TOPIC_AUTHORIZATION_FAILED"), every=1)
    rule = cluster.inject(kafka_error("Produce", "INVALID_RECORD"))
    orders.publish("x")
    assert [record.text for record in orders.records] == ["x"]
    assert rule.fired == 0
    assert _send(producer, b"y") == "INVALID_RECORD"
    cluster.heal()


# -- topics and brokers


def test_a_topic_in_error_until_it_is_healed(cluster: FakeKafka, producer: Any) -> None:
    cluster.topic("orders")
    rule = cluster.inject(topic_error("orders", "TOPIC_AUTHORIZATION_FAILED"))
    assert _send(producer, b"x") == "TOPIC_AUTHORIZATION_FAILED"
    cluster.heal(rule)
    from confluent_kafka import Producer

    assert _send(Producer({"bootstrap.servers": cluster.url, "log_level": 0}), b"x") == ""


def test_an_outage_and_its_end(cluster: FakeKafka, producer: Any) -> None:
    cluster.topic("orders")
    assert _send(producer, b"x") == ""
    cluster.outage(0.3)
    began = time.monotonic()
    assert _send(producer, b"y") == ""
    assert time.monotonic() - began >= 0.25
    assert [record.value for record in cluster.records("orders")] == [b"x", b"y"]


def test_slow_answers(cluster: FakeKafka, producer: Any) -> None:
    cluster.topic("orders")
    rule = cluster.inject(rtt(0.5))
    began = time.monotonic()
    assert _send(producer, b"x") == ""
    assert time.monotonic() - began >= 0.5
    cluster.heal(rule)
    began = time.monotonic()
    assert _send(producer, b"x") == ""
    assert time.monotonic() - began < 0.5


def test_a_fault_can_begin_later(cluster: FakeKafka, producer: Any) -> None:
    cluster.topic("orders")
    rule = cluster.inject(rtt(0.3, broker=1), after=0.2, during=10)
    assert rule.fired == 0
    patience = time.monotonic() + 10
    while not rule.fired and time.monotonic() < patience:
        time.sleep(0.01)
    cluster.ledger.settle()
    assert rule.fired == 1
    began = time.monotonic()
    _send(producer, b"x")
    assert time.monotonic() - began >= 0.3


def test_leaders_move() -> None:
    pytest.importorskip("confluent_kafka")
    from confluent_kafka import Producer

    with FakeKafka(brokers=2) as cluster:
        orders = cluster.topic("orders")
        settings = {"retry.backoff.ms": 10, "log_level": 0, "partitioner": "consistent"}
        producer = Producer({"bootstrap.servers": cluster.url, **settings})
        for leader in (1, 2, 1):
            orders.move_leader(leader)
            assert _send(producer, b"x") == ""
            done = [call for call in cluster.calls.of("Produce") if not call.error]
            assert done[-1].connection is cluster.connections[leader - 1]
        assert len(orders.records) == 3


@pytest.mark.parametrize(
    ("inject", "kind", "words"),
    [
        (lambda fake: fake.inject(latency(1)), CannotPerform, "it can: broker_down, kafka_error, rtt, topic_error"),
        (lambda fake: fake.inject(broker_down(2)), ScriptingError, "there is no broker 2"),
        (lambda fake: fake.inject(rtt(0.1), times=2), ScriptingError, "times= cannot be asked here"),
        (
            lambda fake: fake.inject(kafka_error("Produce", "INVALID_RECORD"), during=1),
            ScriptingError,
            "during= cannot be asked here",
        ),
        (
            lambda fake: fake.inject(kafka_error("Produce", "INVALID_RECORD"), where=bool),
            ScriptingError,
            "where= cannot be asked here",
        ),
        (
            lambda fake: fake.inject(
                kafka_error("Produce", "INVALID_RECORD"), kafka_error("Fetch", "OFFSET_OUT_OF_RANGE")
            ),
            ScriptingError,
            "one kind of request",
        ),
    ],
)
def test_what_cannot_be_scripted(
    cluster: FakeKafka, inject: Callable[[FakeKafka], Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        inject(cluster)
    assert cluster.script.rules == ()


def test_what_a_profile_adds_gives_way_to_the_test(cluster: FakeKafka, producer: Any) -> None:
    cluster.topic("orders")
    cluster.inject_from("flaky", (kafka_error("Produce", "INVALID_RECORD"),), {"every": 1})
    cluster.inject_from("flaky", (rtt(0.1),), {})
    assert _send(producer, b"x") == "INVALID_RECORD"
    rule = cluster.inject(kafka_error("Produce", "POLICY_VIOLATION"))
    assert cluster.profile.rules == ()
    assert [_send(producer, b"x") for _ in range(2)] == ["POLICY_VIOLATION", ""]
    assert cluster.scripts[0].rules == (rule,)
    assert rule.fired == 1


def test_what_the_fake_cannot_put_into_a_topic(cluster: FakeKafka) -> None:
    orders = cluster.topic("orders")
    with pytest.raises(ScriptingError, match="nothing could be put into 'orders'"):
        orders.publish("x", partition=7)
    with pytest.raises(ScriptingError, match="partition 7 of 'orders' cannot be led by broker 1"):
        orders.move_leader(1, partition=7)
    assert repr(orders) == "<KafkaTopic orders of cluster: 1 partitions>"


def test_a_cluster_that_is_down_cannot_be_read_back(cluster: FakeKafka) -> None:
    orders = cluster.topic("orders")
    with cluster.injected(broker_down()), pytest.raises(ScriptingError, match="all brokers of cluster are down"):
        _ = orders.records
    assert orders.records == []
