from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.prefetch import assert_prefetch_respected
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from tests.assertions.delivery.by_hand import HandQueue


def test_a_consumer_that_takes_two_at_a_time(queue: HandQueue) -> None:
    waiting = [queue.publish(str(number)) for number in range(5)]
    queue.deliver(waiting[0])
    for before, after in itertools.pairwise(waiting):
        queue.deliver(after)
        queue.ack(before)

    assert_prefetch_respected(queue.messages, 2)
    with pytest.raises(ResilienceError) as caught:
        assert_prefetch_respected(queue.messages, 1)

    text = str(caught.value)
    assert text.startswith("worker-1 had 2 messages in flight from orders at 0.000 s, expected at most 1\n")
    assert "^ 2 in flight" in text


def test_each_consumer_has_its_own_limit(queue: HandQueue) -> None:
    for number in range(4):
        queue.deliver(queue.publish(str(number)), who=f"worker-{number % 2}")
    queue.publish("5")

    assert_prefetch_respected(queue.messages, 2)
    with pytest.raises(ResilienceError, match="connection 2 had 4 messages in flight"):
        assert_prefetch_respected(queue.messages, 2, per="connection")


def test_what_came_back_is_not_in_flight(queue: HandQueue) -> None:
    first, second = queue.publish("1"), queue.publish("2")
    for message in (first, second, first, second):
        queue.deliver(message)
        queue.requeue(message)

    assert_prefetch_respected(queue.messages, 1)


def test_several_queues_share_a_connection(queue: HandQueue) -> None:
    for number in range(2):
        queue.deliver(queue.publish(str(number), to=f"q{number}"), f"q{number}")
        queue.publish("more", to=f"q{number}")

    with pytest.raises(ResilienceError, match="had 2 messages"):
        assert_prefetch_respected(queue.messages, 1, per="connection")


def test_with_too_few_messages_there_is_nothing_to_check(queue: HandQueue) -> None:
    queue.handled("1")
    queue.handled("2")

    with pytest.raises(NothingToCheck, match="never more than 1 message to be had at a time"):
        assert_prefetch_respected(queue.messages, 1)


def test_a_question_without_sense_is_refused(queue: HandQueue) -> None:
    with pytest.raises(ScriptingError, match="prefetch=0 is not a count"):
        assert_prefetch_respected(queue.messages, 0)
    with pytest.raises(ScriptingError, match="per='queue' is unknown"):
        assert_prefetch_respected(queue.messages, 1, per="queue")
