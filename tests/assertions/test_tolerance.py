from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.tolerance import EXACT, REAL_TIME, span, tolerance_of
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.ledger import Ledger

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger


def test_a_clock_says_whether_it_is_exact(ledger: HandLedger) -> None:
    """The machine's clock is not, the virtual one is."""
    assert tolerance_of(ledger.ledger) is EXACT
    assert tolerance_of(Ledger()) is REAL_TIME


def test_what_passes_for_a_time() -> None:
    """5 ms early, a tenth and 150 ms late; on an exact clock 0.1 ms, for rounding."""
    assert (REAL_TIME.earliest(1), REAL_TIME.latest(1)) == (0.995, pytest.approx(1.25))
    assert REAL_TIME.earliest(0.001) == 0
    assert EXACT.allows(1.00005, 1, 1)
    assert not EXACT.allows(1.0002, 1, 1)


def test_lateness_is_the_tests_to_say(real: HandLedger) -> None:
    """The early side stays: no busy machine makes a wait shorter."""
    tolerance = tolerance_of(real.ledger, 2)

    assert (tolerance.earliest(1), tolerance.latest(1)) == (0.995, 3)
    with pytest.raises(ScriptingError, match="tolerance=-1 is not a duration"):
        tolerance_of(real.ledger, -1)


def test_a_range_that_is_a_moment_is_told_as_one() -> None:
    """Nobody wants to read 1.000 to 1.000."""
    assert span(*(1 - 1e-6, 1 + 1e-6)) == "1.000 s"
    assert span(0.995, 1.25) == "0.995 to 1.250 s"
