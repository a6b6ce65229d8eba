"""What the HTTP wire asks of the fake that it serves: what is to be done with a connection, a head, a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_integrations.core.message import Message, closes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.reply import Reply
    from pytest_integrations.core.script import Decision

__all__ = ["HttpService", "Prepared"]


class Prepared:
    """A reply whose bytes are made once and sent many times."""

    __slots__ = ("_kept", "closes", "reply", "when_sent")

    def __init__(self, reply: Reply, when_sent: Callable[[], object] | None = None) -> None:
        """Prepare *reply*; *when_sent* is called when all of it goes out, and goes out as it is."""
        self.reply: Reply = reply
        self.when_sent: Callable[[], object] | None = when_sent
        self.closes: bool = closes(reply)
        """Whether it announces the end of its connection."""
        self._kept: bytes | None = None

    def message(self, *, head_only: bool, persistent: bool) -> Message:
        """Return the reply as a message that faults can change."""
        return Message.of(self.reply, head_only=head_only, persistent=persistent)

    def kept(self) -> bytes:
        """Return all bytes of the reply to anything but HEAD on a connection that is kept."""
        if self._kept is None:
            self._kept = Message.of(self.reply).wire
        return self._kept


class HttpService(Protocol):
    """The fake behind the wire. All methods are called on the loop."""

    name: str
    ledger: Ledger
    record: type[HttpCall]
    max_head: int
    """Bytes of a request's head; a longer one is answered 431."""
    max_body: int
    """Bytes of a request's body; a longer one is answered 413."""

    @property
    def decides_at_head(self) -> bool:
        """Whether some fault acts while the request is still being sent, so that `decide` is asked at its head."""
        ...

    def decide(self, call: HttpCall) -> Decision | None:
        """Name the operation of *call* and decide what goes wrong with it."""
        ...

    def recognise(self, call: HttpCall) -> None:
        """Name the operation of a *call* about which there is nothing to decide."""
        ...

    def answer(self, call: HttpCall) -> Prepared | Callable[[Callable[[Prepared], object]], object]:
        """Let what the test scripted run: its prepared reply, or something that hands one over later."""
        ...

    def failed(self, call: HttpCall, error: BaseException) -> Prepared:
        """Record that a callable of the test raised *error* while it answered *call*, and return what to answer."""
        ...
