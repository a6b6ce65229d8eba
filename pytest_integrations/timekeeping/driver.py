"""When to jump: a thread that moves time as soon as nobody can do anything but wait for it."""

from __future__ import annotations

import contextlib
import math
import sys
import threading
import warnings
from typing import TYPE_CHECKING

from pytest_integrations.core.under_way import UNDER_WAY

from . import real
from .neighbours import REAL_MODULES, move_along, out_of_reach
from .report import threads_waiting, where_thread_waits
from .ruled import REAL_THREADS
from .stalled import Stalled
from .stillness import Stillness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .idle import Probe
    from .interruption import Interruption
    from .timeline import Timeline

__all__ = ["Driver"]

_SHORTEST, _LONGER, _LONGEST = 1e-5, 2e-5, 1e-3
"""Real seconds between two looks while somebody is at work: the first time, how much more each time, and at most."""


_CREDIT = 5.0
"""Real seconds that a jump is put off for work that somebody says to be under way, while all threads sleep.

A thread of grpcio's that missed its call to work looks again after 3 s at the latest.
"""


class Driver:
    """Runs from the moment the clock comes into force until it goes; looks at the threads only while somebody waits."""

    def __init__(
        self,
        timeline: Timeline,
        probe: Probe,
        interruption: Interruption,
        *,
        stall: float,
        busy: float,
        explain: Callable[[], Iterable[str]],
    ) -> None:
        """Move *timeline* when *probe* says so; tell of what is wrong by *interruption*.

        *stall* is how many real seconds all may wait for ever before that is an error, *busy* how many one thread may
        be at work while others wait for time to pass before that is worth a warning. *explain* adds to an error.
        """
        self._timeline = timeline
        self._probe = probe
        self._interruption = interruption
        self._stall = stall
        self._busy = busy
        self._explain = explain
        self._told: set[int] = set()
        self._older = set(threading.enumerate()) - {threading.current_thread()}
        self._stillness = Stillness(probe, stall)
        self._put_off: float | None = None
        """Real time since which a jump is put off."""
        self._running: float | None = None
        """Real time since which some thread is at work while others wait."""
        self._pause = _SHORTEST
        self._thread = threading.Thread(target=self._run, name="virtual-clock", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self) -> None:
        """Return when the thread has ended, which it does with the timeline."""
        self._thread.join()

    def _run(self) -> None:
        _sleep_exactly()
        try:
            while not self._timeline.has_ended:
                self._turn()
        except BaseException as error:  # noqa: BLE001 -- without a driver every wait would hang: tell, whatever it was
            self._fail(f"its driver failed: {error!r}")

    def _turn(self) -> None:
        """Look once at what there is to do."""
        timeline = self._timeline
        pending, outings = timeline.is_pending(), timeline.outings
        if not pending:
            self._running = None
            if timeline.work.acquire(timeout=min(0.25, self._stall / 4)):
                self._stillness.end()
                return
            if timeline.holds:
                self._stillness.end()
                return
        if not self._probe.is_idle() or timeline.holds or timeline.outings != outings:  # one may have come and gone
            self._stillness.end()
            self._let_run(pending=pending)
        elif self._is_under_way():
            self._stillness.end()
            real.sleep(_LONGEST)
        elif pending:
            self._pause, self._running, self._put_off = _SHORTEST, None, None
            self._stillness.end()
            self._move()
        elif self._stillness.is_too_long():  # either somebody outside is awaited, or this is the end
            self._fail(
                "every thread waits for ever, and no wait has a timeout "
                "(if one of them waits for something outside this process: `with real_time():` around it)"
            )

    def _let_run(self, *, pending: bool) -> None:
        """Somebody is at work: look again soon, and less and less often."""
        now = real.monotonic()
        if self._running is None:
            self._running = now
        if pending and now - self._running > self._busy:
            self._running = math.inf  # told once
            self._warn(
                f"time cannot move: a thread has been at work for {self._busy:g} real seconds "
                "(a loop that polls the clock without waiting?)"
            )
        real.sleep(self._pause)
        self._pause = min(self._pause + _LONGER, _LONGEST)

    def _is_under_way(self) -> bool:
        """Tell whether there is work that no thread can be seen at; a server may be stuck, so not for ever."""
        if not any(is_at_work() for is_at_work in tuple(UNDER_WAY)):
            self._put_off = None
            return False
        now = real.monotonic()
        if self._put_off is None:
            self._put_off = now
        return now - self._put_off < _CREDIT

    def _move(self) -> None:
        self._tell_waits_out_of_reach()
        timeline = self._timeline
        if timeline.pollers and timeline.poll(self._probe.seen):
            return
        if not timeline.jump(move_along):
            limit = timeline.limit_ns
            timeline.limit_ns += limit  # so that what cleans up after the error can wait too
            self._fail(f"the test would take more than {limit / 1e9:g} virtual seconds, the limit of this clock")

    # -- telling

    def _tell_waits_out_of_reach(self) -> None:
        """Warn of threads that wait with a timeout which this clock cannot rule: they see another time than others."""
        for native in self._probe.timed - self._told:
            self._told.add(native)
            for thread in threading.enumerate():
                if thread.native_id == native and thread not in self._older and not _keeps_real_time(thread):
                    self._warn(
                        f"thread {thread.name!r} waits with a timeout that virtual time cannot reach (Lock.acquire, "
                        "SimpleQueue.get and timers of libraries in C stay real)",
                        [where_thread_waits(thread)],
                    )

    def _text(self, why: str, lines: Iterable[str]) -> str:
        now = round(self._timeline.elapsed_ns, -5) / 1e9
        return "\n  ".join([f"virtual clock at {now:g} s: {why}", *lines])

    def _warn(self, why: str, lines: Iterable[str] | None = None) -> None:
        try:
            warnings.warn(self._text(why, threads_waiting() if lines is None else lines), stacklevel=2)
        except Warning as error:  # with -W error it is the test's
            self._interruption.raise_in_main(error)

    def _fail(self, why: str) -> None:
        lines = [*threads_waiting(), *out_of_reach(), *self._explain()]
        self._interruption.raise_in_main(Stalled(self._text(why, lines)))


def _sleep_exactly() -> None:
    """Have this thread's sleeps end when they are over, not up to 50 us later as Linux likes it (proc(5))."""
    with contextlib.suppress(OSError), open(f"/proc/{threading.get_native_id()}/timerslack_ns", "wb", 0) as slack:  # noqa: PTH123 -- no need for pathlib
        slack.write(b"1")


def _keeps_real_time(thread: threading.Thread) -> bool:
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 -- documented, in spite of its name
    if frame is None or thread.name.startswith(REAL_THREADS):
        return True
    target = getattr(thread, "_target", None)  # one in C, as grpcio's, has no frame of its own
    modules = (frame.f_globals.get("__name__"), getattr(target, "__module__", None))
    return any(str(module).startswith(REAL_MODULES) for module in modules)
