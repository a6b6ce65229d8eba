"""A framework that publishes what failed again, as a message of its own: what is one message, the test says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions import (
    assert_all_settled,
    assert_confirms_awaited,
    assert_dead_lettered,
    assert_delivered,
    assert_nothing_lost,
    assert_redelivery_backoff,
    assert_settle_order,
    exponential,
)
from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.core.errors import ResilienceError
from pytest_integrations.timekeeping.clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.core.delivery import QueueMessage

dramatiq = pytest.importorskip("dramatiq")
pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.filterwarnings("ignore")]

RETRIES = 2


def task(message: QueueMessage) -> str:
    """What dramatiq itself calls the message, over all its retries."""
    return str(json.loads(message.body)["message_id"])


def charges(broker: FakeAmqp, *, confirms: bool, patience: float = 10) -> list[int]:
    """Send three charges, of which one fails for good, and return what was handled."""
    from dramatiq.brokers.rabbitmq import RabbitmqBroker
    from dramatiq.middleware import Retries

    retries = Retries(max_retries=RETRIES, min_backoff=50, max_backoff=10_000)
    rabbit = RabbitmqBroker(url=broker.url, middleware=[retries], confirm_delivery=confirms)
    handled: list[int] = []

    def charge(number: int) -> None:
        handled.append(number)
        if number == 13:
            raise ValueError(number)

    actor = dramatiq.Actor(
        charge, broker=rabbit, actor_name="charge", queue_name="default", priority=0, options={"max_retries": RETRIES}
    )
    worker = dramatiq.Worker(rabbit, worker_timeout=50, worker_threads=1)
    worker.start()
    try:
        for number in (1, 13, 2):
            actor.send(number)
        _wait(broker, patience)
    finally:
        worker.stop()
        rabbit.close()
    return handled


def _wait(broker: FakeAmqp, patience: float) -> None:
    clock = broker.ledger.clock
    end = clock.monotonic() + patience
    while not broker.dead_letters and clock.monotonic() < end:
        clock.sleep(0.02)


@pytest.fixture
def broker() -> Iterator[FakeAmqp]:
    with VirtualClock(), FakeAmqp() as broker:
        yield broker


def test_dramatiq_with_confirms_is_sound(broker: FakeAmqp) -> None:
    handled = charges(broker, confirms=True)

    tasks = broker.messages
    assert sorted(handled) == [1, 2, 13, 13, 13]
    assert_nothing_lost(tasks, dead_letter="default.XQ")
    assert_all_settled(tasks)
    assert_delivered(tasks, at_least=1)
    assert_dead_lettered(tasks, exactly=1, after=RETRIES + 1, to="default.XQ", per=task)
    assert_settle_order(tasks.through("default"), dead_letter="default.DQ", per=task)
    assert_redelivery_backoff(
        tasks, exponential(base=0.05, factor=2, jitter="equal"), queue="default", per=task, tolerance=0.5
    )
    with pytest.raises(ResilienceError, match=r"message \d to default was dead-lettered after 3 deliveries, expected"):
        assert_dead_lettered(tasks, after=2, to="default.XQ", per=task)


def test_dramatiq_without_confirms_lets_go_too_early(broker: FakeAmqp) -> None:
    charges(broker, confirms=False)

    def caught(assertion: Callable[..., None], *args: Any, **wanted: Any) -> str:
        with pytest.raises(ResilienceError) as caught:
            assertion(*args, **wanted)
        return str(caught.value)

    text = caught(assert_settle_order, broker.messages.through("default"), dead_letter="default.DQ", per=task)
    assert "although its dead letter in default.DQ was never confirmed" in text
    assert "never confirmed" in caught(assert_confirms_awaited, broker.messages, window=10)
