"""What waits to be done for one call, in order, each step after its pause."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_integrations.wire.loop import Loop, Timer

__all__ = ["Outbox", "Step"]

Step = tuple[float, "Callable[[], object]"]
"""Seconds to wait, and what to do then."""


class Outbox:
    """Does one step after the other; those without a pause at once, if none is waiting before them."""

    __slots__ = ("_is_playing", "_loop", "_steps", "_timer")

    def __init__(self, loop: Loop) -> None:
        """Begin empty; pauses are by the clock of *loop*."""
        self._loop = loop
        self._steps: deque[Step] = deque()
        self._timer: Timer | None = None
        self._is_playing = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._steps

    def put(self, pause: float, action: Callable[[], object]) -> None:
        """Do *action* after all that waits, and *pause* seconds."""
        self._steps.append((pause, action))
        self._play()

    def put_first(self, steps: Iterable[Step]) -> None:
        """Do *steps* before all that waits; called by a step that is being done."""
        self._steps.extendleft(reversed(tuple(steps)))

    def _play(self) -> None:
        if self._is_playing or self._timer is not None:
            return
        self._is_playing = True
        try:
            while self._steps:
                pause, action = self._steps[0]
                if pause:
                    self._timer = self._loop.call_later(pause, self._paused)
                    return
                self._steps.popleft()
                action()
        finally:
            self._is_playing = False

    def _paused(self) -> None:
        self._timer = None
        _, action = self._steps.popleft()
        self._steps.appendleft((0.0, action))
        self._play()

    def clear(self) -> None:
        """Do nothing of what waits."""
        self._steps.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
