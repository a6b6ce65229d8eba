"""What an assertion is given to judge: a part of a ledger, or an error that says what that is."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

import pytest_integrations
from pytest_integrations import ClientCalls, FakeRest
from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger

ON_CALLS = [
    name
    for name in pytest_integrations.__all__
    if name.startswith("assert_") and "calls" in inspect.signature(getattr(pytest_integrations, name)).parameters
]


def judge(name: str, calls: object) -> None:
    """Ask *name* about *calls*, with something for each other argument that it has to have."""
    assertion = getattr(pytest_integrations, name)
    others = list(inspect.signature(assertion).parameters.values())[1:]
    needed: dict[str, Any] = {each.name: 1 for each in others if each.default is inspect.Parameter.empty}
    assertion(calls, **needed)


@pytest.mark.parametrize("name", ON_CALLS)
def test_what_is_no_part_of_a_ledger_is_refused(name: str, ledger: HandLedger) -> None:
    """A list that was filtered by hand, the client's own calls, one call, and the fake itself."""
    call = ledger.call(0, 503)

    for wrong in ([call], ClientCalls(ledger.ledger), call, FakeRest("payments")):
        with pytest.raises(ScriptingError, match=r"^calls=.* valid are fake\.calls, .*\.where\(function\)$"):
            judge(name, wrong)


def test_there_are_some() -> None:
    assert {"assert_attempts", "assert_breaker_isolated", "assert_total_time"} <= set(ON_CALLS)


def test_a_long_list_is_not_told_whole(ledger: HandLedger) -> None:
    for at in range(50):
        ledger.call(at, 503)

    with pytest.raises(ScriptingError) as caught:
        judge("assert_attempts", list(ledger.calls))

    assert len(str(caught.value)) < 250
