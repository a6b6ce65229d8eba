"""The clock in force, as grpcio-testing wants it: with calls at moments, made by the fakes' own loop."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from pytest_integrations.backends.handlers import shared_runner
from pytest_integrations.wire.loop import shared_loop

from .testing import grpc_testing

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.clock import Clock
    from pytest_integrations.wire.loop import Timer

__all__ = ["clock_time"]

_Time: Any = grpc_testing().Time


class _ClockTime(_Time):  # type: ignore[misc]  # grpcio-testing has no types
    """A `grpc_testing.Time` of a `Clock`: virtual while a virtual clock is in force, real else."""

    def __init__(self, clock: Clock, fired: Callable[[], object]) -> None:
        """Tell the time of *clock*; *fired* is called after each call at a moment."""
        self._clock = clock
        self._fired = fired

    def time(self) -> float:
        """Return the seconds since some fixed moment."""
        return self._clock.monotonic()

    def call_in(self, behavior: Callable[[], object], delay: float) -> _Planned:
        """Call *behavior* after *delay* seconds, on a worker thread."""
        return _Planned(delay, lambda: self._fire(behavior))

    def call_at(self, behavior: Callable[[], object], time: float) -> _Planned:
        """Call *behavior* at *time*, on a worker thread."""
        return self.call_in(behavior, time - self.time())

    def _fire(self, behavior: Callable[[], object]) -> None:
        with suppress(UnboundLocalError):  # what grpcio-testing raises where the call has ended at that very moment
            behavior()
        self._fired()

    def sleep_for(self, duration: float) -> None:
        """Let *duration* seconds pass."""
        self._clock.sleep(max(0.0, duration))

    def sleep_until(self, time: float) -> None:
        """Let the time until *time* pass."""
        self.sleep_for(time - self.time())


class _Planned(grpc.Future):  # type: ignore[misc]  # grpcio has no types
    """A call at a moment; grpcio-testing asks of it only that it can be cancelled."""

    def __init__(self, delay: float, action: Callable[[], object]) -> None:
        self._action = action
        self._has_run = self._is_cancelled = False
        loop = shared_loop()
        self._timer: Timer = loop.call(lambda: loop.call_later(max(0.0, delay), self._due))

    def _due(self) -> None:
        self._has_run = True
        shared_runner().submit(self._action)

    def cancel(self) -> bool:
        """Do not make it; harmless if it was made. Waits for nobody: it is called with locks held."""
        if not self._has_run:
            self._is_cancelled = True
            shared_loop().post(self._timer.cancel)  # and has the loop wait for the next one instead
        return self._is_cancelled

    def cancelled(self) -> bool:
        """Tell whether it was cancelled."""
        return self._is_cancelled

    def running(self) -> bool:
        """Tell whether it is being made: nobody knows."""
        return False

    def done(self) -> bool:
        """Tell whether it was made, or cancelled."""
        return self._has_run or self._is_cancelled

    def result(self, timeout: float | None = None) -> NoReturn:
        """Refuse: what is called returns nothing."""
        raise NotImplementedError

    exception = traceback = add_done_callback = result


def clock_time(clock: Clock, fired: Callable[[], object]) -> Any:
    """Return a `grpc_testing.Time` of *clock*; *fired* is called after each call at a moment."""
    return _ClockTime(clock, fired)
