"""The clients that wait for something to come: served in the order in which they came, and never when they are gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.resp.values import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.wire.loop import Timer

    from .session import Session

__all__ = ["Waiter", "WaitingList"]


@dataclass(slots=True, eq=False)
class Waiter:
    """One blocked command: *attempt* gives its result when there is one, *shape* makes the reply of that."""

    session: Session
    fields: list[bytes]
    attempt: Callable[[bool], Any]
    shape: Callable[[Any], Any] | None
    timer: Timer | None = None

    def shaped(self, result: Any) -> Any:
        """Return the reply that *result* makes."""
        return result if self.shape is None else self.shape(result)


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

    def add(self, waiter: Waiter, timeout: float) -> None:
        """Let *waiter* wait, for at most *timeout* seconds if that is not 0."""
        self._waiters[waiter] = None
        if timeout:
            waiter.timer = shared_loop().call_later(timeout, lambda: self.release(waiter.session, None))

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
        session.wake(waiter, waiter.shaped(None) if error is None else Failure(error))
        return True

    def serve(self, attempt: Callable[[Waiter], Any]) -> None:
        """Give those that wait what there is by now, until *attempt* finds nothing for anybody."""
        if self._is_serving:
            return
        self._is_serving = True
        try:
            while any([self._serve_one(waiter, attempt) for waiter in self]):
                pass
        finally:
            self._is_serving = False

    def _serve_one(self, waiter: Waiter, attempt: Callable[[Waiter], Any]) -> bool:
        if waiter not in self._waiters:
            return False
        result = attempt(waiter)
        if result is None:
            return False
        self.remove(waiter.session)
        waiter.session.wake(waiter, result)
        return True

    def clear(self) -> None:
        """Forget everybody."""
        for waiter in self:
            self.remove(waiter.session)
