from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.amplification import assert_amplification
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger


def two_layers(ledger: HandLedger, outer: int, inner: int) -> None:
    """Record one checkout that is tried *outer* times, each of which tries the stock *inner* times."""
    for attempt in range(outer):
        ledger.call(attempt * 10.0, 503, "POST /checkout", fake="gateway", block=1)
        for number in range(inner):
            ledger.call(attempt * 10.0 + number, 503, "GET /stock", fake="stock")


def test_layers_that_multiply_are_caught(ledger: HandLedger) -> None:
    """3 attempts at the gateway, 4 each at the stock: 12 for one checkout."""
    two_layers(ledger, 3, 4)
    calls = ledger.ledger

    with pytest.raises(ResilienceError) as caught:
        assert_amplification(calls.calls_to("stock"), at_most=4, entry=calls.calls_to("gateway"))

    text = str(caught.value)
    assert text.startswith("12 attempts reached stock for 1 at gateway: 12 times, 4 allowed\n")
    assert "gateway: 1 logical call, 3 attempts, 3 each" in text


def test_retries_in_one_layer_pass(ledger: HandLedger) -> None:
    """One checkout, four attempts at the stock."""
    two_layers(ledger, 1, 4)

    assert_amplification(ledger.ledger.calls_to("stock"), at_most=4, entry=1)
    assert_amplification(ledger.ledger.calls_to("stock"), at_most=4, entry=ledger.ledger.calls_to("gateway"))


def test_one_layer_alone_is_measured_by_its_own_calls(ledger: HandLedger) -> None:
    """Without an entry, attempts are counted for each logical call."""
    ledger.attempts(0, 1, 2)

    assert_amplification(ledger.calls, at_most=3)
    with pytest.raises(ResilienceError, match="3 attempts reached fake_rest for 1 at the entry: 3 times, 2 allowed"):
        assert_amplification(ledger.calls, at_most=2)


def test_a_healthy_backend_proves_nothing(ledger: HandLedger) -> None:
    """No layer had to retry; and without a call at the entry there is no ratio."""
    ledger.call(0)

    with pytest.raises(NothingToCheck, match="no attempt failed"):
        assert_amplification(ledger.calls, at_most=3)
    with pytest.raises(NothingToCheck, match="no call came in at the entry"):
        assert_amplification(ledger.calls, at_most=3, entry=ledger.ledger.calls_to("gateway"))


def test_less_than_one_is_refused(ledger: HandLedger) -> None:
    """A call that arrives is at least one."""
    with pytest.raises(ScriptingError, match=r"at_most=0\.5 is out of range: valid are numbers from 1"):
        assert_amplification(ledger.calls, at_most=0.5)
