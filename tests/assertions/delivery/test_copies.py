"""A message that is routed to several queues: what is asked of it is asked of each copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.dead_lettering import assert_dead_lettered
from pytest_integrations.assertions.poison import assert_no_poison_loop
from pytest_integrations.assertions.redelivery import assert_redelivery_backoff
from pytest_integrations.assertions.schedules import fixed
from pytest_integrations.assertions.settle_order import assert_settle_order
from pytest_integrations.assertions.settling import assert_all_settled
from pytest_integrations.core.errors import NothingToCheck, ResilienceError
from pytest_integrations.faults import redeliver

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage
    from tests.assertions.delivery.by_hand import HandQueue


def _published(queue: HandQueue) -> QueueMessage:
    message = queue.publish("poison", to="orders")
    queue.tell(message, "routed", "audit")
    return message


def _audited(queue: HandQueue, message: QueueMessage) -> None:
    queue.deliver(message, "audit")
    queue.ack(message)


def _retried(queue: HandQueue, message: QueueMessage, times: int) -> None:
    """Let it be tried so many times, a second apart, by way of a queue in which it waits."""
    for second in range(1, times):
        queue.deliver(message)
        queue.dead_letter(message, "orders.wait")
        queue.at(second)
        queue.tell(message, "dead_lettered", "orders.wait", to=("orders",), reason="expired")
        queue.tell(message, "routed", "orders")
    queue.deliver(message)


def test_deliveries_from_another_queue_do_not_use_up_the_attempts(queue: HandQueue) -> None:
    message = _published(queue)
    _audited(queue, message)
    _retried(queue, message, 3)
    queue.dead_letter(message)

    assert_dead_lettered(queue.messages, ["poison"], after=3, to="orders.dead")
    with pytest.raises(ResilienceError, match="was dead-lettered after 3 deliveries, expected after 4"):
        assert_dead_lettered(queue.messages, ["poison"], after=4, to="orders.dead")


def test_waits_are_those_of_one_copy(queue: HandQueue) -> None:
    message = _published(queue)
    _audited(queue, message)
    with pytest.raises(NothingToCheck):
        assert_redelivery_backoff(queue.messages, fixed(1))
    with pytest.raises(NothingToCheck):
        assert_no_poison_loop(queue.messages, in_all=1)

    _retried(queue, message, 3)
    assert_redelivery_backoff(queue.messages, fixed(1))
    assert_no_poison_loop(queue.messages, in_all=3)


def test_the_ack_of_another_copy_is_not_the_one_before_the_confirm(queue: HandQueue) -> None:
    message = _published(queue)
    _audited(queue, message)
    queue.deliver(message)
    queue.publish("poison", to="orders.dead", connection=queue.consumer)
    with pytest.raises(NothingToCheck, match="nothing was acked"):
        assert_settle_order(queue.messages, dead_letter="orders.dead")

    queue.ack(message)
    assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_the_ack_of_another_copy_does_not_hide_one_that_came_too_early(queue: HandQueue) -> None:
    message = _published(queue)
    queue.deliver(message)
    letter = queue.publish("poison", to="orders.dead", connection=queue.consumer, told=None)
    queue.ack(message)
    queue.tell(letter, "confirmed", connection=queue.consumer.id)
    _audited(queue, message)

    with pytest.raises(ResilienceError, match=r"was acked before its dead letter in orders\.dead was confirmed"):
        assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_another_copy_that_is_delivered_does_not_hide_one_that_was_given_back(queue: HandQueue) -> None:
    message = _published(queue)
    queue.deliver(message)
    queue.requeue(message)
    _audited(queue, message)

    with pytest.raises(ResilienceError, match=r"was given back to orders .* and nobody took it again"):
        assert_all_settled(queue.messages)


def test_a_copy_each_is_dead_lettered_once(queue: HandQueue) -> None:
    """Two queues share their dead-letter queue, and neither consumer can handle it."""
    message = _published(queue)
    for name in ("orders", "audit"):
        queue.deliver(message, name)
        queue.dead_letter(message, "dead")
    assert_dead_lettered(queue.messages, ["poison"], after=1, to="dead")


def test_copies_that_are_handled_at_once_have_not_failed(queue: HandQueue) -> None:
    message = _published(queue)
    _audited(queue, message)
    queue.deliver(message)
    queue.ack(message)

    with pytest.raises(NothingToCheck, match="no delivery failed"):
        assert_dead_lettered(queue.messages)


def _of_two(queue: HandQueue, *, times: int = 1) -> QueueMessage:
    """Let the consumer of orders try it so many times; at the last one another has its own copy in hand, too."""
    message = _published(queue)
    _retried(queue, message, times)
    queue.deliver(message, "audit", connection=queue.ledger.connect(queue.fake).id)
    return message


def test_the_copy_put_aside_is_that_of_who_put_it_aside(queue: HandQueue) -> None:
    message = _of_two(queue, times=3)
    queue.publish("poison", to="orders.dead", connection=queue.consumer)
    queue.ack(message, delivery=3)
    queue.ack(message)

    assert_dead_lettered(queue.messages.through("orders"), ["poison"], after=3, to="orders.dead")
    assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_who_publishes_by_another_connection_has_put_aside_what_was_tried_most_often(queue: HandQueue) -> None:
    message = _of_two(queue, times=3)
    queue.publish("poison", to="orders.dead", connection=queue.producer)
    queue.ack(message)
    queue.ack(message)

    assert_dead_lettered(queue.messages.through("orders"), ["poison"], after=3, to="orders.dead")


def test_the_ack_of_another_copy_while_this_one_is_put_aside_is_not_blamed(queue: HandQueue) -> None:
    message = _of_two(queue)
    queue.ack(message)
    queue.publish("poison", to="orders.dead", connection=queue.consumer)
    queue.ack(message)

    assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_another_copy_in_hand_does_not_hide_an_ack_that_came_too_early(queue: HandQueue) -> None:
    message = _of_two(queue)
    queue.ack(message, delivery=1)
    queue.publish("poison", to="orders.dead", connection=queue.consumer)
    queue.ack(message)

    with pytest.raises(ResilienceError, match=r"was acked before its dead letter in orders\.dead was confirmed"):
        assert_settle_order(queue.messages, dead_letter="orders.dead")


def test_one_worker_may_have_both_copies_in_hand(queue: HandQueue) -> None:
    message = _published(queue)
    for name in ("orders", "audit"):
        queue.deliver(message, name)
    for delivery in (1, 2):
        queue.publish("poison", to="dead", connection=queue.consumer)
        queue.ack(message, delivery=delivery)

    assert_dead_lettered(queue.messages.through("orders"), ["poison"], after=1, to="dead")
    assert_settle_order(queue.messages, dead_letter="dead")


def test_each_copy_is_acked_when_its_own_dead_letter_is_safe(queue: HandQueue) -> None:
    message = _published(queue)
    queue.deliver(message)
    queue.publish("poison", to="dead", connection=queue.consumer)
    queue.ack(message)
    queue.deliver(message, "audit")
    queue.ack(message)
    queue.publish("poison", to="dead", connection=queue.consumer)

    with pytest.raises(ResilienceError, match="was acked before its dead letter in dead was confirmed"):
        assert_settle_order(queue.messages, dead_letter="dead")


def test_a_delivery_that_a_fault_cut_short_may_count_or_not(queue: HandQueue) -> None:
    message = queue.publish("poison")
    for _ in range(2):
        queue.deliver(message)
        queue.requeue(message, fault=redeliver())
    queue.deliver(message)
    queue.dead_letter(message)

    for after in (1, 2, 3):
        assert_dead_lettered(queue.messages, ["poison"], after=after, to="orders.dead")
    with pytest.raises(ResilienceError, match="after 3 deliveries, expected after 4"):
        assert_dead_lettered(queue.messages, ["poison"], after=4, to="orders.dead")
