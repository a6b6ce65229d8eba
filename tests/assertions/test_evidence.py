from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.evidence import fail, nothing_to_check
from pytest_integrations.core.errors import NothingToCheck, ResilienceError

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger


def test_a_failure_tells_verdict_evidence_reason_and_way_out(ledger: HandLedger) -> None:
    """In this order, and nothing that was not given."""
    ledger.call(0, 503)

    with pytest.raises(ResilienceError) as caught:
        fail("too bad", ledger.calls, why="It matters.", hint="Do this.", notes=["Seen."], footnote="By that.")

    assert str(caught.value).splitlines() == [
        "too bad",
        "  fake_rest  1 call on 1 connection, 0.000 s",
        "  #1  0.000 s  conn 1  GET /users  x 503",
        "",
        "Seen.",
        "It matters.",
        "-> Do this.",
        "(By that.)",
    ]


def test_a_verdict_is_one_line_and_can_stand_alone(ledger: HandLedger) -> None:
    """pytest's summary shows the first line; a request may have brought a line break into it."""
    with pytest.raises(ResilienceError) as caught:
        fail("too\n  bad", ledger.calls)

    assert str(caught.value) == "too bad\n  no calls"


def test_many_rows_are_cut(ledger: HandLedger) -> None:
    """Nobody reads 1000 rows; a marked one is always shown."""
    ledger.attempts(*range(1000))

    with pytest.raises(ResilienceError) as caught:
        fail("too bad", ledger.calls, marks={500: "this one"})

    text = str(caught.value)
    assert len(text.splitlines()) < 60
    assert "#500" in text
    assert "^ this one" in text


def test_nothing_to_check_is_a_failure_of_its_own_kind(ledger: HandLedger) -> None:
    """Passing would prove nothing, so it fails, and says what is missing."""
    with pytest.raises(NothingToCheck) as caught:
        nothing_to_check("no call failed", ledger.calls, hint="Script one.")

    text = str(caught.value)
    assert text.startswith("nothing to check: no call failed\n")
    assert "passing would prove nothing" in text
    assert text.endswith("-> Script one.")
