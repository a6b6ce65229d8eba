"""The clock port: the only file of the package that may read a clock or sleep.

Every floor above takes its time from a `Clock`, so that one object decides what time it is for the loop's timers, for
the ledger's time stamps, for rate-limit windows and for `Retry-After` dates.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["IN_FORCE", "REAL", "Clock", "ClockInForce", "RealClock"]


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
"""The machine's clock, whichever is in force."""


class ClockInForce:
    """The clock that is in force: the machine's, or the virtual one of the running test.

    Its time goes on from where it is when another clock comes into force, so that it never runs back and nobody who
    keeps a moment of it need know of the change. Who has gone to wait for a moment must wait anew, however: `watchers`
    are called when that is so.
    """

    def __init__(self) -> None:
        """Begin with the machine's."""
        self._in_force: tuple[Clock, float] = (REAL, 0.0)
        self.watchers: list[Callable[[], object]] = []

    @property
    def exact(self) -> bool:
        """Whether its times are nominal ones, without the noise of a machine."""
        return bool(getattr(self._in_force[0], "exact", False))

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; never runs back."""
        clock, ahead = self._in_force
        return clock.monotonic() + ahead

    def wall(self) -> datetime:
        """Return the date and time of day in UTC."""
        return self._in_force[0].wall()

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for *seconds*."""
        self._in_force[0].sleep(seconds)

    def put(self, clock: Clock) -> None:
        """Go on with *clock*; `tell` comes when waits are ruled by it too."""
        self._in_force = clock, self.monotonic() - clock.monotonic()

    def tell(self) -> None:
        """Have everybody wait anew."""
        for watcher in tuple(self.watchers):
            watcher()

    def __repr__(self) -> str:
        """Say which clock it is."""
        return f"<ClockInForce {self._in_force[0]!r}>"


IN_FORCE = ClockInForce()
"""What tells the time where nobody chose a clock."""
