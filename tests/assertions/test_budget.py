from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.budget import assert_retry_budget
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger


def traffic(ledger: HandLedger, *retries: int, every: float = 0.1, failing: bool = True) -> None:
    """Record one logical call after the other, each with so many retries."""
    for number, count in enumerate(retries):
        for attempt in range(count + 1):
            status = 503 if failing else 200
            ledger.call(number * every + attempt * 0.01, status, target=f"/users?id={number}")


def test_a_client_without_a_budget_is_caught(ledger: HandLedger) -> None:
    """All fail, all are tried three times: the load is three times as much."""
    traffic(ledger, *[2] * 20)

    with pytest.raises(ResilienceError) as caught:
        assert_retry_budget(ledger.calls, ratio=0.1)

    text = str(caught.value)
    assert text.startswith("40 retries for 20 first attempts from 0.000 to 1.920 s: 2 allowed by ratio=0.1\n")
    assert "In all: 40 retries for 20 first attempts." in text


def test_a_client_with_a_budget_passes(ledger: HandLedger) -> None:
    """Each tenth call is retried once."""
    traffic(ledger, *[0, 0, 0, 0, 0, 0, 0, 0, 0, 1] * 3)

    assert_retry_budget(ledger.calls, ratio=0.1)


def test_the_first_retry_is_always_possible(ledger: HandLedger) -> None:
    """A budget that allowed a tenth of a retry would allow none."""
    traffic(ledger, 1, *[0] * 19)

    assert_retry_budget(ledger.calls, ratio=0.1)


def test_a_burst_is_caught_though_the_sum_is_right(ledger: HandLedger) -> None:
    """Every window counts: five retries within a second, in an hour of few."""
    traffic(ledger, *[0] * 60, every=1.0)
    for number in range(5):
        ledger.call(70 + number * 0.1, 503, target="/users?id=x", block=1)

    with pytest.raises(ResilienceError, match=r"4 retries for 1 first attempt from 60.400 to 70.400 s"):
        assert_retry_budget(ledger.calls, ratio=0.1)
    assert_retry_budget(ledger.calls, ratio=0.1, min_retries=3)


@pytest.mark.parametrize(
    ("retries", "failing", "message"),
    [
        ([0] * 5, True, "5 logical calls are too few for a ratio of 0.1: 10 are needed"),
        ([0] * 20, False, "0 of 20 first attempts failed"),
    ],
)
def test_too_little_traffic_proves_nothing(
    ledger: HandLedger, retries: list[int], *, failing: bool, message: str
) -> None:
    """Too few calls, or too few failures, for the budget to matter."""
    traffic(ledger, *retries, failing=failing)

    with pytest.raises(NothingToCheck, match=message):
        assert_retry_budget(ledger.calls, ratio=0.1)


@pytest.mark.parametrize("words", [{"ratio": 0}, {"ratio": 20}, {"window": -1}, {"window": 0}, {"min_retries": -1}])
def test_a_wrong_setting_is_refused(ledger: HandLedger, words: dict) -> None:
    """The error names the valid range."""
    traffic(ledger, 1)

    with pytest.raises(ScriptingError):
        assert_retry_budget(ledger.calls, **words)
