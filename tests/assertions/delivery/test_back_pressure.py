from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.back_pressure import assert_back_pressure
from pytest_integrations.core.errors import NothingToCheck, ResilienceError

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage
    from tests.assertions.delivery.by_hand import HandQueue


def _turned_away(queue: HandQueue, body: str, told: str | None = "refused") -> QueueMessage:
    message = queue.publish(body, routed=False, told=None)
    queue.tell(message, "rejected", "orders", reason="maxlen")
    if told:
        queue.tell(message, told)
    return message


def test_a_full_queue_that_says_so_is_right(queue: HandQueue) -> None:
    queue.publish("1")
    queue.deliver(queue.publish("2"))
    queue.publish("3")
    _turned_away(queue, "4")

    assert_back_pressure(queue.messages, "orders", limit=2)


def test_a_refusal_is_one_whatever_the_queue_says_of_it(queue: HandQueue) -> None:
    refused = queue.publish("1", routed=False, told=None)
    queue.tell(refused, "dropped", reason="refused")
    queue.tell(refused, "refused")

    assert_back_pressure(queue.messages, "orders", limit=2)


def test_a_refusal_of_another_queue_is_none_of_this_one(queue: HandQueue) -> None:
    queue.publish("1", to="audit", routed=False, told="refused")
    queue.publish("2")

    with pytest.raises(NothingToCheck, match="orders turned nothing away"):
        assert_back_pressure(queue.messages, "orders", limit=2)


def test_more_than_the_limit_is_caught(queue: HandQueue) -> None:
    for number in range(5):
        queue.publish(str(number))

    with pytest.raises(ResilienceError) as caught:
        assert_back_pressure(queue.messages, "orders", limit=3)

    text = str(caught.value)
    assert text.startswith("5 messages waited in orders at 0.000 s, expected at most 3\n")
    assert 'queue("orders", max_length=3, overflow="reject-publish")' in text


def test_what_was_dropped_to_make_room_is_caught(queue: HandQueue) -> None:
    queue.tell(queue.publish("1"), "dropped", "orders", reason="maxlen")
    queue.publish("2")

    with pytest.raises(ResilienceError, match=r"message 1 was dropped from orders to make room \(maxlen\), and nobody"):
        assert_back_pressure(queue.messages, "orders", limit=1)


def test_a_refusal_in_silence_is_caught(queue: HandQueue) -> None:
    _turned_away(queue, "1", told=None)

    with pytest.raises(
        ResilienceError, match=r"was not taken by orders, and its producer was not told[\s\S]*NackError"
    ):
        assert_back_pressure(queue.messages, "orders", limit=1)


def test_a_producer_that_goes_on_at_once_is_caught(queue: HandQueue) -> None:
    _turned_away(queue, "1")
    queue.at(0.25)
    _turned_away(queue, "1")

    assert_back_pressure(queue.messages, "orders", limit=1)
    assert_back_pressure(queue.messages, "orders", limit=1, pause=0.25)
    with pytest.raises(ResilienceError) as caught:
        assert_back_pressure(queue.messages, "orders", limit=1, pause=1)

    assert str(caught.value).startswith(
        "the producer sent message 2 0.250 s after message 1 had been refused, expected a pause of 1 s\n"
    )


def test_what_the_broker_moves_on_makes_room_and_loses_nothing(queue: HandQueue) -> None:
    oldest = queue.publish("1")
    queue.publish("2")
    queue.tell(oldest, "dead_lettered", "orders", reason="maxlen", to=("orders.dead",))
    queue.tell(oldest, "routed", "orders.dead")

    with pytest.raises(NothingToCheck, match="orders turned nothing away: at most 1 message waited in it"):
        assert_back_pressure(queue.messages, "orders", limit=1)


def test_over_a_new_connection_it_is_the_same_producer_if_it_is_the_same_message(queue: HandQueue) -> None:
    _turned_away(queue, "1")
    queue.producer = queue.ledger.connect("fake_amqp")
    _turned_away(queue, "1")

    with pytest.raises(ResilienceError, match=r"message 2 0\.000 s after message 1"):
        assert_back_pressure(queue.messages, "orders", limit=1, pause=1)


def test_another_producer_need_not_wait(queue: HandQueue) -> None:
    _turned_away(queue, "1")
    queue.publish("2", connection=queue.consumer)

    assert_back_pressure(queue.messages, "orders", limit=1, pause=1)


def test_a_queue_that_was_never_full_proves_nothing(queue: HandQueue) -> None:
    queue.publish("1")

    with pytest.raises(NothingToCheck, match="orders turned nothing away: at most 1 message waited in it"):
        assert_back_pressure(queue.messages, "orders", limit=2)
