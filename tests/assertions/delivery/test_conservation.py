"""Invariant of every ledger: what came into a queue went once, or is there; held against the broker's own counts."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pika.exceptions
import pytest

from pytest_integrations.assertions import assert_nothing_lost
from pytest_integrations.assertions.replay import replay
from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.core.delivery import ENDS
from pytest_integrations.core.errors import ResilienceError
from pytest_integrations.faults.connection import connection_reset
from pytest_integrations.faults.queue import duplicate, lost_ack, lost_message, redeliver, reorder
from tests.assertions.delivery.workers import connected

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_leaks")

QUEUES = ("plain", "short", "picky", "dead", "quorum")


@pytest.fixture
def broker() -> Iterator[FakeAmqp]:
    with FakeAmqp() as broker:
        broker.queue("dead")
        broker.queue("plain", dead_letter="dead")
        broker.queue("short", max_length=2, dead_letter="dead")
        broker.queue("picky", max_length=2, overflow="reject-publish")
        broker.queue("quorum", max_deliveries=2, dead_letter="dead")
        yield broker


def _act(channel: Any, held: list[int], chance: random.Random) -> None:
    """Do one thing that clients do."""
    queue, what = chance.choice(QUEUES), chance.random()
    if what < 0.45:
        channel.basic_publish("", queue, str(chance.random()))
    elif what < 0.75 or not held:
        method, _, _ = channel.basic_get(queue)
        held += [method.delivery_tag] if method is not None else []
    elif what < 0.98:
        tag = held.pop(chance.randrange(len(held)))
        settle = chance.choice((channel.basic_ack, channel.basic_nack, channel.basic_reject))
        settle(tag, **({} if settle == channel.basic_ack else {"requeue": chance.random() < 0.5}))
    else:
        channel.queue_purge(queue)


def _load(broker: FakeAmqp, chance: random.Random, operations: int) -> None:
    """Do many things over several connections, some of which are lost."""
    left = operations
    while left > 0:
        held: list[int] = []
        with suppress(pika.exceptions.AMQPError, OSError), connected(broker.url) as channel:
            for _ in range(min(left, 60)):
                left -= 1
                _act(channel, held, chance)


@pytest.mark.parametrize("seed", range(4))
def test_what_came_went_once_or_is_there(broker: FakeAmqp, seed: int) -> None:
    chance = random.Random(seed)
    broker.on("receive").inject(duplicate(), redeliver(), reorder(), probability=0.1)
    broker.on("publish").inject(lost_message(), probability=0.05)
    broker.on("ack").inject(lost_ack(), connection_reset(), probability=0.05)

    _load(broker, chance, 500)
    broker.heal()

    messages = broker.messages
    for message in messages:
        came = Counter(event.queue for event in message.of("routed"))
        went = Counter(event.queue for event in message.events if event.kind in ENDS and event.queue)
        assert not went - came, repr(message.events)
        assert message.places == dict(came - went)
        for queue, copies in came.items():
            again = [delivery for delivery in message.deliveries if delivery.queue == queue][1:]
            assert copies > 1 or all(delivery.redelivered for delivery in again), repr(message.events)
    with connected(broker.url) as channel:
        for name in QUEUES:
            counted = channel.queue_declare(name, passive=True).method.message_count
            assert counted == sum(message.places.get(name, 0) for message in messages), name
            *_, last = (moment for moment in replay(messages) if moment.event.queue == name)
            assert last.queue.ready == counted
            assert not last.queue.in_flight
    with pytest.raises(ResilienceError) as caught:
        assert_nothing_lost(messages)
    assert "error of the fake" not in str(caught.value)
