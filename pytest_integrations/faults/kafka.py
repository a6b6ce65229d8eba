"""What goes wrong with a Kafka cluster: errors in its answers, topics, brokers that are slow or gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import Delay, Fail, Refuse
from pytest_integrations.core.errors import UnknownName
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import seconds, text, whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

__all__ = ["API_KEYS", "ERROR_CODES", "broker_down", "kafka_error", "rtt", "topic_error"]

API_KEYS = {
    "Produce": 0,
    "Fetch": 1,
    "ListOffsets": 2,
    "Metadata": 3,
    "OffsetCommit": 8,
    "OffsetFetch": 9,
    "FindCoordinator": 10,
    "JoinGroup": 11,
    "Heartbeat": 12,
    "LeaveGroup": 13,
    "SyncGroup": 14,
    "SaslHandshake": 17,
    "ApiVersions": 18,
    "CreateTopics": 19,
    "DeleteTopics": 20,
    "DeleteRecords": 21,
    "InitProducerId": 22,
    "OffsetForLeaderEpoch": 23,
    "AddPartitionsToTxn": 24,
    "AddOffsetsToTxn": 25,
    "EndTxn": 26,
    "TxnOffsetCommit": 28,
    "GetTelemetrySubscriptions": 71,
    "PushTelemetry": 72,
}
"""The kinds of requests, by the names and numbers of the protocol."""

ERROR_CODES = {
    "UNKNOWN_SERVER_ERROR": -1,
    "OFFSET_OUT_OF_RANGE": 1,
    "CORRUPT_MESSAGE": 2,
    "UNKNOWN_TOPIC_OR_PARTITION": 3,
    "LEADER_NOT_AVAILABLE": 5,
    "NOT_LEADER_OR_FOLLOWER": 6,
    "REQUEST_TIMED_OUT": 7,
    "BROKER_NOT_AVAILABLE": 8,
    "REPLICA_NOT_AVAILABLE": 9,
    "MESSAGE_TOO_LARGE": 10,
    "COORDINATOR_LOAD_IN_PROGRESS": 14,
    "COORDINATOR_NOT_AVAILABLE": 15,
    "NOT_COORDINATOR": 16,
    "RECORD_LIST_TOO_LARGE": 18,
    "NOT_ENOUGH_REPLICAS": 19,
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND": 20,
    "ILLEGAL_GENERATION": 22,
    "UNKNOWN_MEMBER_ID": 25,
    "REBALANCE_IN_PROGRESS": 27,
    "TOPIC_AUTHORIZATION_FAILED": 29,
    "GROUP_AUTHORIZATION_FAILED": 30,
    "CLUSTER_AUTHORIZATION_FAILED": 31,
    "UNSUPPORTED_SASL_MECHANISM": 33,
    "UNSUPPORTED_VERSION": 35,
    "POLICY_VIOLATION": 44,
    "OUT_OF_ORDER_SEQUENCE_NUMBER": 45,
    "DUPLICATE_SEQUENCE_NUMBER": 46,
    "INVALID_PRODUCER_EPOCH": 47,
    "INVALID_TXN_STATE": 48,
    "CONCURRENT_TRANSACTIONS": 51,
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED": 53,
    "KAFKA_STORAGE_ERROR": 56,
    "UNKNOWN_PRODUCER_ID": 59,
    "FENCED_LEADER_EPOCH": 74,
    "MEMBER_ID_REQUIRED": 79,
    "GROUP_MAX_SIZE_REACHED": 81,
    "FENCED_INSTANCE_ID": 82,
    "INVALID_RECORD": 87,
    "THROTTLING_QUOTA_EXCEEDED": 89,
}
"""The errors that an answer may tell, by the names and numbers of the protocol."""


def _known_error(code: str) -> None:
    if code not in ERROR_CODES:
        kind = "Kafka error"
        raise UnknownName(kind, str(code), ERROR_CODES)


@dataclass(frozen=True, slots=True, repr=False)
class kafka_error(Fault):  # noqa: N801 -- a word in a script
    """Answer the next request of one kind with an error.

    Wire definition: the answer to the request *api* (`"Produce"`, `"Fetch"`, …) carries *code*, by the protocol's own
    name, for each of its partitions, or as a whole where the answer has one code; what was asked is not done. Several
    in one `inject` answer one request after the other, `times=`, `skip=`, `at=`, `every=` and `probability=` choose
    requests of that kind. "For ever" is a thousand of them.

    Clients try again by themselves what the protocol calls retriable (`NOT_LEADER_OR_FOLLOWER`,
    `NOT_ENOUGH_REPLICAS`, `REQUEST_TIMED_OUT`, `COORDINATOR_NOT_AVAILABLE`, …), and give up at once on the others
    (`TOPIC_AUTHORIZATION_FAILED`, `MESSAGE_TOO_LARGE`, `INVALID_RECORD`, …).

    ```python
    from confluent_kafka import Producer

    fake_kafka.topic("orders")
    fake_kafka.inject(kafka_error("Produce", "NOT_LEADER_OR_FOLLOWER"), times=2)
    producer = Producer({"bootstrap.servers": fake_kafka.url, "retry.backoff.ms": 10})
    producer.produce("orders", b"one book")
    assert producer.flush(10) == 0
    assert len(fake_kafka.calls.of("Produce")) == 3
    ```
    """

    api: str
    code: str

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.api not in API_KEYS:
            kind = "Kafka request"
            raise UnknownName(kind, str(self.api), API_KEYS)
        _known_error(self.code)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the error."""
        yield Fail(self.code, "")


@dataclass(frozen=True, slots=True, repr=False)
class topic_error(Fault):  # noqa: N801 -- a word in a script
    """Let the cluster say of one topic that something is wrong with it, until it is healed.

    Wire definition: each `Metadata` answer carries *code* for *topic*, and no partitions of it:
    `TOPIC_AUTHORIZATION_FAILED`, `UNKNOWN_TOPIC_OR_PARTITION`, `LEADER_NOT_AVAILABLE`, ….

    ```python
    from confluent_kafka import Producer

    fake_kafka.topic("orders")
    fake_kafka.inject(topic_error("orders", "TOPIC_AUTHORIZATION_FAILED"))
    failed = []
    producer = Producer({"bootstrap.servers": fake_kafka.url})
    producer.produce("orders", b"one book", on_delivery=lambda error, message: failed.append(error))
    producer.flush(10)
    assert failed[0].name() == "TOPIC_AUTHORIZATION_FAILED"
    ```
    """

    standing: ClassVar[bool] = True
    topic: str
    code: str

    def __post_init__(self) -> None:
        """Check the settings."""
        text("topic", self.topic)
        _known_error(self.code)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the error."""
        yield Fail(self.code, "")


@dataclass(frozen=True, slots=True, repr=False)
class broker_down(Fault):  # noqa: N801 -- a word in a script
    """Let one broker of the cluster be gone, or all of them, until it is healed.

    Wire definition: the connections to *broker* (from 1; None: each of them) are closed, and new ones are closed as
    soon as they are accepted. `during=` says for how long.

    ```python
    from confluent_kafka import Producer

    fake_kafka.topic("orders")
    producer = Producer({"bootstrap.servers": fake_kafka.url, "reconnect.backoff.max.ms": 100})
    fake_kafka.inject(broker_down(), during=0.5)
    producer.produce("orders", b"one book")
    assert producer.flush(10) == 0
    ```
    """

    standing: ClassVar[bool] = True
    broker: int | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.broker is not None:
            whole("broker", self.broker, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the closed doors."""
        yield Refuse("close")


@dataclass(frozen=True, slots=True, repr=False)
class rtt(Fault):  # noqa: N801 -- a word in a script
    """Let one broker answer late, or all of them, until it is healed.

    Wire definition: each answer of *broker* (from 1; None: of each) comes *seconds* (or a timedelta) after its
    request, in whole milliseconds of real time.

    ```python
    from confluent_kafka import Producer

    fake_kafka.topic("orders")
    fake_kafka.inject(rtt(0.2))
    producer = Producer({"bootstrap.servers": fake_kafka.url})
    producer.produce("orders", b"one book")
    assert producer.flush(0.1) == 1
    assert producer.flush(10) == 0
    ```
    """

    standing: ClassVar[bool] = True
    delay: float | timedelta
    broker: int | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        seconds("delay", self.delay)
        if self.broker is not None:
            whole("broker", self.broker, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the delay."""
        yield Delay(seconds("delay", self.delay))
