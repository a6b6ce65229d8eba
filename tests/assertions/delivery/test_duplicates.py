from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.duplicates import assert_duplicates_bounded
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from tests.assertions.delivery.by_hand import HandQueue


def _twice(queue: HandQueue, body: str = "o-17") -> None:
    message = queue.publish(body)
    for _ in range(2):
        queue.deliver(message)
    for _ in range(2):
        queue.ack(message)


def test_one_effect_of_two_deliveries_is_right(queue: HandQueue) -> None:
    _twice(queue)

    assert_duplicates_bounded(queue.messages, ["o-17"])
    assert_duplicates_bounded(queue.messages, {b"o-17": 1})
    assert_duplicates_bounded(queue.messages, [])


def test_two_effects_are_one_too_many(queue: HandQueue) -> None:
    _twice(queue)
    queue.handled("o-18")

    with pytest.raises(ResilienceError) as caught:
        assert_duplicates_bounded(queue.messages, ["o-17", "o-17", "o-18"])

    assert str(caught.value).startswith(
        "message 1 to orders took effect 2 times, expected at most 1: it was delivered 2 times\n"
    )
    assert_duplicates_bounded(queue.messages, ["o-17", "o-17", "o-18"], allowed=1)


def test_a_producer_that_sends_again_makes_duplicates_too(queue: HandQueue) -> None:
    queue.handled("o-17", told=None)
    queue.handled("o-17")

    with pytest.raises(ResilienceError) as caught:
        assert_duplicates_bounded(queue.messages, ["o-17", "o-17"])

    text = str(caught.value)
    assert "took effect 2 times, expected at most 1: it was published 2 times, delivered 2 times" in text
    assert "message_id" in text


def test_a_function_of_the_body_is_told_that_it_counted_twice_where_each_publication_has_an_id(
    queue: HandQueue,
) -> None:
    queue.handled("o-17", told=None, key="a")
    queue.handled("o-17", key="b")
    handled = ["o-17"]

    with pytest.raises(
        ResilienceError, match=r"If\s+it goes by what is in the body, it has told the same effects again"
    ):
        assert_duplicates_bounded(queue.messages, lambda message: handled.count(message.text))
    assert_duplicates_bounded(queue.messages, {message.body: handled.count(message.text) for message in queue.messages})


def test_without_a_duplicate_there_is_nothing_to_check(queue: HandQueue) -> None:
    queue.handled("o-17")

    with pytest.raises(NothingToCheck, match="no message came twice"):
        assert_duplicates_bounded(queue.messages, ["o-17"])


def test_a_question_without_sense_is_refused(queue: HandQueue) -> None:
    with pytest.raises(ScriptingError, match="allowed=-1 is not a count"):
        assert_duplicates_bounded(queue.messages, [], allowed=-1)
