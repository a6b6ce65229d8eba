"""The clocks that a test holds in its hand."""

from __future__ import annotations

import math
import select
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import time_machine

from pytest_integrations.core.clock import IN_FORCE, REAL

from . import clocks, multiplexers, outside, real, sockets, thread_waits, tls
from .driver import Driver
from .idle import best_probe
from .interruption import Interruption, uninterrupted
from .neighbours import keep_real, refuse_foreign_loops
from .patches import Patches
from .redirect import VirtualTimeUnavailable, check_interpreter
from .ruled import real_time, rule
from .timeline import Jump, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from .idle import Probe

__all__ = ["RealTimeClock", "VirtualClock"]

_PARTS = (clocks, thread_waits, multiplexers, sockets, tls, outside)
_SECOND = 1_000_000_000


class _Readings:
    """What the virtual clocks of a process leave for the next: monotonic time never runs back from one to another."""

    def __init__(self) -> None:
        self.latest_ns = 0
        self.is_checked = False


_readings = _Readings()


def _destination(start: datetime | str | float | None, time_zone: str | None) -> float | datetime | None:
    """Return *start* as time-machine wants it: a number leaves the local time zone alone, a zoned datetime sets it."""
    if isinstance(start, str):
        start = datetime.fromisoformat(start)
    zone = None if time_zone is None else ZoneInfo(time_zone)
    if isinstance(start, datetime):
        aware = start if start.tzinfo is not None else start.replace(tzinfo=zone or UTC)
        return aware.astimezone(zone) if zone is not None else aware.timestamp()
    if zone is None:
        return start
    return datetime.fromtimestamp(math.ceil(real.wall()) if start is None else start, zone)


class VirtualClock:
    """Virtual time for the whole process: code takes none, and only waiting does.

    When every thread waits, the clock jumps to the next deadline. If there is no next deadline, `Stalled` is raised in
    the main thread and tells who waits where. What has no timeout is left alone, as is what waits in C for itself.

    ```python
    import time

    from pytest_integrations.timekeeping import VirtualClock

    with VirtualClock() as clock:
        time.sleep(30)  # takes no time

    assert clock.now == 30
    ```

    Args:
        limit: how many virtual seconds may pass; a heartbeat that nobody stops would let time run for ever.
        stall: how many real seconds every thread may wait for ever before that is an error.
        busy: how many real seconds a thread may be at work, while others wait for time to pass, without a warning.
        start: the date and time of day at which the clock begins, as a `datetime`, in ISO 8601 or in seconds since
            1970; without a zone, in *time_zone* or else UTC. By default the next whole second.
        time_zone: the local time zone while the clock is in force, such as `"Europe/Berlin"`.
        explain: returns lines that are added to a `Stalled`.
    """

    exact = True
    """Nominal times are exact: assertions need no tolerance."""

    def __init__(
        self,
        *,
        limit: float = 3600.0,
        stall: float = 1.0,
        busy: float = 10.0,
        start: datetime | str | float | None = None,
        time_zone: str | None = None,
        explain: Callable[[], Iterable[str]] = tuple,
        probe: Probe | None = None,
    ) -> None:
        """Prepare a clock; it is in force inside `with`."""
        for name, value in (("limit", limit), ("stall", stall), ("busy", busy)):
            if not value > 0:
                msg = f"{name} = {value!r}: expected a number of seconds above 0"
                raise ValueError(msg)
        self._destination = _destination(start, time_zone)
        self._stall, self._busy, self._explain = stall, busy, explain
        self._probe = probe
        self._patches = Patches()
        self._driver: Driver | None = None
        self._timeline = Timeline(0, round(limit * 1e9), real.monotonic_ns)

    # -- what a test asks of it

    @property
    def now(self) -> float:
        """Virtual seconds since the clock began, to a tenth of a millisecond."""
        return round(self._timeline.elapsed_ns, -5) / 1e9

    @property
    def jumps(self) -> tuple[Jump, ...]:
        """Every move of time so far: from where to where, and who waited for it."""
        return tuple(
            Jump(start / 1e9, end / 1e9, waiter.thread, waiter.kind, waiter.ns / 1e9, real_ns / 1e9)
            for start, end, waiter, real_ns in tuple(self._timeline.jumps)
        )

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass; all that is due in them runs before this returns."""
        if rule.timeline is self._timeline:
            self._timeline.wait(seconds, "VirtualClock.sleep")
            self._timeline.wait(0, "VirtualClock.sleep")  # behind those whose wait for this moment began after ours
        else:  # not in force: the time is real
            REAL.sleep(seconds)

    def settle(self) -> None:
        """Return when every other thread waits for something; no time passes."""
        if rule.timeline is self._timeline:
            self._timeline.wait(0, "VirtualClock.settle")

    def real_time(self) -> AbstractContextManager[None]:
        """Let the calling thread wait in real time inside `with`, for what is outside this process."""
        return real_time()

    # -- the port of the fakes: nominal times

    def monotonic(self) -> float:
        """Return seconds since some fixed moment, without hairs."""
        timeline = self._timeline
        return (timeline.origin_ns + timeline.elapsed_ns) / 1e9

    def wall(self) -> datetime:
        """Return the date and time of day in UTC, without hairs."""
        ns = time.time_ns() - self._timeline.wall_drift_ns  # asked of `time`, where the test may travel as well
        return datetime.fromtimestamp(round(ns / 1000) / 1_000_000, UTC)

    # -- life

    def __enter__(self) -> Self:
        """Put it in force."""
        if rule.timeline is not None:
            msg = "a virtual clock is in force already, and there is one time only"
            raise RuntimeError(msg)
        self._check()
        try:
            with uninterrupted():
                self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self) -> None:
        timeline = self._timeline = Timeline(
            math.ceil(max(real.monotonic_ns(), _readings.latest_ns) / _SECOND) * _SECOND,
            self._timeline.limit_ns,
            real.monotonic_ns,
        )
        patches = self._patches = Patches()
        interruption = Interruption(shielded=VirtualClock.__exit__.__code__)
        probe = self._probe or best_probe()
        patches.callback(probe.close)
        try:
            self._install(patches, interruption)
            driver = self._driver = Driver(
                timeline, probe, interruption, stall=self._stall, busy=self._busy, explain=self._explain
            )
            driver.start()
        except BaseException:
            patches.close()
            raise
        IN_FORCE.put(self)
        rule.forget = self._forget
        rule.timeline = timeline
        IN_FORCE.tell()

    def _check(self) -> None:
        refuse_foreign_loops()  # first: what they have replaced would only look strange further on
        if not _readings.is_checked:
            if not hasattr(select, "poll"):
                why = "there is no select.poll"
                raise VirtualTimeUnavailable(why)
            check_interpreter()
            _readings.is_checked = True

    def _install(self, patches: Patches, interruption: Interruption) -> None:
        keep_real(patches)
        if self._destination is not None or not time_machine.traveller_stack:
            destination: Any = math.ceil(real.wall()) if self._destination is None else self._destination
            travel = time_machine.travel(destination, tick=False)
            travel.start()
            patches.callback(travel.stop)
        # Else the test travels already, and that traveller is moved along.
        for part in _PARTS:
            part.install(patches)
        interruption.install(patches)

    def _forget(self) -> None:
        """Restore everything in the child of a fork, where this clock has no driver."""
        self._timeline.has_ended = True
        IN_FORCE.put(REAL)
        self._patches.close()

    def __exit__(self, *_: object) -> None:
        """End it: everything is as it was, and who still waits in virtual time is let go."""
        if rule.timeline is self._timeline:  # in the child of a fork it has been forgotten
            with uninterrupted():
                self._end()

    def _end(self) -> None:
        timeline, driver = self._timeline, self._driver
        try:
            timeline.end()
            if driver is not None:
                driver.join()
        finally:
            rule.timeline = rule.forget = None
            try:
                self._patches.close()
            finally:
                _readings.latest_ns = timeline.reading_ns
                IN_FORCE.put(REAL)
                timeline.let_go()
                IN_FORCE.tell()

    def __repr__(self) -> str:
        """Say which clock this is and what it shows."""
        return f"<VirtualClock at {self.now:g} s>"


class RealTimeClock:
    """The face of a `VirtualClock` on the machine's own: to see a test hold in reality, or where it cannot be virtual.

    ```python
    import time

    from pytest_integrations.timekeeping import RealTimeClock

    with RealTimeClock() as clock:
        time.sleep(0.01)  # takes as long as it says

    assert clock.now >= 0.01
    ```
    """

    exact = False
    """Real times are never exact."""

    jumps: tuple[Jump, ...] = ()
    """The real time does not jump."""

    def __init__(self, *, start: datetime | str | float | None = None, time_zone: str | None = None) -> None:
        """Prepare a clock; *start* and *time_zone* as for a `VirtualClock`."""
        self._destination = _destination(start, time_zone)
        self._patches = Patches()
        self._began_ns = real.monotonic_ns()

    @property
    def now(self) -> float:
        """Seconds since the clock began, to a tenth of a millisecond."""
        passed: int = real.monotonic_ns() - self._began_ns
        return round(passed, -5) / 1e9

    def sleep(self, seconds: float) -> None:
        """Wait for *seconds*."""
        REAL.sleep(seconds)

    def settle(self) -> None:
        """Give the other threads a moment."""
        REAL.sleep(0.05)

    def real_time(self) -> AbstractContextManager[None]:
        """Change nothing: the time is real."""
        return real_time()

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""
        return REAL.monotonic()

    def wall(self) -> datetime:
        """Return the date and time of day in UTC."""
        return REAL.wall()

    def __enter__(self) -> Self:
        """Begin."""
        if self._destination is not None:
            travel = time_machine.travel(self._destination, tick=True)
            travel.start()
            self._patches.callback(travel.stop)
        self._began_ns = real.monotonic_ns()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._patches.close()

    def __repr__(self) -> str:
        """Say which clock this is and what it shows."""
        return f"<RealTimeClock at {self.now:g} s>"
