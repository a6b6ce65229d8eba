"""The same questions of SQS, where a message that is not deleted comes back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pytest_integrations.assertions import (
    assert_all_settled,
    assert_dead_lettered,
    assert_delivered,
    assert_no_poison_loop,
    assert_nothing_lost,
    assert_redelivery_backoff,
    fixed,
)
from pytest_integrations.backends.sqs.fake import FakeSqs
from pytest_integrations.core.errors import ResilienceError
from pytest_integrations.timekeeping.clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def broker() -> Iterator[FakeSqs]:
    with VirtualClock(), FakeSqs() as broker:
        yield broker


def _work(broker: FakeSqs, take: Callable[[Any, str, dict[str, Any]], None], *, idle: int = 120) -> None:
    """Receive one message after the other until none has come for *idle* seconds."""
    sqs, url = boto3.client("sqs", **broker.client_arguments), broker.url_of("orders")
    quiet = 0
    while quiet < idle:
        received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", [])
        quiet = 0 if received else quiet + 20
        for message in received:
            take(sqs, url, message)
    sqs.close()


def _caught(assertion: Any, *args: Any, **wanted: Any) -> str:
    with pytest.raises(ResilienceError) as caught:
        assertion(*args, **wanted)
    return str(caught.value)


def test_a_sound_consumer(broker: FakeSqs) -> None:
    orders = broker.queue("orders", visibility=30, dead_letter="orders-dead", max_deliveries=3)
    for body in ("1", "poison", "3"):
        orders.publish(body)
    handled = []

    def take(sqs: Any, url: str, message: dict[str, Any]) -> None:
        if message["Body"].isdigit():
            handled.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    _work(broker, take)

    assert_nothing_lost(orders.messages, dead_letter="orders-dead")
    assert_dead_lettered(orders.messages, ["poison"], after=3, to="orders-dead", reason="maxReceiveCount")
    assert_redelivery_backoff(orders.messages, fixed(30))
    assert_all_settled(orders.messages, within=30)
    assert_delivered(orders.messages[:1], effects=handled)
    assert_no_poison_loop(orders.messages, in_all=3)


def test_a_consumer_that_gives_back_at_once(broker: FakeSqs) -> None:
    orders = broker.queue("orders", visibility=30, dead_letter="orders-dead", max_deliveries=5)
    orders.publish("poison")
    orders.publish("2")

    def take(sqs: Any, url: str, message: dict[str, Any]) -> None:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)

    _work(broker, take)

    assert "TOO EARLY" in _caught(assert_redelivery_backoff, orders.messages, fixed(30))


def test_a_consumer_that_deletes_what_it_could_not_handle(broker: FakeSqs) -> None:
    orders = broker.queue("orders", dead_letter="orders-dead", max_deliveries=3)
    orders.publish("poison")

    _work(broker, lambda sqs, url, message: sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]))

    text = _caught(assert_dead_lettered, orders.messages, ["poison"])
    assert text.startswith("message 1 to orders was not dead-lettered: acked after 1 delivery\n")


def test_a_consumer_that_forgets_to_delete(broker: FakeSqs) -> None:
    orders = broker.queue("orders", visibility=30, dead_letter="orders-dead", max_deliveries=3)
    orders.publish("1")
    handled: list[str] = []

    _work(broker, lambda _sqs, _url, message: handled.append(message["Body"]))

    text = _caught(assert_delivered, orders.messages, at_most=1, effects=handled)
    assert text.startswith("expected at most 1 effect of message 1 to orders, saw 3\n")
