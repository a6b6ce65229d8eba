"""How exact a measured time can be.

    real clock      5 ms early at most: clocks have a grain, but a wait that is short by more is a bug;
                    a tenth and 150 ms late: the process shares its machine
    exact clock     a tenth of a millisecond either way: there is nothing but rounding, which adds up where hundreds
                    of waits overlap

A clock is exact if it says so by a truthy attribute `exact`, as the virtual one does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.when import seconds

if TYPE_CHECKING:
    from pytest_integrations.core.ledger import Ledger

__all__ = ["EXACT", "REAL_TIME", "Tolerance", "span", "tolerance_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """By how many seconds a time may miss what was expected: *early*, and *late* plus *share* of the expected time."""

    early: float
    late: float
    share: float

    def earliest(self, expected: float) -> float:
        """Return the least time that still passes for *expected* seconds; never below 0."""
        return max(0.0, expected - self.early)

    def latest(self, expected: float) -> float:
        """Return the greatest time that still passes for *expected* seconds."""
        return expected * (1 + self.share) + self.late

    def allows(self, seen: float, low: float, high: float) -> bool:
        """Tell whether *seen* passes for something between *low* and *high*."""
        return self.earliest(low) <= seen <= self.latest(high)


def span(low: float, high: float) -> str:
    """Return the words for a time between *low* and *high*, which may be one moment.

    >>> span(0.995, 1.25), span(1 - 1e-6, 1 + 1e-6)
    ('0.995 to 1.250 s', '1.000 s')
    """
    return f"{low:.3f} s" if round(low, 3) == round(high, 3) else f"{low:.3f} to {high:.3f} s"


EXACT = Tolerance(early=1e-4, late=1e-4, share=0.0)
REAL_TIME = Tolerance(early=0.005, late=0.150, share=0.10)


def tolerance_of(ledger: Ledger, tolerance: float | None = None) -> Tolerance:
    """Return the tolerance of the clock that *ledger* was written by.

    A *tolerance* in seconds takes the place of the one for being late, the share included; being early stays as it
    is, since no busy machine makes a wait shorter.
    """
    usual = EXACT if getattr(ledger.clock, "exact", False) else REAL_TIME
    if tolerance is None:
        return usual
    return Tolerance(early=usual.early, late=seconds("tolerance", tolerance), share=0.0)
