"""Virtual time as numbers: how much has passed, and who waits until when.

    nominal time    what is recorded and asserted on: a wait of 2 s takes 2 s, to the nanosecond
    the reading     what code sees that reads a clock: a hair more, as on a real clock

A wait ends a hair after its deadline for code that reads the clock, so that `now - then > 30` holds after `sleep(30)`
and no loop spins on "exactly now". Hairs, and what floats add, are rounded off again where a duration becomes nominal.
They add up while a wait goes on in which others end, and who reckons by the clock what is left of it, as a loop of
asyncio does, then waits for as much less: so a hair is no thicker than a float of the machine's uptime asks for.
"""

from __future__ import annotations

import heapq
import threading
from _thread import LockType, allocate_lock
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Jump", "Timeline", "Waiter", "nominal"]

HAIR = 100
"""Nanoseconds by which the reading outlasts a deadline."""

WALL_HAIR = 1_000
"""The same for the time of day: as a float it has a grain of 240 ns."""

_GRID, _SLACK = 1_000_000, 5_000
"""A wait within 5 us of a whole millisecond is that millisecond."""

NOMINAL_THREADS = ("integrations-io",)
"""What the names of threads begin with that reckon in nominal time: their waits are meant to the nanosecond."""
_NOMINAL_SLACK = 500
"""What may be rounded off of those: less than the microsecond that they let a timer be early, or they would wait for it
anew, for so little that it is nothing, and so for ever."""
_NOTHING = 1_000
"""A wait as short as that is none."""

_MANY = 1000


def nominal(ns: int, slack: int = _SLACK) -> int:
    """Return the duration that was meant: hairs and the errors of floats rounded off, *slack* nanoseconds at most.

    >>> nominal(1_999_998_877), nominal(1_234_567), nominal(1_000)
    (2000000000, 1234567, 0)
    """
    whole = (ns + _GRID // 2) // _GRID * _GRID
    return whole if abs(ns - whole) <= slack and (whole or ns <= _NOTHING) else ns


@dataclass(frozen=True, slots=True)
class Jump:
    """One move of virtual time: *start* and *end* are seconds since the clock began.

    *thread* is the name of the one that was woken, *wait* what it waited in, *seconds* for how long;
    *real* is when the jump was made, in seconds of real time since the clock began.
    """

    start: float
    end: float
    thread: str
    wait: str
    seconds: float
    real: float

    @property
    def length(self) -> float:
        """How far it went, in seconds."""
        return self.end - self.start


class Waiter:
    """A wait that has a timeout."""

    __slots__ = ("deadline", "due", "is_over", "kind", "ns", "thread", "wake")

    def __init__(self, deadline: int, due: int, wake: Callable[[], object], kind: str, ns: int) -> None:
        """Call *wake* when nominal time is *deadline* and the reading is *due*."""
        self.deadline: int = deadline
        self.due: int = due
        self.wake: Callable[[], object] = wake
        self.kind: str = kind
        self.ns: int = ns
        self.thread: str = threading.current_thread().name
        self.is_over: bool = False
        """Whether it has been woken, or has ended otherwise."""


class Poller:
    """A wait for what only a try can tell: it tries again whenever all is quiet after others have run."""

    def __init__(self) -> None:
        """Begin, on the thread that waits."""
        self.threads: frozenset[int] = frozenset({threading.get_native_id(), threading.get_ident()})
        """Its thread, as either kind of probe calls it."""
        self.seen: object = None
        """What the others had done when it last tried."""
        self.lock: LockType = allocate_lock()
        self.lock.acquire()

    def wake(self) -> None:
        """Let it try."""
        if self.lock.locked():
            self.lock.release()


class Timeline:
    """The numbers, and the heap of deadlines. Any thread may wait; one, the driver, moves time."""

    def __init__(self, reading_ns: int, limit_ns: int, real_ns: Callable[[], int]) -> None:
        """Begin at nominal 0, with clocks that read *reading_ns*; time may go to *limit_ns*."""
        self.elapsed_ns: int = 0
        self.origin_ns: int = reading_ns
        self.reading_ns: int = reading_ns
        self.limit_ns = limit_ns
        self.jumps: list[tuple[int, int, Waiter, int]] = []
        self.pollers: list[Poller] = []
        self.holds: int = 0
        """How many threads are out in real time: virtual time stands still meanwhile."""
        self.outings: int = 0
        """How many were so far; one may come and go between two looks."""
        self.has_ended: bool = False
        self.work: LockType = allocate_lock()
        """Released whenever there may be something for the driver to do."""
        self._wall_ahead_ns = 0
        self._real_ns = real_ns
        self._real_start = real_ns()
        self._lock = allocate_lock()
        self._heap: list[tuple[int, int, Waiter]] = []
        self._count = 0

    @property
    def wall_drift_ns(self) -> int:
        """By how much the time of day is ahead of nominal time: the sum of hairs."""
        return self.reading_ns - self.origin_ns - self.elapsed_ns + self._wall_ahead_ns

    # -- any thread

    def arm(self, seconds: float, wake: Callable[[], object], kind: str) -> Waiter:
        """Have *wake* called in *seconds*; *kind* is what the thread waits in, for people."""
        ns = max(0, round(seconds * 1e9))
        slack = _NOMINAL_SLACK if threading.current_thread().name.startswith(NOMINAL_THREADS) else _SLACK
        with self._lock:
            waiter = Waiter(self.elapsed_ns + nominal(ns, slack), self.reading_ns + ns, wake, kind, ns)
            self._count += 1
            if self.has_ended:
                waiter.is_over = True
                wake()
                return waiter
            heapq.heappush(self._heap, (waiter.deadline, self._count, waiter))
            self.nudge()
        return waiter

    def disarm(self, waiter: Waiter) -> None:
        """Forget *waiter*, which has ended by itself."""
        with self._lock:
            waiter.is_over = True  # its entry is skipped when its turn comes
            if len(self._heap) > _MANY and self._heap[-1][2].is_over:  # now and then, away with the dead
                self._heap = [entry for entry in self._heap if not entry[2].is_over]
                heapq.heapify(self._heap)

    def wait(self, seconds: float, kind: str) -> None:
        """Wait for *seconds*; all that is due before runs before."""
        lock = allocate_lock()
        lock.acquire()
        waiter = self.arm(seconds, lock.release, kind)
        try:
            lock.acquire()
        finally:
            self.disarm(waiter)

    def wait_until(self, attempt: Callable[[], bool], seconds: float, kind: str) -> bool:
        """Wait until *attempt* succeeds; False if *seconds* are over before."""
        poller = Poller()
        waiter = self.arm(seconds, poller.wake, kind)
        with self._lock:
            self.pollers.append(poller)
        try:
            while not attempt():
                if waiter.is_over:
                    return False
                poller.lock.acquire()
            return True
        finally:
            self.disarm(waiter)
            with self._lock:
                self.pollers.remove(poller)

    def hold(self) -> None:
        """Keep time from moving, for a thread that goes out into real time."""
        with self._lock:
            self.holds += 1
            self.outings += 1

    def release(self) -> None:
        """End one `hold`."""
        with self._lock:
            self.holds -= 1
            self.nudge()

    def nudge(self) -> None:
        """Tell the driver that there may be something to do."""
        if self.work.locked():
            self.work.release()

    # -- the driver

    def is_pending(self) -> bool:
        """Tell whether somebody waits for time to pass; if not, `work` is taken, to be released by who does."""
        with self._lock:
            while self._heap and self._heap[0][2].is_over:
                heapq.heappop(self._heap)
            pending = bool(self._heap) and not self.holds
            if not pending and not self.has_ended:
                self.work.acquire(blocking=False)
            return pending

    def poll(self, seen: dict[int, object]) -> bool:
        """Let one poller try that has not tried since others ran, as *seen* of all threads tells."""
        with self._lock:
            own = frozenset[int]().union(*(poller.threads for poller in self.pollers))
            others = {thread: what for thread, what in seen.items() if thread not in own}
            for poller in self.pollers:
                if poller.seen != others:
                    poller.seen = others
                    poller.wake()
                    return True
        return False

    def jump(self, shift: Callable[[int], object]) -> bool:
        """Move time to the next deadline and wake that one waiter; False if the limit does not allow it.

        *shift* is told by how many nanoseconds the time of day moves, before anybody runs.
        """
        with self._lock:
            if self.has_ended or not self._heap:  # `end` lets go those who still wait
                return True
            deadline, _, waiter = self._heap[0]
            if not waiter.is_over and deadline > self.limit_ns:
                return False
            heapq.heappop(self._heap)
            if waiter.is_over:
                return True
            if deadline > self.elapsed_ns:
                self.jumps.append((self.elapsed_ns, deadline, waiter, self._real_ns() - self._real_start))
                self.elapsed_ns = deadline
            delta = waiter.due + HAIR - self.reading_ns
            if delta > 0:
                self.reading_ns += delta
                self._wall_ahead_ns += WALL_HAIR - HAIR
                shift(delta + WALL_HAIR - HAIR)
            waiter.is_over = True
            waiter.wake()
        return True

    def end(self) -> None:
        """Let time stand; `let_go` comes later, when nobody is ruled any more."""
        with self._lock:
            self.has_ended = True
            self.nudge()

    def let_go(self) -> None:
        """Wake those who still wait, as if their time had come."""
        with self._lock:
            heap, self._heap = self._heap, []
            for _, _, waiter in heap:
                if not waiter.is_over:
                    waiter.is_over = True
                    waiter.wake()
