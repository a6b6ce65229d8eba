"""Topics, and the records in them, read back by a consumer of the fake's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import IntegrationsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .fake import FakeKafka

__all__ = ["KafkaRecord", "KafkaTopic", "committed", "records"]

_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class KafkaRecord:
    """One record of a topic, where it lies."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: Mapping[str, bytes | None] = field(default_factory=dict)
    """By name; of a repeated one the last."""

    @property
    def text(self) -> str:
        """The value as UTF-8, with replacement characters where it is not."""
        return (self.value or b"").decode("utf-8", "replace")


class KafkaTopic:
    """One topic of a fake cluster, as the test sees it; made by `fake_kafka.topic(...)`."""

    def __init__(self, fake: FakeKafka, name: str, partitions: int) -> None:
        """Look at the topic called *name* of *fake*."""
        self.fake: FakeKafka = fake
        self.name: str = name
        self.partitions: int = partitions

    @property
    def records(self) -> list[KafkaRecord]:
        """What lies in it now, by partition and offset."""
        return self.fake.records(self.name)

    def publish(
        self,
        value: bytes | str | None,
        *,
        key: bytes | str | None = None,
        headers: Mapping[str, bytes | str] | None = None,
        partition: int | None = None,
    ) -> None:
        """Put a record into it, as a producer would; returns when the cluster has it. No fault acts on it."""
        self.fake.publish(self.name, value, key=key, headers=headers, partition=partition)

    def move_leader(self, to: int, *, partition: int = 0) -> None:
        """Let the broker with the number *to* lead a *partition* from now on; clients learn it by `Metadata`."""
        self.fake.move_leader(self.name, to, partition=partition)

    def __repr__(self) -> str:
        """Show name and partitions."""
        return f"<KafkaTopic {self.name} of {self.fake.name}: {self.partitions} partitions>"


def _consumer(servers: str, group: str) -> Any:
    from confluent_kafka import Consumer

    settings = {
        "bootstrap.servers": servers,
        "group.id": group,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "allow.auto.create.topics": False,
        "log_level": 0,
    }
    return Consumer(settings)


def records(servers: str, topic: str) -> list[KafkaRecord]:
    """Return what lies in *topic*, by partition and offset."""
    consumer = _consumer(servers, "pytest-integrations")
    try:
        return sorted(_read(consumer, topic), key=lambda record: (record.partition, record.offset))
    finally:
        consumer.close()


def _read(consumer: Any, topic: str) -> Iterator[KafkaRecord]:
    from confluent_kafka import TopicPartition

    known = consumer.list_topics(topic, _PATIENCE).topics[topic].partitions
    ends = {}
    for partition in known:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), _PATIENCE)
        if high > low:
            ends[partition] = (low, high)
    consumer.assign([TopicPartition(topic, partition, low) for partition, (low, _) in ends.items()])
    missing = {partition: high - low for partition, (low, high) in ends.items()}
    while any(count > 0 for count in missing.values()):
        message = consumer.poll(_PATIENCE)
        if message is None or message.error() is not None:
            why = message.error().str() if message is not None else f"nothing came in {_PATIENCE:g} s"
            msg = f"the records of {topic!r} cannot be read back: {why}; heal what makes the cluster slow"
            raise IntegrationsError(msg)
        missing[message.partition()] -= 1
        headers = dict(message.headers() or [])
        yield KafkaRecord(
            message.topic(), message.partition(), message.offset(), message.value(), message.key(), headers
        )


def committed(servers: str, group: str, topic: str, partitions: int) -> dict[int, int]:
    """Return the offsets that *group* has committed, by partition; those without are left out."""
    from confluent_kafka import TopicPartition

    consumer = _consumer(servers, group)
    try:
        asked = [TopicPartition(topic, partition) for partition in range(partitions)]
        return {each.partition: each.offset for each in consumer.committed(asked, _PATIENCE) if each.offset >= 0}
    finally:
        consumer.close()
