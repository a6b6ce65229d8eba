from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.settling import assert_all_settled
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from tests.assertions.delivery.by_hand import HandQueue


def test_whatever_settles_passes(queue: HandQueue) -> None:
    queue.handled("1")
    dropped, dead, back = queue.publish("2"), queue.publish("3"), queue.publish("4")
    for message in (dropped, dead, back):
        queue.deliver(message)
    queue.drop(dropped)
    queue.dead_letter(dead)
    queue.requeue(back, "connection lost")
    queue.deliver(back)
    queue.ack(back)

    assert_all_settled(queue.messages)


def test_a_delivery_that_nobody_settled_is_told_with_those_that_wait_behind(queue: HandQueue) -> None:
    queue.at(2)
    queue.deliver(queue.publish("poison"))
    queue.publish("2")
    queue.publish("3")

    with pytest.raises(ResilienceError) as caught:
        assert_all_settled(queue.messages)

    text = str(caught.value)
    assert text.startswith("1 of 1 delivery was never settled: message 1 from orders is in flight since 2.000 s\n")
    assert "^ never settled" in text
    assert "\n2 messages wait behind it in orders.\n" in text


def test_the_first_of_two_deliveries_can_be_the_one(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.deliver(message)
    queue.settle(message, "acked", delivery=2)

    with pytest.raises(ResilienceError, match="1 of 2 deliveries was never settled"):
        assert_all_settled(queue.messages)


def test_what_was_given_back_must_be_taken_again(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.at(0.5)
    queue.consumer.closed, queue.consumer.closed_by = 0.5, "fake"
    queue.requeue(message, "connection lost")

    with pytest.raises(ResilienceError) as caught:
        assert_all_settled(queue.messages)

    text = str(caught.value)
    assert text.startswith(
        "message 1 was given back to orders (connection lost) at 0.500 s, and nobody took it again\n"
    )
    assert "First of all: connection 2, which had the last delivery, was closed by the fake at 0.500 s." in text


def test_a_delivery_may_take_so_long(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.at(30)
    queue.ack(message)

    assert_all_settled(queue.messages, within=30)
    with pytest.raises(ResilienceError) as caught:
        assert_all_settled(queue.messages, within=29.999)

    assert str(caught.value).startswith(
        "1 of 1 delivery took longer than 29.999 s to be settled: message 1 from orders took 30.000 s\n"
    )


def test_the_real_clock_has_its_tolerance(real: HandQueue) -> None:
    message = real.publish("1")
    real.deliver(message)
    real.at(1.2)
    real.ack(message)

    assert_all_settled(real.messages, within=1)
    with pytest.raises(ResilienceError):
        assert_all_settled(real.messages, within=0.9)


def test_without_a_delivery_there_is_nothing_to_check(queue: HandQueue) -> None:
    queue.publish("1")

    with pytest.raises(NothingToCheck, match="nothing was delivered"):
        assert_all_settled(queue.messages)


def test_a_limit_that_is_none_is_refused(queue: HandQueue) -> None:
    with pytest.raises(ScriptingError, match="within=-1 is not a duration"):
        assert_all_settled(queue.messages, within=-1)
