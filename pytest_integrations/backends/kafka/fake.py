"""The fake Kafka cluster, as a test sees it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_integrations.backends.fake import Fake
from pytest_integrations.core import effect
from pytest_integrations.core.clock import IN_FORCE
from pytest_integrations.core.errors import CannotPerform, ScriptingError, UnknownName
from pytest_integrations.core.script import Rule
from pytest_integrations.core.settings import seconds, text, whole
from pytest_integrations.core.when import When
from pytest_integrations.faults.kafka import ERROR_CODES, broker_down, kafka_error, rtt, topic_error
from pytest_integrations.wire.loop import shared_loop

from .cluster import Cluster
from .plans import Plans
from .requests import Requests
from .topics import KafkaRecord, KafkaTopic, committed, records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Script
    from pytest_integrations.core.seed import Seed

__all__ = ["FakeKafka"]

_FAULTS = (kafka_error, topic_error, broker_down, rtt)
_WORDS_OF_STATES = frozenset({"after", "during"})
_PATIENCE = 5.0


class FakeKafka(Fake):
    """A Kafka cluster on loopback: librdkafka's mock cluster, which is in the wheel of confluent-kafka.

    It speaks the real protocol with any client that knows today's versions of it: produce, fetch, consumer groups,
    offsets, idempotent and transactional producers. Topics that clients ask for make themselves, with four partitions.
    A consumer group forms at once; when somebody has left it, it forms anew after its session timeout, less a second:
    set `session.timeout.ms` low where a test has one worker after another.

    The ledger has each request as a call (`Produce`, `Fetch`, …) with its time and the error it got, read whenever
    the test looks; what was in it, librdkafka does not tell. What lies in a topic is read back by `records`.

    The cluster lives by real time, with threads of its own: a virtual clock does not rule it. Where there is no such
    library, `start` raises `KafkaUnavailable`.

    ```python
    from confluent_kafka import Producer
    from pytest_integrations.backends.kafka.fake import FakeKafka

    with FakeKafka() as cluster:
        orders = cluster.topic("orders", partitions=1)
        settings = {"bootstrap.servers": cluster.url}
        producer: Any = Producer(settings)
        producer.produce("orders", b"one book", key=b"ada")
        producer.flush(10)
        assert [(record.key, record.value) for record in orders.records] == [(b"ada", b"one book")]
    ```
    """

    protocol = "kafka"
    performs: frozenset[type[effect.Effect]] = frozenset({effect.Delay, effect.Fail, effect.Refuse})

    def __init__(
        self,
        name: str = "fake_kafka",
        *,
        brokers: int = 1,
        ledger: Ledger | None = None,
        seed: Seed | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a cluster called *name* of so many *brokers*, numbered from 1."""
        super().__init__(name, ledger=ledger, seed=seed, clock=IN_FORCE if clock is None else clock)
        self._brokers = whole("brokers", brokers, 1)
        self._cluster: Cluster | None = None
        self._requests: Requests | None = None
        self._plans: Plans | None = None
        self._topics: dict[str, int] = {}
        self._down: set[int] = set()

    # -- life

    def _open(self) -> None:
        cluster = self._cluster = Cluster(self._brokers)
        self._plans = Plans(cluster)
        self._requests = Requests(cluster, self._plans, self.ledger, self.name)
        self._topics.clear()
        self._down.clear()
        self.ledger.readers.append(self._read)

    def _close(self) -> None:
        if self._cluster is not None and self._requests is not None:
            self.ledger.readers.remove(self._read)
            self._requests.close()
            self._cluster.close()
        self._cluster = self._requests = self._plans = None

    def _parts(self) -> tuple[Cluster, Requests, Plans]:
        __tracebackhide__ = True
        self._must_run()
        if self._cluster is None or self._requests is None or self._plans is None:  # pragma: no cover -- it runs
            raise RuntimeError
        return self._cluster, self._requests, self._plans

    @property
    def url(self) -> str:
        """The brokers' addresses, for `bootstrap.servers`: `127.0.0.1:49152`, with commas between several."""
        return self._parts()[0].bootstrap_servers

    @property
    def bootstrap_servers(self) -> str:
        """The same as `url`, by the name that clients have for it."""
        return self.url

    @property
    def brokers(self) -> tuple[int, ...]:
        """The numbers of the brokers."""
        return self._parts()[0].brokers

    # -- what was asked

    @property
    def scripts(self) -> tuple[Script, ...]:
        """What the test scripted; told what of it has happened."""
        self._read()
        return super().scripts

    def _read(self) -> None:
        if self._requests is not None:
            shared_loop().call(self._requests.read)

    # -- topics

    def topic(self, name: str, partitions: int = 1) -> KafkaTopic:
        """Make a topic with so many *partitions*, each with a replica on each broker, and return it.

        One that was made before is returned as it is.
        """
        __tracebackhide__ = True
        cluster = self._parts()[0]
        if text("name", name) not in self._topics:
            cluster.create_topic(name, whole("partitions", partitions, 1))
            self._topics[name] = partitions
        return KafkaTopic(self, name, self._topics[name])

    def records(self, topic: str) -> list[KafkaRecord]:
        """Return what lies in *topic* now, by partition and offset.

        A consumer of the fake's own reads it. No error that is scripted acts on that consumer, and it is not in the
        ledger, nor is what other clients ask in the same moment.
        """
        __tracebackhide__ = True
        self._parts()
        with self._aside():
            return records(self.url, self._known(topic))

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Return the offsets that a consumer *group* has committed for *topic*, by partition.

        The offset is that of the next record to read: 3 says that the records 0, 1 and 2 are done with.
        """
        __tracebackhide__ = True
        self._parts()
        with self._aside():
            return committed(self.url, group, topic, self._topics.get(self._known(topic), 4))

    def publish(
        self,
        topic: str,
        value: bytes | str | None,
        *,
        key: bytes | str | None = None,
        headers: Mapping[str, bytes | str] | None = None,
        partition: int | None = None,
    ) -> None:
        """Put a record into *topic*, as a producer would; returns when the cluster has it. No fault acts on it."""
        __tracebackhide__ = True
        self._parts()
        with self._aside():
            self._produce(topic, value, key=key, headers=dict(headers or {}), partition=partition)

    def _produce(self, topic: str, value: bytes | str | None, *, partition: int | None, **details: Any) -> None:
        __tracebackhide__ = True
        from confluent_kafka import Producer

        failed: list[Any] = []
        settings = {"bootstrap.servers": self.url, "log_level": 0, "message.timeout.ms": _PATIENCE * 1000}
        producer: Any = Producer(settings)
        where = {} if partition is None else {"partition": partition}
        producer.produce(topic, value, on_delivery=lambda error, _: failed.append(error), **where, **details)
        left = producer.flush(_PATIENCE)
        if left or failed[0] is not None:
            why = failed[0].str() if failed else "the cluster does not answer"
            msg = f"nothing could be put into {topic!r}: {why}"
            raise ScriptingError(msg)

    def move_leader(self, topic: str, to: int, *, partition: int = 0) -> None:
        """Let the broker with the number *to* lead a *partition* of *topic* from now on.

        Requests to the old leader are answered `NOT_LEADER_OR_FOLLOWER`; clients ask for `Metadata` and find the new.
        """
        __tracebackhide__ = True
        self._parts()[0].set_leader(self._known(topic), whole("partition", partition), self._broker(to))

    def _known(self, topic: str) -> str:
        __tracebackhide__ = True
        if topic not in self._topics:
            from confluent_kafka.admin import AdminClient

            there = AdminClient({"bootstrap.servers": self.url, "log_level": 0}).list_topics(timeout=_PATIENCE).topics
            self._topics.update({name: len(each.partitions) for name, each in there.items()})
        if topic not in self._topics:
            kind, hint = "topic", f"Make it first: {self.name}.topic({topic!r})."
            raise UnknownName(kind, str(topic), self._topics, hint)
        return topic

    def _broker(self, broker: int) -> int:
        __tracebackhide__ = True
        if broker not in self.brokers:
            msg = f"there is no broker {broker!r}: {self.name} has {', '.join(map(str, self.brokers))}"
            raise ScriptingError(msg)
        return broker

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Let the fake itself be a client for a while: nothing of it is recorded, and no error acts on it."""
        cluster, requests, plans = self._parts()
        if self._down == set(cluster.brokers):
            msg = f"all brokers of {self.name} are down: heal them before the test itself asks for something"
            raise ScriptingError(msg)
        loop = shared_loop()
        loop.call(requests.look_away)
        loop.call(plans.suspend)
        try:
            yield
        finally:
            loop.call(plans.resume)
            loop.call(requests.watch_anew)

    # -- faults

    def push_errors(self, api: str, *codes: str) -> Rule:
        """Answer the next requests of the kind *api* with these errors, one after the other."""
        __tracebackhide__ = True
        return self.inject(*(kafka_error(api, code) for code in codes))

    def outage(self, seconds: float) -> Rule:
        """Let all brokers be gone for so many *seconds*."""
        return self.inject(broker_down(), during=seconds)

    def heal(self, rule: Rule | None = None) -> None:
        """Take *rule* out, or all that the test injected; what was down, slow or in error is well again."""
        rules = self.script.rules if rule is None else (rule,)
        self._read()
        for each in rules:
            if each in self.script.rules:
                self._end(each)
            self.script.remove(each)

    def clear_profile(self) -> None:
        """Take out all that profiles have added."""
        self._read()
        for each in self.profile.rules:
            self._end(each)
        self.profile.clear()

    def _check(self, fault: Fault) -> None:
        """Refuse a fault that a cluster of librdkafka cannot perform."""
        __tracebackhide__ = True
        if not isinstance(fault, _FAULTS):
            able = ", ".join(sorted(kind.__name__ for kind in _FAULTS))
            msg = f"{self.name} (kafka) cannot perform {fault!r}: its wire is librdkafka's; it can: {able}"
            raise CannotPerform(msg)
        broker = getattr(fault, "broker", None)
        if broker is not None:
            self._broker(broker)

    def _inject(self, script: Script, faults: tuple[Fault, ...], when: dict[str, Any], origin: str = "test") -> Rule:
        __tracebackhide__ = True
        _, requests, plans = self._parts()
        rule = Rule(faults, When.of(when), fake=self.name, seed=self.seed, clock=self.ledger.clock, origin=origin)
        for fault in faults:
            self._check(fault)
        _check_words(rule, when)
        if origin == "test":
            self.clear_profile()  # which leaves alone what the test scripts itself
        self._read()
        script.add(rule)
        if isinstance(faults[0], kafka_error):
            shared_loop().call(lambda: plans.add(rule, self.name, requests.any_connection))
        else:
            shared_loop().call(lambda: self._schedule_state(rule))
        return rule

    def _schedule_state(self, rule: Rule) -> None:
        """Let what is wrong with topics or brokers begin and end by the clock."""

        def begin() -> None:
            if rule in (*self.script.rules, *self.profile.rules) and self.is_running:
                rule.fired += 1
                self._set(rule.faults[0], wrong=True)

        def end() -> None:
            if rule in (*self.script.rules, *self.profile.rules) and self.is_running:
                self._set(rule.faults[0], wrong=False)

        self._in_its_time(rule, begin, end)

    def _set(self, fault: Fault, *, wrong: bool) -> None:
        """Make the cluster what *fault* says, or well again."""
        cluster = self._parts()[0]
        brokers = cluster.brokers if getattr(fault, "broker", None) is None else (getattr(fault, "broker", 0),)
        for broker in brokers:
            if isinstance(fault, broker_down):
                cluster.set_up(broker, up=not wrong)
                (self._down.add if wrong else self._down.discard)(broker)
            elif isinstance(fault, rtt):
                cluster.set_delay(broker, round(seconds("delay", fault.delay) * 1000) if wrong else 0)
        if isinstance(fault, topic_error):
            cluster.set_topic_error(fault.topic, ERROR_CODES[fault.code] if wrong else 0)

    def _end(self, rule: Rule) -> None:
        """Let what *rule* does be over."""
        plans = self._plans
        if plans is None:
            return
        if isinstance(rule.faults[0], kafka_error):
            shared_loop().call(lambda: plans.remove(rule))
        elif rule.fired:
            shared_loop().call(lambda: self._set(rule.faults[0], wrong=False))


def _check_words(rule: Rule, when: dict[str, Any]) -> None:
    """Refuse the words of *when* that librdkafka cannot follow."""
    __tracebackhide__ = True
    fault = rule.faults[0]
    if isinstance(fault, kafka_error):
        if {getattr(each, "api", "") for each in rule.faults} != {fault.api}:
            msg = f"{rule!r}: one inject() is for one kind of request; inject the others one by one"
            raise ScriptingError(msg)
        bad = {"where", "per", *_WORDS_OF_STATES} & set(when)
        valid = "times=, skip=, every=, at= and probability="
    else:
        bad = set(when) - _WORDS_OF_STATES
        valid = "after= and during="
    if bad:
        msg = f"{rule!r}: {', '.join(f'{word}=' for word in sorted(bad))} cannot be asked here; valid are {valid}"
        raise ScriptingError(msg)
