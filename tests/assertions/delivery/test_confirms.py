from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.confirms import assert_confirms_awaited
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage
    from tests.assertions.delivery.by_hand import HandQueue


def _slowly(queue: HandQueue, at: float, body: str) -> QueueMessage:
    """Publish at *at*, and confirm half a second later."""
    queue.at(at)
    message = queue.publish(body, told=None)
    queue.at(at + 0.5)
    queue.tell(message, "confirmed")
    return message


def test_one_after_the_other_is_right(queue: HandQueue) -> None:
    for at in (0, 0.5, 1):
        _slowly(queue, at, str(at))

    assert_confirms_awaited(queue.messages)


def test_a_producer_that_goes_on_is_caught(queue: HandQueue) -> None:
    first = queue.publish("1", told=None)
    queue.at(0.1)
    second = queue.publish("2", told=None)
    queue.at(0.5)
    queue.tell(first, "confirmed")
    queue.tell(second, "confirmed")

    with pytest.raises(ResilienceError) as caught:
        assert_confirms_awaited(queue.messages)

    assert str(caught.value).startswith("message 2 was published at 0.100 s, when message 1 was not confirmed yet\n")
    assert_confirms_awaited(queue.messages, window=2)


def test_fire_and_forget_is_caught(queue: HandQueue) -> None:
    queue.publish("1", told=None)
    queue.publish("2", told=None)

    with pytest.raises(ResilienceError, match="message 1 had no confirm and never got one"):
        assert_confirms_awaited(queue.messages)


def test_another_connection_need_not_wait(queue: HandQueue) -> None:
    first = queue.publish("1", told=None)
    queue.publish("2", connection=queue.consumer)
    queue.at(1)
    queue.tell(first, "confirmed")

    assert_confirms_awaited(queue.messages)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("refused", "message 1 to orders was refused, and was neither sent again nor reported"),
        ("returned", "message 1 to orders was returned, and was neither sent again nor reported"),
        (None, "message 1 to orders was never confirmed, and was neither sent again nor reported"),
    ],
)
def test_what_is_not_safe_must_be_sent_again(queue: HandQueue, told: str | None, words: str) -> None:
    queue.publish("1", told=told, routed=False)

    with pytest.raises(ResilienceError, match=words):
        assert_confirms_awaited(queue.messages)


@pytest.mark.parametrize("reported", [["1"], [b"1"], "1", {"m-1"}])
def test_or_it_must_be_reported(queue: HandQueue, reported: Any) -> None:
    queue.publish("1", told="refused", routed=False, key="m-1")

    assert_confirms_awaited(queue.messages, reported=reported)


def test_sent_again_until_it_is_safe_is_right(queue: HandQueue) -> None:
    queue.publish("1", told="refused", routed=False)
    queue.publish("1")

    assert_confirms_awaited(queue.messages)


def test_to_send_the_same_again_after_a_silence_is_no_hurry(queue: HandQueue) -> None:
    queue.publish("1", told=None, key="a")
    queue.at(5)
    queue.publish("1", key="a")
    queue.publish("2")

    assert_confirms_awaited(queue.messages)


def test_confirms_that_come_at_once_prove_nothing(queue: HandQueue) -> None:
    queue.publish("1")
    queue.publish("2")

    with pytest.raises(NothingToCheck, match="every message was confirmed at once"):
        assert_confirms_awaited(queue.messages)


def test_what_the_test_published_itself_is_not_judged(queue: HandQueue) -> None:
    queue.ledger.publish("fake_amqp", b"1", {}, to="orders")

    with pytest.raises(NothingToCheck, match="the test published all messages itself"):
        assert_confirms_awaited(queue.messages)


def test_a_question_without_sense_is_refused(queue: HandQueue) -> None:
    with pytest.raises(ScriptingError, match="window=0 is not a count"):
        assert_confirms_awaited(queue.messages, window=0)
    with pytest.raises(ScriptingError, match="reported=7 cannot be read"):
        assert_confirms_awaited(queue.messages, reported=7)
