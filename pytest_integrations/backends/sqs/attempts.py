"""Receives that are tried again: a FIFO queue gives the same messages to the same attempt, by the same handles.

A client whose answer was lost asks again with its `ReceiveRequestAttemptId`, and need not wait for the visibility
timeout. It works for five minutes, and as long as nobody has done anything with one of the messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agenda import Entry
    from .message import StoredMessage

__all__ = ["Attempt"]

_REMEMBERED_FOR = 300.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one receive was answered, at *moment*, and the state of its messages since then."""

    moment: float
    answer: list[dict[str, Any]]
    states: tuple[tuple[StoredMessage, int, Entry | None], ...]

    @classmethod
    def of(cls, moment: float, answer: list[dict[str, Any]], messages: list[StoredMessage]) -> Attempt:
        """Remember that *messages* were given out as *answer*."""
        return cls(moment, answer, tuple((each, each.delivery, each.entry) for each in messages))

    def holds(self, now: float) -> bool:
        """Tell whether it can be answered again."""
        untouched = all(
            message.is_in_flight and message.delivery == delivery and message.entry is entry
            for message, delivery, entry in self.states
        )
        return untouched and now - self.moment < _REMEMBERED_FOR - 1e-6
