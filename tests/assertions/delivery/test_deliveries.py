from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.deliveries import assert_delivered
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from tests.assertions.delivery.by_hand import HandQueue


def _rounds(queue: HandQueue, body: str, rounds: int, **how: Any) -> None:
    message = queue.publish(body, **how)
    for _ in range(rounds - 1):
        queue.deliver(message)
        queue.requeue(message)
    queue.deliver(message)
    queue.ack(message)


@pytest.mark.parametrize(
    "wanted",
    [{}, {"at_least": 2}, {"exactly": 3}, {"at_most": 3}, {"at_least": 1, "at_most": 4}, {"at_least": 3, "at_most": 3}],
)
def test_the_right_number_passes(queue: HandQueue, wanted: dict[str, int]) -> None:
    _rounds(queue, "1", 3)

    assert_delivered(queue.messages, **wanted)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"at_most": 2}, "expected at most 2 deliveries of message 1 to orders, saw 3"),
        ({"exactly": 4}, "expected exactly 4 deliveries of message 1 to orders, saw 3"),
        ({"at_least": 4}, "expected at least 4 deliveries of message 1 to orders, saw 3"),
        ({"at_least": 1, "at_most": 2}, "expected 1 to 2 deliveries of message 1 to orders, saw 3"),
        ({"at_most": 2, "queue": "orders"}, "expected at most 2 deliveries of message 1 to orders, saw 3"),
    ],
)
def test_a_wrong_number_is_told(queue: HandQueue, wanted: dict[str, Any], words: str) -> None:
    _rounds(queue, "1", 3)

    with pytest.raises(ResilienceError) as caught:
        assert_delivered(queue.messages, **wanted)

    assert str(caught.value).splitlines()[0] == words


def test_too_many_deliveries_and_too_many_effects_have_their_own_way_out(queue: HandQueue) -> None:
    _rounds(queue, "1", 3)

    with pytest.raises(ResilienceError, match="-> Count the deliveries"):
        assert_delivered(queue.messages, at_most=2)
    with pytest.raises(ResilienceError, match="-> Remember what has been done"):
        assert_delivered(queue.messages, at_most=2, effects=["1"] * 3)


def test_without_an_effect_and_without_an_ack_it_was_only_taken(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.dead_letter(message)

    with pytest.raises(ResilienceError, match="It was taken, and that was all"):
        assert_delivered(queue.messages, effects=[])


def test_what_nobody_took_was_not_delivered(queue: HandQueue) -> None:
    queue.publish("1")
    queue.publish("2")

    with pytest.raises(ResilienceError, match=r"saw 0 \(2 of 2 messages are wrong\)[\s\S]*Nobody took it"):
        assert_delivered(queue.messages)


def test_what_came_into_no_queue_is_told_as_such(queue: HandQueue) -> None:
    queue.publish("1", routed=False, told="refused")

    with pytest.raises(ResilienceError, match=r"It never came into a queue[\s\S]*assert_confirms_awaited"):
        assert_delivered(queue.messages)


def test_one_of_several_publications_is_enough(queue: HandQueue) -> None:
    queue.publish("1", routed=False, told="refused")
    queue.handled("1")

    assert_delivered(queue.messages, at_least=1)


def test_each_publication_has_its_own_limit(queue: HandQueue) -> None:
    queue.handled("1", told=None, key="a")
    queue.handled("1", key="a")

    assert_delivered(queue.messages, at_most=1)
    with pytest.raises(ResilienceError, match="expected exactly 0 deliveries of message 1 to orders, saw 1 and 1\n"):
        assert_delivered(queue.messages, at_most=0)


def test_deliveries_of_one_queue_can_be_asked_for(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.dead_letter(message)
    queue.deliver(message, "orders.dead")
    queue.ack(message)

    assert_delivered(queue.messages, exactly=1, queue="orders")
    with pytest.raises(ResilienceError, match="saw 2"):
        assert_delivered(queue.messages, exactly=1)


@pytest.mark.parametrize("effects", [[b"1"], ["1"], {"1": 1}, Counter([b"1"]), lambda _: 1, lambda _: True])
def test_effects_are_counted_in_place_of_deliveries(queue: HandQueue, effects: Any) -> None:
    _rounds(queue, "1", 3)

    assert_delivered(queue.messages, exactly=1, effects=effects)


def test_a_message_that_was_acked_without_effect_is_caught(queue: HandQueue) -> None:
    queue.handled("1")
    queue.handled("poison")

    with pytest.raises(ResilienceError) as caught:
        assert_delivered(queue.messages, effects=["1"])

    text = str(caught.value)
    assert text.startswith("expected at least 1 effect of message 2 to orders, saw 0\n")
    assert "It was acked, and its effect did not happen" in text


def test_two_effects_of_one_message_are_caught(queue: HandQueue) -> None:
    _rounds(queue, "1", 2, key="a")

    with pytest.raises(ResilienceError, match=r"expected exactly 1 effect of message 1 to orders, saw 2\n"):
        assert_delivered(queue.messages, exactly=1, effects=["a", "a"])


def test_messages_with_the_same_body_share_their_effects(queue: HandQueue) -> None:
    _rounds(queue, "tick", 2)
    queue.handled("tick")

    assert_delivered(queue.messages, exactly=1, effects=["tick"] * 2)
    with pytest.raises(ResilienceError, match=r"saw 0 or 1[\s\S]*It was acked, and its effect did not happen"):
        assert_delivered(queue.messages, exactly=1, effects=["tick"])
    with pytest.raises(ResilienceError, match=r"saw 1 or 2[\s\S]*Remember what has been done"):
        assert_delivered(queue.messages, exactly=1, effects=["tick"] * 3)


def test_a_limit_that_every_consumer_keeps_proves_nothing(queue: HandQueue) -> None:
    queue.handled("1")

    assert_delivered(queue.messages, at_least=1)
    for wanted in ({"exactly": 1}, {"at_most": 3}, {"exactly": 1, "effects": ["1"]}):
        with pytest.raises(NothingToCheck, match="every message was published, delivered and settled once"):
            assert_delivered(queue.messages, **wanted)


def test_without_a_message_there_is_nothing_to_check(queue: HandQueue) -> None:
    with pytest.raises(NothingToCheck, match="no message was published"):
        assert_delivered(queue.messages)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"exactly": 1, "at_most": 2}, "say exactly=, or else"),
        ({"at_least": 3, "at_most": 2}, "at_least=3 is more than at_most=2"),
        ({"exactly": -1}, "exactly=-1 is not a count"),
        ({"effects": ["another"]}, "effects= has nothing that belongs to a message \\('another', …\\)"),
        ({"effects": 7}, "effects=7 cannot be counted"),
        ({"effects": lambda _: None}, "effects= returned None for message 1"),
        ({"per": "color"}, "per='color' is unknown"),
    ],
)
def test_a_question_without_sense_is_refused(queue: HandQueue, wanted: dict[str, Any], words: str) -> None:
    queue.handled("1")

    with pytest.raises(ScriptingError, match=words):
        assert_delivered(queue.messages, **wanted)
