from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.redelivery import assert_redelivery_backoff
from pytest_integrations.assertions.schedules import exponential, fixed, listed
from pytest_integrations.core.errors import NothingToCheck, ResilienceError

if TYPE_CHECKING:
    from tests.assertions.delivery.by_hand import HandQueue


def _tried(queue: HandQueue, *starts: float, took: float = 0.5) -> None:
    """Let one message be delivered at each of *starts*, and come back *took* seconds later."""
    queue.at(starts[0])
    message = queue.publish("poison")
    for start in starts:
        queue.at(start)
        queue.deliver(message)
        queue.at(start + took)
        queue.requeue(message)


def test_waits_count_from_the_settling(queue: HandQueue) -> None:
    _tried(queue, 0, 1.5, 4, 8.5)

    assert_redelivery_backoff(queue.messages, exponential(base=1, factor=2))


def test_a_requeue_at_once_is_too_early(queue: HandQueue) -> None:
    _tried(queue, 0, 0.5, 1)

    with pytest.raises(ResilienceError) as caught:
        assert_redelivery_backoff(queue.messages, listed(1, 2))

    text = str(caught.value)
    assert text.startswith("wait 1 of message 1 was 0.000 s, 1 s was due by listed(1, 2) (2 of 2 waits are wrong)\n")
    assert "^ wait 1 was 0.000 s: 1.000 s allowed: TOO EARLY" in text
    assert "a queue with a TTL that dead-letters" in text
    assert "The waits look like no wait at all" in text


def test_many_wrong_waits_are_not_all_remarked_on(queue: HandQueue) -> None:
    _tried(queue, *[0.5 * number for number in range(100)])

    with pytest.raises(ResilienceError) as caught:
        assert_redelivery_backoff(queue.messages, fixed(10))

    assert str(caught.value).count("TOO EARLY") == 8
    assert len(str(caught.value).splitlines()) < 60


def test_a_long_wait_is_too_late(queue: HandQueue) -> None:
    _tried(queue, 0, 3.5)

    with pytest.raises(ResilienceError, match=r"TOO LATE[\s\S]*waits longer than was agreed"):
        assert_redelivery_backoff(queue.messages, fixed(2))


def test_the_real_clock_has_its_tolerance(real: HandQueue) -> None:
    _tried(real, 0, 1.7)

    assert_redelivery_backoff(real.messages, fixed(1))
    with pytest.raises(ResilienceError):
        assert_redelivery_backoff(real.messages, fixed(1), tolerance=0.1)


def test_a_detour_by_a_waiting_queue_is_one_wait(queue: HandQueue) -> None:
    message = queue.publish("poison")
    queue.deliver(message)
    queue.dead_letter(message, "orders.wait")
    queue.at(30)
    queue.tell(message, "dead_lettered", "orders.wait", reason="expired", to=("orders",))
    queue.tell(message, "routed", "orders")
    queue.deliver(message)

    assert_redelivery_backoff(queue.messages, fixed(30))


def test_what_is_published_again_is_one_by_what_the_test_says(queue: HandQueue) -> None:
    for start in (0, 10, 20):
        queue.at(start)
        queue.handled("1", headers={"task": "t-1"})

    with pytest.raises(NothingToCheck):
        assert_redelivery_backoff(queue.messages, fixed(10))
    assert_redelivery_backoff(queue.messages, fixed(10), per="header:task")


def test_deliveries_out_of_the_dead_letter_queue_can_be_left_out(queue: HandQueue) -> None:
    _tried(queue, 0, 1.5)
    message = queue.messages[0]
    queue.deliver(message)
    queue.dead_letter(message)
    queue.at(99)
    queue.deliver(message, "orders.dead")

    with pytest.raises(ResilienceError, match="wait 3"):
        assert_redelivery_backoff(queue.messages, listed(1, 0))
    assert_redelivery_backoff(queue.messages, listed(1, 0), queue="orders")


def test_jitter_that_was_never_drawn_is_caught(queue: HandQueue) -> None:
    _tried(queue, *[0.5 * number for number in range(8)])

    with pytest.raises(ResilienceError, match="the 7 waits are too short for chance: all at the lower end"):
        assert_redelivery_backoff(queue.messages, fixed(1, jitter="full"))


def test_redeliveries_at_the_cap_are_by_chance(queue: HandQueue) -> None:
    """Half of what is drawn, and more, may be above the cap."""
    _tried(queue, 0, 2, 4, 6, took=0)

    assert_redelivery_backoff(queue.messages, exponential(1, cap=2, jitter="decorrelated"))


def test_what_the_broker_takes_back_by_itself_has_waited_since_its_delivery(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.at(30)
    queue.requeue(message, "visibility timeout", connection=0)
    queue.deliver(message)

    assert_redelivery_backoff(queue.messages, fixed(30))


def test_a_delivery_that_is_taken_back_counts_from_there(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.at(5)
    queue.deliver(message)

    assert_redelivery_backoff(queue.messages, fixed(5))


def test_without_a_second_delivery_there_is_nothing_to_check(queue: HandQueue) -> None:
    queue.handled("1")

    with pytest.raises(NothingToCheck, match="no message was delivered twice"):
        assert_redelivery_backoff(queue.messages, fixed(1))
