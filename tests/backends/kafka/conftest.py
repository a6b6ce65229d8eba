"""A cluster that runs, and quiet clients of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.kafka.fake import FakeKafka
from pytest_integrations.backends.kafka.library import KafkaUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cluster() -> Iterator[FakeKafka]:
    """A running cluster of one broker."""
    fake = FakeKafka("cluster")
    try:
        fake.start()
    except KafkaUnavailable as error:
        pytest.skip(str(error))
    with fake:
        yield fake


@pytest.fixture
def producer(cluster: FakeKafka) -> Any:
    """A producer that tries again at once."""
    from confluent_kafka import Producer

    settings = {"retry.backoff.ms": 10, "reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 50, "log_level": 0}
    return Producer({"bootstrap.servers": cluster.url, **settings})
