from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.effects import effects_of
from pytest_integrations.assertions.publications import publications

if TYPE_CHECKING:
    from tests.assertions.delivery.by_hand import HandQueue


def _counted(queue: HandQueue, effects: Any) -> list[str]:
    return [str(effect) for effect in effects_of(effects, publications(queue.messages))]


def test_a_message_is_known_by_its_key_else_its_body_else_its_text(queue: HandQueue) -> None:
    queue.publish("1", key="a")
    queue.publish("2")
    queue.publish("3")

    assert _counted(queue, ["a", "1", b"2", "3", "3"]) == ["1", "1", "2"]
    assert _counted(queue, ["1"]) == ["1", "0", "0"]
    assert _counted(queue, {}) == ["0", "0", "0"]


@pytest.mark.parametrize(("count", "shown"), [(0, "0"), (2, "2"), (True, "1"), (False, "0")])
def test_a_function_returns_the_count(queue: HandQueue, count: int, shown: str) -> None:
    queue.publish("1")

    assert _counted(queue, lambda _: count) == [shown]


def test_a_function_is_asked_once_for_each_name_of_a_message(queue: HandQueue) -> None:
    for key in ("a", "a", "b"):  # the producer did not hear of the first two
        queue.publish("1", told=None if key == "a" else "confirmed", key=key)

    assert _counted(queue, lambda message: {"a": 1, "b": 2}[message.key]) == ["3"]
    assert _counted(queue, ["a", "b", "b"]) == ["3"]


def test_effects_are_shared_by_those_that_look_alike(queue: HandQueue) -> None:
    queue.publish("tick")
    queue.publish("tick")

    assert _counted(queue, ["tick"] * 3) == ["1 or 2", "1 or 2"]
    assert _counted(queue, ["tick"] * 4) == ["2", "2"]
