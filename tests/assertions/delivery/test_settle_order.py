from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.settle_order import assert_settle_order
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage
    from tests.assertions.delivery.by_hand import HandQueue


def _failing(queue: HandQueue, body: str = "poison", **how: Any) -> QueueMessage:
    message = queue.publish(body, **how)
    queue.deliver(message)
    return message


def _put_aside(queue: HandQueue, body: str = "poison", **how: Any) -> QueueMessage:
    return queue.publish(body, to="orders.dead", connection=queue.consumer, **how)


def test_the_dead_letter_first_is_right(queue: HandQueue) -> None:
    message = _failing(queue)
    _put_aside(queue)
    queue.ack(message)

    assert_settle_order(queue.messages.through("orders"), dead_letter="orders.dead")


def test_the_ack_first_is_wrong(queue: HandQueue) -> None:
    message = _failing(queue)
    queue.ack(message)
    _put_aside(queue)

    with pytest.raises(ResilienceError) as caught:
        assert_settle_order(queue.messages, dead_letter="orders.dead")

    text = str(caught.value)
    assert text.startswith("message 1 to orders was acked before its dead letter in orders.dead was confirmed\n")
    assert "message 1 to orders: poison" in text
    assert "message 2 to orders.dead: poison" in text


def test_between_publication_and_confirm_is_too_early(queue: HandQueue) -> None:
    message = _failing(queue)
    dead = _put_aside(queue, told=None)
    queue.ack(message)
    queue.tell(dead, "confirmed")

    with pytest.raises(ResilienceError, match="was acked before its dead letter"):
        assert_settle_order(queue.messages, dead_letter="orders.dead")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, "although its dead letter in orders.dead was never confirmed[\\s\\S]*confirm_delivery"),
        ("refused", "although its dead letter was refused by orders.dead[\\s\\S]*requeue=True"),
        ("returned", "although its dead letter was returned by orders.dead[\\s\\S]*requeue=True"),
    ],
)
def test_a_dead_letter_that_is_not_safe_is_none(queue: HandQueue, told: str | None, words: str) -> None:
    message = _failing(queue)
    _put_aside(queue, told=told, routed=told is None)
    queue.ack(message)

    with pytest.raises(ResilienceError, match=words):
        assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_one_that_was_sent_again_until_it_was_safe_is_right(queue: HandQueue) -> None:
    message = _failing(queue)
    _put_aside(queue, told="refused", routed=False)
    _put_aside(queue)
    queue.ack(message)

    assert_settle_order(queue.messages, dead_letter="orders.dead")


@pytest.mark.parametrize(
    ("source", "letter", "per"),
    [
        ({"key": "m-1"}, {"body": "wrapped", "key": "m-1"}, None),
        ({"key": "m-1"}, {"body": "wrapped", "headers": {"x-original": b"m-1"}}, None),
        ({"headers": {"order": 1}}, {"body": "wrapped", "headers": {"order": 1}}, "header:order"),
        ({}, {"body": "poison, wrapped"}, lambda message: message.body[:6]),
    ],
)
def test_what_belongs_together_is_found(queue: HandQueue, source: Any, letter: Any, per: Any) -> None:
    message = _failing(queue, **source)
    _failing(queue, body="another", key="m-2", headers={"order": 2})
    queue.ack(message)
    _put_aside(queue, **letter)

    with pytest.raises(ResilienceError, match="message 1 to orders was acked before its dead letter"):
        assert_settle_order(queue.messages.through("orders"), dead_letter="orders.dead", per=per)


def test_a_number_in_a_queue_is_no_name_elsewhere(queue: HandQueue) -> None:
    """Streams of Redis count by the clock: in the same millisecond the first entries of two have the same number."""
    message = _failing(queue, key="5-0", is_numbered=True)
    other = _failing(queue, "sound", key="5-1", is_numbered=True)
    queue.ack(message)
    _put_aside(queue, key="5-1", is_numbered=True)
    queue.ack(other)

    with pytest.raises(ResilienceError, match="message 1 to orders was acked before its dead letter"):
        assert_settle_order(queue.messages.through("orders"), dead_letter="orders.dead")


def test_of_like_messages_the_one_that_was_delivered_last_is_meant(queue: HandQueue) -> None:
    first = _failing(queue, "tick")
    queue.ack(first)
    second = _failing(queue, "tick")
    _put_aside(queue, "tick")
    queue.ack(second)

    assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_what_the_broker_moves_is_not_judged(queue: HandQueue) -> None:
    queue.dead_letter(_failing(queue))

    with pytest.raises(NothingToCheck, match=r"nothing was published to orders\.dead[\s\S]*assert_dead_lettered"):
        assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_what_the_consumer_moves_in_one_step_is_right(queue: HandQueue) -> None:
    queue.dead_letter(_failing(queue), connection=queue.consumer.id)

    assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_one_step_to_another_queue_is_not_judged(queue: HandQueue) -> None:
    queue.dead_letter(_failing(queue), connection=queue.consumer.id, to="elsewhere")

    with pytest.raises(NothingToCheck):
        assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_what_somebody_moves_that_nobody_had_is_not_judged(queue: HandQueue) -> None:
    """It is a matter of housekeeping: there is nobody who could have let go of it too early."""
    message = queue.publish("poison")
    queue.tell(message, "dead_lettered", "orders", to=("orders.dead",), connection=queue.consumer.id)

    with pytest.raises(NothingToCheck):
        assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_one_step_does_not_excuse_another(queue: HandQueue) -> None:
    queue.dead_letter(_failing(queue), connection=queue.consumer.id)
    message = _failing(queue, "also poison")
    queue.ack(message)
    _put_aside(queue, "also poison")

    with pytest.raises(ResilienceError, match="message 2 to orders was acked before its dead letter"):
        assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_without_an_ack_there_is_nothing_to_check(queue: HandQueue) -> None:
    _failing(queue)
    _put_aside(queue)

    with pytest.raises(NothingToCheck, match=r"1 dead letter came to orders\.dead, and nothing was acked"):
        assert_settle_order(queue.messages.through("orders"), dead_letter="orders.dead")


def test_letters_that_nobody_recognises_are_told(queue: HandQueue) -> None:
    queue.ack(_failing(queue))
    _put_aside(queue, "wrapped")

    with pytest.raises(NothingToCheck, match=r"none can be recognised[\s\S]*per="):
        assert_settle_order(queue.messages.through("orders"), dead_letter="orders.dead")


def test_a_name_that_is_none_is_refused(queue: HandQueue) -> None:
    with pytest.raises(ScriptingError, match="dead_letter='' is not the name of a queue"):
        assert_settle_order(queue.messages, dead_letter="")
