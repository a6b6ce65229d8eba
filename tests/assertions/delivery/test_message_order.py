from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.message_order import assert_ordered
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from tests.assertions.delivery.by_hand import HandQueue


def test_one_after_the_other_is_in_order(queue: HandQueue) -> None:
    for number in range(3):
        queue.handled(str(number))

    assert_ordered(queue.messages)
    assert_ordered(queue.messages, by="delivered", queue="orders")


def test_a_requeue_lets_others_overtake(queue: HandQueue) -> None:
    first, second = queue.publish("1"), queue.publish("2")
    queue.deliver(first)
    queue.deliver(second)
    queue.requeue(first)
    queue.ack(second)
    queue.deliver(first)
    queue.ack(first)

    with pytest.raises(ResilienceError) as caught:
        assert_ordered(queue.messages)

    text = str(caught.value)
    assert text.startswith(
        "message 2 was acked before message 1, which had come into orders before it (1 message overtaken)\n"
    )
    assert "^ too late" in text
    assert "prefetch_count=1" in text
    assert_ordered(queue.messages, by="delivered")


def test_only_those_that_were_overtaken_are_told(queue: HandQueue) -> None:
    waiting = [queue.publish(str(number)) for number in range(1, 6)]
    for place in (0, 2, 1, 3, 4):
        queue.deliver(waiting[place])
        queue.ack(waiting[place])

    with pytest.raises(ResilienceError) as caught:
        assert_ordered(queue.messages)

    text = str(caught.value)
    assert text.startswith("message 3 was acked before message 2, which")
    assert "(1 message overtaken)" in text.splitlines()[0]
    assert text.count("now: acked") == 2
    assert "several threads" in text


def test_deliveries_out_of_order_are_caught_too(queue: HandQueue) -> None:
    first, second = queue.publish("1"), queue.publish("2")
    for message in (second, first):
        queue.deliver(message)

    with pytest.raises(ResilienceError, match="message 2 was delivered before message 1"):
        assert_ordered(queue.messages, by="delivered")


def test_groups_do_not_wait_for_each_other(queue: HandQueue) -> None:
    waiting = [queue.publish(str(number), headers={"customer": number % 2}) for number in range(4)]
    for number in (1, 3, 0, 2):
        queue.deliver(waiting[number])
        queue.ack(waiting[number])

    assert_ordered(queue.messages, per="header:customer")
    with pytest.raises(ResilienceError, match="message 2 was acked before message 1"):
        assert_ordered(queue.messages)


def test_queues_do_not_wait_for_each_other(queue: HandQueue) -> None:
    first, second = queue.publish("1", to="a"), queue.publish("2", to="b")
    for message in (second, first):
        queue.deliver(message, message.published_to)
        queue.ack(message)

    with pytest.raises(NothingToCheck, match="no queue has two messages that were acked"):
        assert_ordered(queue.messages)


def test_what_is_never_acked_holds_nobody_up(queue: HandQueue) -> None:
    poison = queue.publish("poison")
    queue.handled("2")
    queue.handled("3")
    queue.deliver(poison)
    queue.dead_letter(poison)

    assert_ordered(queue.messages)


def test_a_question_without_sense_is_refused(queue: HandQueue) -> None:
    with pytest.raises(ScriptingError, match="by='handled' is unknown"):
        assert_ordered(queue.messages, by="handled")
