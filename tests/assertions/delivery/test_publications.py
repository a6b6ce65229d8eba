from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.publications import publications
from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from tests.assertions.delivery.by_hand import HandQueue


def _sizes(queue: HandQueue, per: Any = None) -> list[int]:
    return [len(sent.copies) for sent in publications(queue.messages, per=per)]


def test_the_same_key_is_the_same_message(queue: HandQueue) -> None:
    queue.publish("1", key="a")
    queue.publish("changed", key="a")
    queue.publish("1", key="b")

    assert _sizes(queue) == [2, 1]


@pytest.mark.parametrize(("told", "sizes"), [("refused", [2]), ("returned", [2]), (None, [2]), ("confirmed", [1, 1])])
def test_the_same_body_is_the_same_message_if_it_had_to_be_sent_again(
    queue: HandQueue, told: str, sizes: list[int]
) -> None:
    queue.publish("1", told=told)
    queue.publish("1")

    assert _sizes(queue) == sizes


def test_without_confirms_nobody_sends_again(queue: HandQueue) -> None:
    queue.publish("tick", told=None)
    queue.publish("tick", told=None)

    assert _sizes(queue) == [1, 1]


def test_sent_to_another_queue_it_is_another_message(queue: HandQueue) -> None:
    queue.publish("1", key="a", told=None)
    queue.publish("1", key="a", to="orders.dead")

    assert _sizes(queue) == [1, 1]


def test_ids_that_the_broker_gives_do_not_hide_a_second_attempt(queue: HandQueue) -> None:
    queue.publish("1", key="made-by-broker-1", told=None)
    queue.publish("1", key="made-by-broker-2")

    assert _sizes(queue) == [2]


@pytest.mark.parametrize(
    ("per", "sizes"),
    [
        ("key", [1, 2, 1]),
        ("body", [3, 1]),
        ("header:order", [2, 1, 1]),
        (lambda message: message.text[:1] == "1", [3, 1]),
    ],
)
def test_the_test_can_say_what_is_one_message(queue: HandQueue, per: Any, sizes: list[int]) -> None:
    queue.publish("1", headers={"order": 7})
    queue.publish("1", key="a", headers={"order": 7})
    queue.publish("1", key="a")
    queue.publish("2")

    assert _sizes(queue, per) == sizes


@pytest.mark.parametrize("per", ["color", "header:", 7])
def test_a_rule_that_is_none_is_refused(queue: HandQueue, per: Any) -> None:
    queue.publish("1")

    with pytest.raises(ScriptingError, match="valid are"):
        _sizes(queue, per)


def test_a_header_may_hold_anything(queue: HandQueue) -> None:
    queue.publish("1", headers={"order": ["a"]})
    queue.publish("2", headers={"order": ["a"]})

    assert _sizes(queue, "header:order") == [2]


@pytest.mark.parametrize(("done", "made_good"), [("confirmed", 1), ("acked", 1), ("refused", 0)])
def test_a_later_publication_makes_the_earlier_ones_good(queue: HandQueue, done: str, made_good: int) -> None:
    queue.publish("1", told=None, key="a")
    again = queue.publish("1", told=None, key="a")
    queue.deliver(again)
    queue.tell(again, done, "orders", delivery=1)

    (sent,) = publications(queue.messages)
    assert len(sent.superseded) == made_good
