"""Long polling: receivers that wait, in the order in which they came, without a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import Refusal, SqsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .receiving import Reception
    from .store import Store

__all__ = ["Poll"]


class Poll:
    """A `ReceiveMessage` that found nothing and may wait.

    *is_there* tells whether its client is still connected: one that has left takes no message with it. *answer* is
    called once, with the messages, with none when the time is up, or with an error.
    """

    def __init__(
        self,
        store: Store,
        reception: Reception,
        is_there: Callable[[], bool],
        answer: Callable[[list[dict[str, Any]] | BaseException], object],
    ) -> None:
        """Wait, from now on, for as long as *reception* has patience."""
        self._reception = reception
        self._is_there = is_there
        self._answer = answer
        self._queue = reception.queue
        self._store = store
        self._end = store.agenda.after(reception.patience, lambda: self._finish([]))
        self._queue.polls.append(self)

    def try_again(self) -> None:
        """Take what has come in."""
        if not self._is_there():
            self._leave()
        elif self._store.queues.get(self._queue.name) is not self._queue:
            self._finish(SqsError(Refusal.QueueDoesNotExist))
        else:
            self._take()

    def _take(self) -> None:
        try:
            messages = self._reception.messages()
        except BaseException as error:  # noqa: BLE001 -- raised by a predicate of the test, to which it is told
            self._finish(error)
        else:
            if messages:
                self._finish(messages)

    def _finish(self, result: list[dict[str, Any]] | BaseException) -> None:
        self._leave()
        self._answer(result)

    def _leave(self) -> None:
        self._end.strike()
        if self in self._queue.polls:
            self._queue.polls.remove(self)
