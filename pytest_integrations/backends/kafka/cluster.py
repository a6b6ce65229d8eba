"""The cluster of librdkafka behind plain methods: no fault, no ledger, no time."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError

from .library import KafkaUnavailable, load

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Cluster", "Seen"]

_PRODUCER = 0
_ROOM = 512
_REST = 2
"""Milliseconds."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that a broker got: its kind, and when, in seconds of librdkafka's clock."""

    broker: int
    api_key: int
    time: float


class Cluster:
    """Brokers in this process, with threads and sockets of librdkafka's own; `close` ends them."""

    def __init__(self, brokers: int) -> None:
        """Start so many *brokers*; takes about 10 ms."""
        self._library = load()
        room = ctypes.create_string_buffer(_ROOM)
        settings = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set_log_cb(settings, None)  # or it writes to the error stream of the tests
        self._handle = self._library.rd_kafka_new(_PRODUCER, settings, room, _ROOM)
        if not self._handle:
            msg = f"librdkafka did not start: {room.value.decode('utf-8', 'replace')}"
            raise KafkaUnavailable(msg)
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._handle, brokers)
        self.brokers: tuple[int, ...] = tuple(range(1, brokers + 1))
        self.bootstrap_servers: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        self._library.rd_kafka_mock_start_request_tracking(self._cluster)

    def close(self) -> None:
        """End the brokers, their threads and connections."""
        # A thread that has just been asked something may miss that it is to end, and find out after a second. So wait a
        # little, in librdkafka, whose time is real.
        self._library.rd_kafka_poll(self._handle, _REST)
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)

    # -- topics

    def create_topic(self, topic: str, partitions: int) -> None:
        """Make *topic*, with a replica on each broker."""
        _check(
            self._library.rd_kafka_mock_topic_create(self._cluster, topic.encode(), partitions, len(self.brokers)),
            f"topic {topic!r} cannot be made",
        )

    def set_topic_error(self, topic: str, code: int) -> None:
        """Let *topic* have an error, 0 for none."""
        self._library.rd_kafka_mock_topic_set_error(self._cluster, topic.encode(), code)

    def set_leader(self, topic: str, partition: int, broker: int) -> None:
        """Let *broker* lead a *partition*."""
        _check(
            self._library.rd_kafka_mock_partition_set_leader(self._cluster, topic.encode(), partition, broker),
            f"partition {partition} of {topic!r} cannot be led by broker {broker}",
        )

    # -- brokers

    def set_delay(self, broker: int, milliseconds: int) -> None:
        """Let *broker* answer late."""
        _check(self._library.rd_kafka_mock_broker_set_rtt(self._cluster, broker, milliseconds), f"broker {broker}")

    def set_up(self, broker: int, *, up: bool) -> None:
        """Let *broker* be there, or not."""
        change = self._library.rd_kafka_mock_broker_set_up if up else self._library.rd_kafka_mock_broker_set_down
        _check(change(self._cluster, broker), f"broker {broker}")

    # -- errors in answers

    def push_errors(self, api_key: int, codes: Sequence[int]) -> None:
        """Answer the next requests of a kind with *codes*, one each; 0 is none."""
        array = (ctypes.c_int * len(codes))(*codes)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, api_key, len(codes), array)

    def clear_errors(self, api_key: int) -> None:
        """Forget what was pushed for a kind of requests and not used."""
        self._library.rd_kafka_mock_clear_request_errors(self._cluster, api_key)

    # -- what was asked

    def seen(self, since: int) -> list[Seen]:
        """Return the requests since they were last watched anew, oldest first, but for so many that are known."""
        count = ctypes.c_size_t()
        requests = self._library.rd_kafka_mock_get_requests(self._cluster, ctypes.byref(count))
        found = [
            Seen(
                self._library.rd_kafka_mock_request_id(requests[number]),
                self._library.rd_kafka_mock_request_api_key(requests[number]),
                self._library.rd_kafka_mock_request_timestamp(requests[number]) / 1e6,
            )
            for number in range(since, count.value)
        ]
        self._library.rd_kafka_mock_request_destroy_array(requests, count)
        return found

    def look_away(self) -> None:
        """Do not watch what is asked; forget what was seen."""
        self._library.rd_kafka_mock_stop_request_tracking(self._cluster)

    def watch_anew(self) -> None:
        """Watch again, from now on."""
        self._library.rd_kafka_mock_start_request_tracking(self._cluster)


def _check(code: int, what: str) -> None:
    if code:
        from confluent_kafka import KafkaError

        msg = f"{what}: {KafkaError(code).str()}"
        raise ScriptingError(msg)
