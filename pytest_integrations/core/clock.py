"""The clock port: the only file of the package that may read a clock or sleep.

Every floor above takes its time from a `Clock`, so that one object decides what time it is for the loop's timers, for
the ledger's time stamps, for rate-limit windows and for `Retry-After` dates.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["REAL", "Clock", "RealClock"]


class Clock(Protocol):
    """What time it is, in seconds, and how to let some of it pass."""

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; never runs back."""
        ...

    def wall(self) -> datetime:
        """Return the date and time of day, time-zone aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for *seconds*."""
        ...


class RealClock:
    """The machine's clock.

    The functions of `time` are looked up at each call, so that tools which replace them for the code under test
    (freezegun, time-machine) replace them for the fakes as well.
    """

    def monotonic(self) -> float:
        """Return `time.monotonic()`, in seconds."""
        return time.monotonic()

    def wall(self) -> datetime:
        """Return the present date and time in UTC."""
        return datetime.fromtimestamp(time.time(), UTC)

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for *seconds*."""
        time.sleep(seconds)

    def __repr__(self) -> str:
        """Say which clock this is."""
        return "RealClock()"


REAL = RealClock()
"""The clock that is in force where nobody chose another."""
