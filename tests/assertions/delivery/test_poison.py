from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.poison import assert_no_poison_loop
from pytest_integrations.core.errors import NothingToCheck, ResilienceError

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage
    from tests.assertions.delivery.by_hand import HandQueue


def _round(queue: HandQueue, message: QueueMessage, times: int = 1) -> None:
    for _ in range(times):
        queue.deliver(message)
        queue.requeue(message)


def test_a_loop_at_the_head_of_the_queue_is_caught(queue: HandQueue) -> None:
    poison = queue.publish("poison")
    queue.publish("2")
    queue.publish("3")
    _round(queue, poison, 40)

    with pytest.raises(ResilienceError) as caught:
        assert_no_poison_loop(queue.messages)

    text = str(caught.value)
    assert text.startswith("message 1 was delivered 40 times in a row from orders while 2 messages waited behind it\n")
    assert "^ 40 times in a row" in text
    assert "events not shown" in text
    assert len(text.splitlines()) < 40


def test_so_many_in_a_row_are_allowed(queue: HandQueue) -> None:
    poison = queue.publish("poison")
    queue.publish("2")
    _round(queue, poison, 3)

    assert_no_poison_loop(queue.messages, in_a_row=3)
    with pytest.raises(ResilienceError, match="3 times in a row from orders while 1 message waited"):
        assert_no_poison_loop(queue.messages, in_a_row=2)


def test_it_is_deliveries_that_count_however_they_end(queue: HandQueue) -> None:
    poison = queue.publish("poison")
    queue.publish("2")
    _round(queue, poison, 3)
    queue.deliver(poison)
    queue.ack(poison)

    with pytest.raises(ResilienceError, match="message 1 was delivered 4 times in a row"):
        assert_no_poison_loop(queue.messages, in_a_row=3)


def test_two_deliveries_can_be_judged(queue: HandQueue) -> None:
    _round(queue, queue.publish("poison"), 2)

    assert_no_poison_loop(queue.messages)


def test_once_nobody_waits_any_more_the_run_is_over(queue: HandQueue) -> None:
    poison, other = queue.publish("poison"), queue.publish("2")
    _round(queue, poison, 2)
    queue.tell(other, "expired", "orders")
    _round(queue, poison, 10)

    assert_no_poison_loop(queue.messages, in_a_row=2)


def test_others_in_between_end_the_run(queue: HandQueue) -> None:
    poison = queue.publish("poison")
    others = [queue.publish(str(number)) for number in range(5)]
    for other in others:
        _round(queue, poison, 3)
        queue.deliver(other)
        queue.ack(other)

    assert_no_poison_loop(queue.messages, in_a_row=3)


def test_if_nobody_waits_nobody_is_held_up(queue: HandQueue) -> None:
    poison = queue.publish("poison")
    _round(queue, poison, 10)
    queue.publish("2", to="another")
    _round(queue, poison, 10)

    assert_no_poison_loop(queue.messages)


def test_those_in_flight_do_not_wait(queue: HandQueue) -> None:
    poison, other = queue.publish("poison"), queue.publish("2")
    queue.deliver(other)
    _round(queue, poison, 10)

    assert_no_poison_loop(queue.messages)


def test_no_end_is_a_loop_as_well(queue: HandQueue) -> None:
    _round(queue, queue.publish("poison"), 10)

    assert_no_poison_loop(queue.messages, in_all=10)
    with pytest.raises(ResilienceError, match="message 1 to orders was delivered 10 times, expected at most 9\n"):
        assert_no_poison_loop(queue.messages, in_all=9)


def test_a_part_of_the_messages_is_held_up_by_all_of_them(queue: HandQueue) -> None:
    poison = queue.publish("poison")
    queue.publish("2")
    _round(queue, poison, 10)

    with pytest.raises(ResilienceError, match="while 1 message waited"):
        assert_no_poison_loop(queue.messages[:1])


def test_without_a_second_delivery_there_is_nothing_to_check(queue: HandQueue) -> None:
    queue.handled("1")

    with pytest.raises(NothingToCheck, match="no message was delivered twice"):
        assert_no_poison_loop(queue.messages)
