"""The faults of Kafka: their settings, what they yield, and how they are shown."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.core.effect import Delay, Fail, Refuse
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.faults.kafka import ERROR_CODES, broker_down, kafka_error, rtt, topic_error
from tests.faults.occasions import effect

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: kafka_error("Produced", "INVALID_RECORD"), "unknown Kafka request 'Produced'. Did you mean 'Produce'"),
        (lambda: kafka_error("Produce", "INVALID"), "unknown Kafka error 'INVALID'"),
        (lambda: topic_error("", "INVALID_RECORD"), "topic=''"),
        (lambda: topic_error("orders", "NO"), "unknown Kafka error 'NO'"),
        (lambda: broker_down(0), "broker=0"),
        (lambda: rtt(-1), "delay=-1"),
        (lambda: rtt(1, broker=0), "broker=0"),
    ],
)
def test_what_cannot_be(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ScriptingError, match=words):
        make()


def test_what_they_yield() -> None:
    assert effect(kafka_error("Produce", "INVALID_RECORD"), Fail) == Fail("INVALID_RECORD", "")
    assert effect(topic_error("orders", "INVALID_RECORD"), Fail) == Fail("INVALID_RECORD", "")
    assert effect(broker_down(), Refuse) == Refuse("close")
    assert effect(rtt(timedelta(milliseconds=200)), Delay) == Delay(0.2)


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        (kafka_error("Produce", "INVALID_RECORD"), "kafka_error('Produce', 'INVALID_RECORD')"),
        (topic_error("orders", "INVALID_RECORD"), "topic_error('orders', 'INVALID_RECORD')"),
        (broker_down(), "broker_down()"),
        (broker_down(2), "broker_down(2)"),
        (rtt(0.2, 1), "rtt(0.2, 1)"),
    ],
)
def test_they_are_shown_as_they_are_written(fault: Any, shown: str) -> None:
    assert repr(fault) == shown


def test_the_numbers_are_those_of_the_protocol() -> None:
    confluent = pytest.importorskip("confluent_kafka")
    for name, number in ERROR_CODES.items():
        theirs = confluent.KafkaError(number).name()
        assert not theirs.startswith("ERR_"), f"{name} has a number that librdkafka does not know"
        ours = {"UNKNOWN_SERVER_ERROR": "UNKNOWN"}.get(name, name)
        assert theirs == ours or theirs in _OLDER_NAMES.get(name, ()), (name, theirs)


_OLDER_NAMES = {
    "CORRUPT_MESSAGE": ("INVALID_MSG",),
    "UNKNOWN_TOPIC_OR_PARTITION": ("UNKNOWN_TOPIC_OR_PART",),
    "NOT_LEADER_OR_FOLLOWER": ("NOT_LEADER_FOR_PARTITION",),
    "MESSAGE_TOO_LARGE": ("MSG_SIZE_TOO_LARGE",),
}
