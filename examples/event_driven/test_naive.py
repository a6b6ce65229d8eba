"""What the naive event bus does wrong, and which assertion tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import redis

from examples.event_driven.naive import Event, EventBus
from pytest_integrations import ResilienceError, assert_delivered
from pytest_integrations.faults import connection_reset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations import FakeRedis, Queue, QueueMessage

pytestmark = pytest.mark.no_faults  # but those of the test: it shows one flaw at a time


@pytest.fixture
def events(fake_redis: FakeRedis) -> Queue:
    return fake_redis.queue("events", kind="stream")


@pytest.fixture
def bus(events: Queue) -> Iterator[EventBus]:
    bus = EventBus(events.fake.url)
    yield bus
    bus.close()


class Invoices:
    """A handler that fails at its second event, once."""

    def __init__(self) -> None:
        self.tried = 0
        self.written: list[int] = []

    def __call__(self, event: Event) -> None:
        self.tried += 1
        if self.tried == 2:
            raise ValueError("the printer is out of paper")
        self.written.append(event.data["order"])

    def count(self, message: QueueMessage) -> int:
        return self.written.count(json.loads(message.body)["data"]["order"])


@pytest.fixture
def invoices(bus: EventBus) -> Invoices:
    invoices = Invoices()
    bus.subscribe("paid", invoices)
    return invoices


def test_an_event_is_lost_for_the_handler_that_failed(events: Queue, bus: EventBus, invoices: Invoices) -> None:
    for order in range(3):
        bus.publish("paid", {"order": order})
    for _ in range(3):
        bus.dispatch()

    with pytest.raises(ResilienceError, match="expected exactly 1 effect of message 2 to events, saw 0"):
        assert_delivered(events.messages, exactly=1, effects=invoices.count)


def test_a_replay_does_the_rest_twice(events: Queue, bus: EventBus, invoices: Invoices) -> None:
    for order in range(3):
        bus.publish("paid", {"order": order})
    bus.dispatch()
    bus.replay()

    assert invoices.written == [0, 2, 0, 1, 2]
    with pytest.raises(ResilienceError, match="expected exactly 1 effect of message 1 to events, saw 2"):
        assert_delivered(events.messages, exactly=1, effects=invoices.count)


def test_an_event_is_stored_and_never_published(events: Queue, bus: EventBus, invoices: Invoices) -> None:
    """Who publishes meets an error, and the store says that it happened."""
    events.fake.on("publish").inject(connection_reset(), every=1)
    with pytest.raises(redis.ConnectionError):
        bus.publish("paid", {"order": 0})
    bus.dispatch()

    assert len(bus.store) == 1
    assert not events.messages
    assert invoices.written == []
