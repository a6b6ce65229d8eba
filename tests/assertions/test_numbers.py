"""Every number that an assertion is given is checked, before anything is judged by it.

Compared with NaN all is false, and a limit that is none lets every client pass.
"""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

import pytest

import pytest_integrations
from pytest_integrations import ClientCalls, ScriptingError, exponential

from .delivery.by_hand import HandQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.assertions.ledgers import HandLedger

_OTHERS: dict[str, Any] = {
    "after": 2,
    "at_most": 1,
    "kind": 503,
    "limit": 5,
    "max_tokens": 10,
    "prefetch": 1,
    "queue": "orders",
    "dead_letter": "orders.dead",
    "recovery": 30,
    "schedule": exponential(0.1),
    "times": 2,
    "token_ratio": 0.1,
    "within": 1,
    "seen": None,
    "received": [],
    "effects": None,
    "opened": "a",
    "admitted": "b",
}
"""Values that are right for what else an assertion has to be given."""


def _numbers() -> Iterator[tuple[str, str]]:
    """Yield the assertions with the names of what they take as a number."""
    for name in pytest_integrations.__all__:
        if name.startswith("assert_"):
            for parameter in inspect.signature(getattr(pytest_integrations, name)).parameters.values():
                kind = parameter.annotation
                if ("int" in kind or "float" in kind) and "Iterable" not in kind and "Callable" not in kind:
                    yield name, parameter.name


def _given(function: Callable[..., object], ledger: HandLedger, messages: Any, wrong: str) -> dict[str, Any]:
    """Return what *function* has to be given besides the *wrong* one."""
    evidence = {"calls": ledger.calls, "inner": ledger.calls, "outer": ledger.calls, "messages": messages}
    client = ClientCalls(ledger.ledger)
    needed = [each for each in inspect.signature(function).parameters.values() if each.default is each.empty]
    known = {**_OTHERS, **evidence, "demand": client}
    return {each.name: known[each.name] for each in needed if each.name != wrong}


@pytest.mark.parametrize("value", [math.nan, -1, "3"], ids=["nan", "negative", "text"])
@pytest.mark.parametrize(("name", "argument"), [*_numbers()])
def test_a_number_that_is_none_is_refused(ledger: HandLedger, name: str, argument: str, value: object) -> None:
    for moment in range(3):
        ledger.call(moment, 503)
    queue = HandQueue()
    queue.deliver(queue.publish("1"))
    function = getattr(pytest_integrations, name)

    with pytest.raises(ScriptingError, match=f"{argument}={value!r} is "):
        function(**_given(function, ledger, queue.messages, argument), **{argument: value})
