"""The clients that wait for something to come: served in the order in which they came, and never when they are gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.resp.values import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.wire.loop import Timer

    from .blocking import Wish
    from .session import Session

__all__ = ["Waiter", "WaitingList"]


_FOR_EVER = 365 * 86_400
"""Seconds; who waits longer waits for ever, since no timer of an operating system is that long."""


@dataclass(slots=True, eq=False)
class Waiter:
    """One blocked command, and what it waits for."""

    session: Session
    fields: list[bytes]
    wish: Wish
    timer: Timer | None = None


class WaitingList:
    """All blocked clients of a server, the longest waiting first."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._waiters: dict[Waiter, None] = {}
        self._is_serving = False

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiters)

    def __iter__(self) -> Iterator[Waiter]:
        """Iterate over those that wait, the longest waiting first."""
        return iter(tuple(self._waiters))

    def add(self, waiter: Waiter) -> None:
        """Let *waiter* wait, for as long as it wishes."""
        self._waiters[waiter] = None
        if 0 < waiter.wish.timeout < _FOR_EVER:
            waiter.timer = shared_loop().call_later(waiter.wish.timeout, lambda: self.release(waiter.session, None))

    def remove(self, session: Session) -> Waiter | None:
        """Let a client wait no more; it gets nothing."""
        waiter, session.waiter = session.waiter, None
        if waiter is None:
            return None
        self._waiters.pop(waiter, None)
        if waiter.timer is not None:
            waiter.timer.cancel()
        return waiter

    def release(self, session: Session, error: str | None) -> bool:
        """Answer a client that waits as if its time were up, or with *error*; tell whether it did wait."""
        waiter = self.remove(session)
        if waiter is None:
            return False
        session.wake(waiter, None if error is None else Failure(error))
        return True

    def serve(self) -> None:
        """Give those that wait what there is by now, until there is nothing for anybody."""
        if self._is_serving:
            return
        self._is_serving = True
        try:
            while sum(self._serve_one(waiter) for waiter in self):  # of all, not up to the first
                pass
        finally:
            self._is_serving = False

    def _serve_one(self, waiter: Waiter) -> bool:
        if waiter not in self._waiters:
            return False
        result = waiter.session.attempt(waiter.wish, again=True)
        if result is None:
            return False
        self.remove(waiter.session)
        waiter.session.wake(waiter, result)
        return True

    def clear(self) -> None:
        """Forget everybody."""
        for waiter in self:
            self.remove(waiter.session)
