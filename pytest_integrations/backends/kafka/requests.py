"""What the cluster was asked, as calls of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.clock import REAL
from pytest_integrations.core.queue_call import QueueCall
from pytest_integrations.faults.kafka import API_KEYS

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.queue_call import Kind

    from .cluster import Cluster, Seen
    from .plans import Plans

__all__ = ["KafkaCall", "Requests"]

_NAMES = {number: name for name, number in API_KEYS.items()}
_KINDS: dict[str, Kind] = {
    "Produce": "publish",
    "Fetch": "receive",
    "OffsetCommit": "ack",
    "TxnOffsetCommit": "ack",
    "JoinGroup": "subscribe",
    "SyncGroup": "subscribe",
    "CreateTopics": "declare",
    "DeleteTopics": "declare",
    "DeleteRecords": "declare",
    "ApiVersions": "connect",
    "SaslHandshake": "connect",
    "Metadata": "connect",
    "FindCoordinator": "connect",
    "InitProducerId": "connect",
}
_NEAR = 1.0e6
"""Seconds; two readings of one clock are not farther apart."""


class KafkaCall(QueueCall):
    """A request to a broker: its kind and its time are known, its content and its answer's time are not."""

    __slots__ = ()
    protocol = "kafka"


class Requests:
    """Reads what librdkafka has seen into the ledger, and tells each request what was planned for it."""

    def __init__(self, cluster: Cluster, plans: Plans, ledger: Ledger, fake: str) -> None:
        """Read what *cluster* sees into *ledger*, in the name of *fake*."""
        self._cluster = cluster
        self._plans = plans
        self._ledger = ledger
        self._fake = fake
        self._read = 0
        self._connections: dict[int, Connection] = {broker: ledger.connect(fake) for broker in cluster.brokers}

    @property
    def any_connection(self) -> Connection:
        """What stands for the connections to the first broker."""
        return self._connections[self._cluster.brokers[0]]

    def read(self) -> None:
        """Record what has come since the last time."""
        for each in self._cluster.seen(self._read):
            self._record(each)
            self._read += 1

    def look_away(self) -> None:
        """Record nothing, until `watch_anew`: it is the fake itself that asks."""
        self.read()
        self._cluster.look_away()

    def watch_anew(self) -> None:
        """Record what comes from now on."""
        self._read = 0
        self._cluster.watch_anew()

    def close(self) -> None:
        """Record that it is over."""
        self.read()
        for connection in self._connections.values():
            connection.closed, connection.closed_by = self._ledger.now(), "fake"

    def _record(self, seen: Seen) -> None:
        connection = self._connections.get(seen.broker, self.any_connection)
        api = _NAMES.get(seen.api_key, f"Api{seen.api_key}")
        call = KafkaCall(self._fake, connection, api, kind=_KINDS.get(api, "other"))
        connection.calls += 1
        call.number = connection.calls
        self._ledger.add(call)
        call.started = call.first_byte = call.ended = self._time(seen)
        call.outcome = "answered"
        planned = self._plans.take(api)
        call.handled = planned is None or planned.fault is None
        if planned is not None and planned.fault is not None:
            planned.rule.fired += 1
            call.fault, call.error = planned.fault, planned.fault.code

    def _time(self, seen: Seen) -> float:
        """Return when it came, in seconds of the ledger, whose clock may be ahead of the one that librdkafka reads."""
        age = REAL.monotonic() - seen.time
        if abs(age) > _NEAR:  # on some systems it reads that of the wall
            age = REAL.wall().timestamp() - seen.time
        now = self._ledger.now()
        return round(min(max(now - age, 0.0), now), 6) if abs(age) <= _NEAR else now
