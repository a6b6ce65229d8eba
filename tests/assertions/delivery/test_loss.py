from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.loss import assert_nothing_lost
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError
from tests.assertions.ledgers import scripted

if TYPE_CHECKING:
    from tests.assertions.delivery.by_hand import HandQueue


def test_messages_that_were_handled_or_wait_where_they_may_pass(queue: HandQueue) -> None:
    queue.handled("1")
    dead = queue.publish("poison")
    queue.deliver(dead)
    queue.dead_letter(dead)

    assert_nothing_lost(queue.messages, dead_letter="orders.dead")
    assert_nothing_lost(queue.messages, dead_letter=("other", "orders.dead"))


def test_a_message_that_was_confirmed_and_dropped_is_told_with_its_story(queue: HandQueue) -> None:
    queue.handled("1")
    lost = queue.publish("poison")
    queue.at(0.25)
    queue.deliver(lost)
    queue.drop(lost)

    with pytest.raises(ResilienceError) as caught:
        assert_nothing_lost(queue.messages)

    how = "confirmed to its producer, and then dropped from orders (rejected)"
    assert str(caught.value).splitlines() == [
        f"1 of 2 messages was lost: message 2 to orders was {how}",
        "  message 2 to orders: poison",
        "     0.000 s  published         to orders    conn 1",
        "     0.000 s  routed            into orders",
        "     0.000 s  confirmed                      conn 1",
        "     0.250 s  delivered  try 1  from orders  to worker-1, conn 2",
        "     0.250 s  dropped    try 1  from orders  (rejected)",
        f"              ^ {how}",
        "  now: in no queue, dropped (rejected)",
        "",
        "Who published it believes that it will be handled, and nothing is left that could tell otherwise.",
        "-> The consumer rejected it, and the queue has no dead-letter queue: declare it with one,",
        '   queue("orders", dead_letter="orders.dead").',
    ]


@pytest.mark.parametrize(
    ("kind", "reason", "hint"),
    [
        ("dropped", "maxlen", 'overflow="reject-publish"'),
        ("expired", "", 'allow="expired"'),
        ("purged", "", 'allow="purged"'),
        ("dropped", "refused", "Turn on confirms"),
        ("dropped", "lost", "compare what was sent with what was done"),
        ("dropped", "whatever", "Give the queue a dead-letter queue"),
    ],
)
def test_what_never_reached_a_consumer_is_lost_as_well(queue: HandQueue, kind: str, reason: str, hint: str) -> None:
    message = queue.publish("1")
    queue.tell(message, kind, "orders", reason=reason)

    with pytest.raises(ResilienceError, match=hint):
        assert_nothing_lost(queue.messages)


@pytest.mark.parametrize("allow", ["expired", ("purged", "expired"), "ttl"])
def test_an_end_that_is_allowed_is_no_loss(queue: HandQueue, allow: str) -> None:
    queue.tell(queue.publish("1"), "expired", "orders", reason="ttl")

    assert_nothing_lost(queue.messages, allow=allow)


def test_what_the_broker_was_allowed_does_not_allow_the_rest(queue: HandQueue) -> None:
    queue.tell(queue.publish("1"), "expired", "orders")
    queue.tell(queue.publish("2"), "dropped", "orders")

    with pytest.raises(ResilienceError, match="1 of 2 messages was lost: message 2"):
        assert_nothing_lost(queue.messages, allow="expired")


@pytest.mark.parametrize("told", ["refused", "returned"])
def test_who_was_told_can_send_it_again(queue: HandQueue, told: str) -> None:
    refused = queue.publish("1", routed=False, told=None)
    queue.tell(refused, "rejected", "orders", reason="maxlen")
    queue.tell(refused, told)

    assert_nothing_lost(queue.messages)


def test_a_queue_that_is_full_in_silence_loses(queue: HandQueue) -> None:
    message = queue.publish("1", routed=False, told=None)
    queue.tell(message, "rejected", "orders", reason="maxlen")

    with pytest.raises(ResilienceError, match=r"not taken by orders \(maxlen\), and nobody was told[\s\S]*confirm_del"):
        assert_nothing_lost(queue.messages)


def test_an_unroutable_message_is_lost_unless_it_was_returned(queue: HandQueue) -> None:
    message = queue.publish("1", to="events/order.made", routed=False)
    queue.tell(message, "dropped", reason="unroutable")

    with pytest.raises(ResilienceError, match=r"and then dropped \(unroutable\)[\s\S]*mandatory=True"):
        assert_nothing_lost(queue.messages)


def test_a_message_that_nothing_was_heard_of_is_lost(queue: HandQueue) -> None:
    queue.publish("1", routed=False, told=None)

    with pytest.raises(ResilienceError, match="was published, and came into no queue"):
        assert_nothing_lost(queue.messages)


def test_a_publication_that_was_made_good_is_not_lost(queue: HandQueue) -> None:
    queue.publish("1", routed=False, told=None, key="a")
    queue.handled("1", key="a")

    assert_nothing_lost(queue.messages)


def test_a_like_one_that_was_confirmed_too_makes_nothing_good(queue: HandQueue) -> None:
    lost = queue.publish("tick")
    queue.tell(lost, "dropped", "orders", reason="maxlen")
    queue.handled("tick")

    with pytest.raises(ResilienceError, match="1 of 2 messages was lost"):
        assert_nothing_lost(queue.messages)


def test_a_duplicate_that_waits_is_left_over_although_it_is_not_lost(queue: HandQueue) -> None:
    queue.publish("1", told=None, key="a")
    queue.handled("1", key="a")

    with pytest.raises(ResilienceError, match="1 of 2 messages was left over: message 1 to orders waits in orders"):
        assert_nothing_lost(queue.messages)


def test_a_dead_letter_that_came_nowhere_is_lost(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.settle(message, "dead_lettered", to=("orders.dead",), reason="rejected")

    with pytest.raises(ResilienceError, match=r"moved from orders to orders\.dead, where it never came"):
        assert_nothing_lost(queue.messages, dead_letter="orders.dead")


def test_a_dead_letter_that_its_queue_did_not_take_is_lost(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.settle(message, "dead_lettered", to=("orders.dead",), reason="rejected")
    queue.tell(message, "rejected", "orders.dead", reason="maxlen")

    with pytest.raises(
        ResilienceError, match=r"not taken by orders\.dead \(maxlen\), and nobody was told[\s\S]*watch how long it is"
    ):
        assert_nothing_lost(queue.messages, dead_letter="orders.dead")


def test_what_waits_in_another_queue_is_left_over(queue: HandQueue) -> None:
    dead = queue.publish("poison")
    queue.deliver(dead)
    queue.dead_letter(dead)

    with pytest.raises(ResilienceError) as caught:
        assert_nothing_lost(queue.messages)

    text = str(caught.value)
    assert text.startswith("1 of 1 message was left over: message 1 to orders waits in orders.dead\n")
    assert "-> If it may wait there, say dead_letter='orders.dead'" in text


def test_a_consumer_that_died_is_told_first(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.at(0.5)
    queue.consumer.closed, queue.consumer.closed_by = 0.5, "client"
    queue.requeue(message, "connection lost")

    with pytest.raises(ResilienceError) as caught:
        assert_nothing_lost(queue.messages)

    notes = str(caught.value).partition("\n\n")[2]
    assert notes.startswith(
        "First of all: connection 2, which had the last delivery, was closed by the client at 0.500"
    )


def test_what_is_in_flight_at_the_end_is_left_over(queue: HandQueue) -> None:
    queue.deliver(queue.publish("1"))

    with pytest.raises(ResilienceError, match="left over: message 1 to orders in flight from orders"):
        assert_nothing_lost(queue.messages)


def test_the_fault_that_did_it_is_named(queue: HandQueue) -> None:
    message = queue.publish("1", routed=False)
    queue.tell(message, "dropped", "orders", reason="lost", fault=scripted("lost_message"))

    with pytest.raises(ResilienceError, match=r"It was lost_message\(\) that did it"):
        assert_nothing_lost(queue.messages)


def test_a_copy_that_ends_twice_is_an_error_of_the_fake(queue: HandQueue) -> None:
    message = queue.handled("1")
    queue.tell(message, "acked", "orders")

    with pytest.raises(ResilienceError, match=r"acked in orders without having come there[\s\S]*error of the fake"):
        assert_nothing_lost(queue.messages)


def test_each_copy_of_a_fan_out_counts(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.tell(message, "routed", "audit")
    queue.deliver(message)
    queue.ack(message)

    with pytest.raises(ResilienceError, match=r"routed +into audit\n +\^ still waits in audit\n"):
        assert_nothing_lost(queue.messages)


def test_without_a_message_there_is_nothing_to_check(queue: HandQueue) -> None:
    with pytest.raises(NothingToCheck, match="no message was published"):
        assert_nothing_lost(queue.messages)


@pytest.mark.parametrize("wrong", [[], None, "orders"])
def test_what_is_no_messages_is_refused(wrong: object) -> None:
    with pytest.raises(ScriptingError, match=r"valid are fake\.messages"):
        assert_nothing_lost(wrong)


@pytest.mark.parametrize("wrong", [7, [None], ""])
def test_a_name_that_is_none_is_refused(queue: HandQueue, wrong: object) -> None:
    queue.handled("1")

    with pytest.raises(ScriptingError, match=r"dead_letter=.* is not a name"):
        assert_nothing_lost(queue.messages, dead_letter=wrong)
