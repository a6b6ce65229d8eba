"""Streams that are the body of an answer of HTTP: one subscriber each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pytest_integrations.core.effect import Disrupt
    from pytest_integrations.core.reply import Reply
    from pytest_integrations.wire.http1.stream import Stream

    from .outlet import Kind, Twist

__all__ = ["BodyOutlet"]


class BodyOutlet(ABC):
    """One subscriber's way out by a body; subclasses put messages into it, each in its format.

    What the ledger says of how it ends is written by the exchange whose answer it is.
    """

    head: ClassVar[Reply]
    """The head of the answer."""
    opening: ClassVar[bytes] = b""
    """What the body begins with."""

    def __init__(self, stream: Stream) -> None:
        """Send by *stream*."""
        self._stream = stream
        stream.send(self.opening)

    @abstractmethod
    def encoded(self, kind: Kind, payload: Any, twist: Twist | None) -> bytes:
        """Return one message as bytes, right or wrong."""

    def send(self, kind: Kind, payload: Any = None, twist: Twist | None = None) -> None:
        """Send one message, in a chunk of its own."""
        self._stream.send(self.encoded(kind, payload, twist))

    def end(self) -> None:
        """End the body."""
        self._stream.end()

    def gone(self) -> None:  # noqa: B027 -- most have nothing to do
        """Do nothing: the exchange has recorded it."""

    def break_off(self, disruption: Disrupt) -> None:
        """End it otherwise; without a message for the end, the body itself is whole."""
        if disruption.kind == "no_complete":
            self._stream.end()
        else:
            self._stream.break_off("reset" if disruption.kind == "reset" else "stall")
