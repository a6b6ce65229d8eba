"""The resilient event bus under the same faults, and under more of them."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from examples.event_driven.resilient import Event, EventBus
from pytest_integrations import (
    assert_all_settled,
    assert_dead_lettered,
    assert_delivered,
    assert_nothing_lost,
    assert_redelivery_backoff,
    fixed,
)
from pytest_integrations.faults import connection_reset, duplicate, latency, lost_ack, lost_response
from pytest_integrations.faults.redis import redis_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_integrations import FakeRedis, Fault, Queue, QueueMessage, VirtualClock

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def events(fake_redis: FakeRedis) -> Queue:
    return fake_redis.queue("events", kind="stream", group="invoices", dead_letter="events.dead")


@pytest.fixture
def bus(events: Queue) -> Iterator[EventBus]:
    bus = EventBus(events.fake.url)
    yield bus
    bus.close()


class Handler:
    """One that fails so many times."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.done: list[str] = []

    def __call__(self, event: Event) -> None:
        if self.failures:
            self.failures -= 1
            raise ValueError("the printer is out of paper")
        self.done.append(event.id)

    def count(self, message: QueueMessage) -> int:
        return self.done.count(message.headers["id"])


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_a_handler_that_fails_gets_the_event_again_and_holds_up_nobody(events: Queue, bus: EventBus) -> None:
    invoices, statistics = Handler(failures=1), Handler()
    bus.subscribe("invoices", "paid", invoices)
    bus.subscribe("statistics", "paid", statistics)
    for order in range(3):
        bus.publish("paid", {"order": order})
    bus.dispatch()

    assert len(statistics.done) == 3
    bus.work(60)
    assert len(statistics.done) == 3
    assert_delivered(events.messages, exactly=1, effects=invoices.count)
    assert_redelivery_backoff(events.messages, fixed(30))
    assert_nothing_lost(events.messages)


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_what_it_cannot_handle_is_put_aside_for_it_alone(events: Queue, bus: EventBus) -> None:
    invoices, statistics = Handler(failures=3), Handler()
    bus.subscribe("invoices", "paid", invoices)
    bus.subscribe("statistics", "paid", statistics)
    bus.publish("paid", {"order": 0})
    bus.work(120)

    assert invoices.done == []
    assert len(statistics.done) == 1
    assert_dead_lettered(events.messages, exactly=1, after=3, to="events.dead")
    assert_all_settled(events.messages)


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_what_its_workers_die_of_is_put_aside_too(events: Queue, bus: EventBus) -> None:
    died: list[str] = []

    def invoice(event: Event) -> None:
        died.append(event.id)
        raise SystemExit

    bus.subscribe("invoices", "paid", invoice)
    bus.publish("paid", {"order": 0})
    for _ in range(6):
        with contextlib.suppress(SystemExit):
            bus.work(60)

    assert len(died) == 3
    assert_dead_lettered(events.messages, exactly=1, to="events.dead")


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_what_no_handler_saw_is_no_attempt(events: Queue, bus: EventBus) -> None:
    """A worker that is cut off has taken events for which its handlers were not called, and Redis counts them."""
    invoices = Handler(failures=1)
    bus.subscribe("invoices", "paid", invoices)
    bus.publish("paid", {"order": 0})
    bus.redis.xreadgroup("invoices", "worker", {"events": ">"})
    for _ in range(3):
        bus.redis.xautoclaim("events", "invoices", "worker", min_idle_time=0)
    bus.work(120)

    assert_delivered(events.messages, at_least=1, effects=invoices.count)
    assert_nothing_lost(events.messages)


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_two_workers_at_one_event_do_not_stop_each_other(
    events: Queue, tmp_path: Path, virtual_clock: VirtualClock
) -> None:
    """The handler takes longer than the half minute after which an event is claimed: both do it, and both go on."""
    invoices: list[str] = []

    def invoice(event: Event) -> None:
        virtual_clock.sleep(40)
        invoices.append(event.id)

    def work(after: float) -> str:
        virtual_clock.sleep(after)  # so that the two are never at the database in one moment
        bus = EventBus(events.fake.url, store=str(tmp_path / "shop.db"))
        bus.subscribe("invoices", "paid", invoice)
        bus.work(100)
        bus.close()
        return "well"

    first = EventBus(events.fake.url, store=str(tmp_path / "shop.db"))
    first.publish("paid", {"order": 0})
    first.close()
    with ThreadPoolExecutor(2) as workers:
        assert list(workers.map(work, (1, 6))) == ["well", "well"]

    assert len(invoices) == 2


def test_what_is_stored_is_published_when_it_can_be(events: Queue, bus: EventBus) -> None:
    invoices = Handler()
    bus.subscribe("invoices", "paid", invoices)
    events.fake.outage(60)
    bus.publish("paid", {"order": 0})

    assert not events.messages
    bus.work(120)
    assert_delivered(events.messages, at_least=1, effects=invoices.count)


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_a_replay_gives_a_new_handler_what_it_has_missed_and_the_others_nothing(events: Queue, bus: EventBus) -> None:
    invoices, audit = Handler(), Handler()
    bus.subscribe("invoices", "paid", invoices)
    for order in range(3):
        bus.publish("paid", {"order": order})
    bus.dispatch()
    bus.subscribe("audit", "paid", audit)
    for name in ("invoices", "audit"):
        bus.replay(name)
    bus.work(60)

    for handler in (invoices, audit):
        assert_delivered(events.messages, at_least=1, effects=handler.count)
        assert len(handler.done) == 3


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("publish", connection_reset()),
        ("publish", lost_response()),
        ("publish", redis_error("oom")),
        ("publish", redis_error("readonly")),
        ("receive", connection_reset()),
        ("receive", lost_response()),
        ("receive", duplicate()),
        ("receive", latency(3)),
        ("ack", connection_reset()),
        ("ack", lost_response()),
        ("ack", lost_ack()),
    ],
    ids=str,
)
def test_every_event_takes_effect_once_whatever_goes_wrong(
    events: Queue, bus: EventBus, kind: str, fault: Fault
) -> None:
    invoices = Handler()
    bus.subscribe("invoices", "paid", invoices)
    events.fake.on(kind).inject(fault)
    for order in range(3):
        bus.publish("paid", {"order": order})
    bus.work(120)

    assert len(set(invoices.done)) == len(invoices.done) == 3
    assert_nothing_lost(events.messages)


# -- every profile

PROFILES = ("calm", "slow", "flaky", "lossy", "outage", "brownout", "hostile")
OF_QUEUES = ("queue-full", "poison", "redelivery", "lossy-queue")


@pytest.mark.fault_profile(*PROFILES, *OF_QUEUES)
def test_in_every_weather_every_event_takes_effect_once(events: Queue, bus: EventBus) -> None:
    invoices = Handler()
    bus.subscribe("invoices", "paid", invoices)
    for order in range(5):
        bus.publish("paid", {"order": order})
    bus.work(600)

    put_aside = [message for message in events.messages if "events.dead" in message.places]  # by "poison" spoiled
    assert len(set(invoices.done)) == len(invoices.done) == 5 - len(put_aside)
    assert_nothing_lost(events.messages, dead_letter="events.dead")
