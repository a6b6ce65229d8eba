"""What performs an effect on a stream: each stage takes bytes and the end, and passes them to the next in its way."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pytest_integrations.core import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_integrations.wire.loop import Loop, Timer

__all__ = ["End", "Outlet", "Stage", "stage_for"]

End = Literal["fin", "close", "reset"]
"""`fin`: the source's own, the other direction goes on; `close`, `reset`: of the whole connection, on both sides."""

E = TypeVar("E", bound=stream.StreamEffect)
_HAIR = 1e-6
"""Seconds by which the sums of floats may be wrong."""


class Outlet(Protocol):
    """Where bytes go."""

    def data(self, data: bytes, /) -> None:
        """Take *data*."""

    def end(self, how: End, /) -> None:
        """Take the end: nothing comes after it."""


class Stage(Generic[E]):
    """Passes everything on as it comes; the others do it in their own way."""

    room: ClassVar[int] = 256 * 1024
    """How many bytes a stream with this stage may hold before its source is held up."""

    def __init__(self, effect: E, loop: Loop, following: Outlet, note: Callable[[], object]) -> None:
        """Perform *effect* before *following*; *note* is told when bytes are thrown away."""
        self._effect = effect
        self._loop = loop
        self._note = note
        self._timer: Timer | None = None
        self.following: Outlet = following
        self.held: int = 0
        """How many bytes it holds now."""
        self.is_stalled: bool = False
        """Whether nothing will come of it any more, not even the end."""

    def data(self, data: bytes) -> None:
        """Take *data*."""
        self.following.data(data)

    def end(self, how: End) -> None:
        """Take the end."""
        self.following.end(how)

    def release(self) -> None:
        """Pass on what is held: the stage is taken out."""

    def cancel(self) -> None:
        """Forget everything: the connection is gone."""
        self.held = 0
        self._stop_waiting()

    def _now(self) -> float:
        return self._loop.clock.monotonic()

    def _wait(self, seconds: float, action: Callable[[], object]) -> None:
        """Call *action* after *seconds*, and not what was to be called before."""
        self._stop_waiting()
        self._timer = self._loop.call_later(seconds, action)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Queue(Stage[E]):
    """Passes things on at their times, in order."""

    def __init__(self, effect: E, loop: Loop, following: Outlet, note: Callable[[], object]) -> None:
        super().__init__(effect, loop, following, note)
        self._queue: deque[tuple[float, bytes | End]] = deque()

    def _at(self, due: float, what: bytes | End) -> None:
        """Pass *what* on when *due*, and not before what came before it."""
        self._queue.append((due, what))
        self.held += len(what) if isinstance(what, bytes) else 0
        if self._timer is None:
            self._pass_due()

    def end(self, how: End) -> None:
        """Take the end, which follows the last byte."""
        self._at(self._now(), how)

    def _pass_due(self) -> None:
        self._timer = None
        now = self._now() + _HAIR
        due: list[bytes | End] = []
        while self._queue and self._queue[0][0] <= now:
            due.append(self._queue.popleft()[1])
        if self._queue:
            self._wait(self._queue[0][0] - self._now(), self._pass_due)
        self._pass(due)

    def _pass(self, things: Sequence[bytes | End]) -> None:
        """Pass *things* on, the bytes in one piece; an end is the last of them."""
        if data := b"".join(what for what in things if isinstance(what, bytes)):
            self.held -= len(data)
            self.following.data(data)
        for what in things:
            if not isinstance(what, bytes):
                self.following.end(what)

    def release(self) -> None:
        """Pass on what is held, at once and in one piece."""
        waiting: list[bytes | End] = [what for _, what in self._queue]
        self._stop_waiting()
        self._queue.clear()
        self._pass(waiting)

    def cancel(self) -> None:
        """Forget everything."""
        super().cancel()
        self._queue.clear()


class _Lag(_Queue[stream.Lag]):
    """Bytes that are long under way."""

    room = 32 * 1024 * 1024  # as much as Toxiproxy's: a delay alone is not to limit the throughput

    def data(self, data: bytes) -> None:
        self._at(self._now() + self._effect.draw(), data)


class _Pace(_Queue[stream.Pace]):
    """A narrow line."""

    _free = 0.0
    """When the last byte that came in will be through."""

    def data(self, data: bytes) -> None:
        rate, free = self._effect.rate, max(self._now(), self._free)
        size = max(1, int(rate / 10))
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            free += len(piece) / rate
            self._at(free, piece)
        self._free = free


class _Slices(_Queue[stream.Slices]):
    """Small segments, with a pause between two of them."""

    _free = 0.0
    """When the pause after the last slice is over."""

    def data(self, data: bytes) -> None:
        pause, first = self._effect.pause, self._effect.first
        free, start = max(self._now(), self._free), 0
        for size in self._effect.split(len(data)):
            self._at(free + pause if first else free, data[start : start + size])
            free, start = free + pause, start + size
        self._free = free


class _Linger(_Queue[stream.Linger]):
    """An end that comes late."""

    def data(self, data: bytes) -> None:
        self.following.data(data)

    def end(self, how: End) -> None:
        self._at(self._now() + self._effect.seconds, how)


class _Silence(Stage[stream.Silence]):
    """Nothing gets through, and at some time it is over."""

    def __init__(self, effect: stream.Silence, loop: Loop, following: Outlet, note: Callable[[], object]) -> None:
        super().__init__(effect, loop, following, note)
        self._begin()

    def _begin(self) -> None:
        if self._effect.seconds is not None:
            self._wait(self._effect.seconds, self.release)

    def data(self, data: bytes) -> None:
        self._note()
        self._begin()

    def end(self, how: End) -> None:
        if how == "fin" and self._effect.stream == "downstream":
            self.is_stalled = True  # the client is to wait, though nobody will answer; its own end goes on
            self._note()
        else:
            self._stop_waiting()
            self.following.end(how)

    def release(self) -> None:
        """Close the connection: its bytes have a hole."""
        self._stop_waiting()
        self.following.end("close")


class _Sever(Stage[stream.Sever]):
    """A line that breaks when there is something to pass on."""

    def __init__(self, effect: stream.Sever, loop: Loop, following: Outlet, note: Callable[[], object]) -> None:
        super().__init__(effect, loop, following, note)
        self._kept: list[bytes] = []
        self._end: End | None = None

    def data(self, data: bytes) -> None:
        self._kept.append(data)
        self.held += len(data)
        self._begin()

    def end(self, how: End) -> None:
        self._end = how
        self._begin()

    def _begin(self) -> None:
        if not self._effect.seconds:
            self._break()
        elif self._timer is None:
            self._wait(self._effect.seconds, self._break)

    def _break(self) -> None:
        self.cancel()
        self.following.end("reset")

    def release(self) -> None:
        """Pass on what was held."""
        kept = b"".join(self._kept)
        self.cancel()
        if kept:
            self.following.data(kept)
        if self._end is not None:
            self.following.end(self._end)

    def cancel(self) -> None:
        super().cancel()
        self._kept.clear()


class _Limit(Stage[stream.Limit]):
    """So many bytes, and no more."""

    def __init__(self, effect: stream.Limit, loop: Loop, following: Outlet, note: Callable[[], object]) -> None:
        super().__init__(effect, loop, following, note)
        self._left = effect.count
        self._is_reached = self._has_hole = False

    def data(self, data: bytes) -> None:
        if not self._is_reached:
            passing, data = data[: self._left], data[self._left :]
            self._left -= len(passing)
            if passing:
                self.following.data(passing)
            if not self._left:
                self._stop()
        if data and self._effect.how == "stall":
            self._has_hole = True
            self._note()

    def end(self, how: End) -> None:
        if how == "fin" and self._effect.how == "stall" and self._effect.stream == "downstream" and not self._left:
            if not self._is_reached:
                self._stop()
            self._has_hole = True  # the client is to wait, though nobody will answer; its own end goes on
            self._note()
        else:
            self.following.end(how)

    def _stop(self) -> None:
        self._is_reached = True
        effect = self._effect
        if effect.how != "stall":
            self.following.end(effect.how)
            return
        self.is_stalled = effect.stream == "downstream"
        if effect.seconds is not None:
            self._wait(effect.seconds, self._close)

    def _close(self) -> None:
        self._stop_waiting()
        self.following.end("close")

    def release(self) -> None:
        """Close the connection, if its bytes have a hole."""
        self._stop_waiting()
        if self._has_hole:
            self._close()


_STAGES: dict[type[stream.StreamEffect], type[Stage[Any]]] = {
    stream.Lag: _Lag,
    stream.Limit: _Limit,
    stream.Linger: _Linger,
    stream.Pace: _Pace,
    stream.Sever: _Sever,
    stream.Silence: _Silence,
    stream.Slices: _Slices,
}


def stage_for(effect: stream.StreamEffect, loop: Loop, following: Outlet, note: Callable[[], object]) -> Stage[Any]:
    """Return what performs *effect*."""
    return _STAGES[type(effect)](effect, loop, following, note)
