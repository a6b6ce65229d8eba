"""How far a call has come: what every face of it, for threads and for asyncio, is built on."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.grpc_status import CODES

from .outcome import DEADLINE_EXCEEDED, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.grpc_metadata import Metadata

__all__ = ["CANCELLED", "MISREAD", "CallState"]

CANCELLED = Outcome(CODES.index("CANCELLED"), "Locally cancelled by application!")
MISREAD = Outcome(CODES.index("INTERNAL"), "Exception deserializing response!")


class CallState:
    """What came of a call, and how it ended. Whoever uses it sees to it that one thread does at a time."""

    def __init__(self, decode: Callable[[bytes], Any] | None, *, many: bool) -> None:
        """Begin before anything came; *decode* makes a reply of bytes, *many* tells whether there are many of them."""
        self.initial: Metadata | None = None
        """The metadata of the headers; None until they have come."""
        self.messages: deque[bytes] = deque()
        """Those that were not read yet."""
        self.outcome: Outcome | None = None
        """How the call ended; None while it goes on: one that has many replies ends when all have been read."""
        self.response: Any = None
        """The one reply."""
        self.is_cancelled: bool = False
        self._coming: Outcome | None = None
        self._decode = decode
        self._many = many

    def begin(self, metadata: Metadata) -> None:
        """Take *metadata*, which came with the headers."""
        self.initial = metadata

    def receive(self, message: bytes) -> None:
        """Take a message; after the end nobody wants it."""
        if self.outcome is None:
            self.messages.append(message)

    def end(self, outcome: Outcome) -> None:
        """Take the *outcome*; a deadline does not wait until what came before has been read."""
        self._coming = outcome
        if outcome is DEADLINE_EXCEEDED:
            self.messages.clear()
        self._settle()

    def take(self) -> bytes:
        """Return the oldest message that was not read."""
        message = self.messages.popleft()
        self._settle()
        return message

    def stop(self, outcome: Outcome) -> bool:
        """End the call from this side, unless it is over; tell whether it went on."""
        if self.outcome is not None:
            return False
        self.is_cancelled = outcome is CANCELLED
        self.messages.clear()
        self.finish(outcome)
        return True

    def finish(self, outcome: Outcome) -> None:
        """Take *outcome* for the end, whatever was to come."""
        self.outcome = self._coming = outcome
        self.initial = self.initial or ()

    def decoded(self, message: bytes) -> Any:
        """Return the reply that *message* is."""
        return message if self._decode is None else self._decode(message)

    def _settle(self) -> None:
        coming = self._coming
        if coming is None or self.outcome is not None or (self._many and self.messages):
            return
        self.finish(coming if self._many else self._read(coming))

    def _read(self, outcome: Outcome) -> Outcome:
        """Decode the one message, as the last thing that can go wrong."""
        if outcome.number or not self.messages:
            return outcome
        try:
            self.response = self.decoded(self.messages.popleft())
        except Exception:  # noqa: BLE001 -- whatever a codec raises: it is the message that is wrong
            return Outcome(MISREAD.number, MISREAD.text, outcome.trailing)
        return outcome
