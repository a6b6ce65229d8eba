"""What the HTTP wire asks of the fake that it serves: what is to be done with a connection, a head, a call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from pytest_integrations.core.message import Message, closes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.reply import Reply
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.transport import WireProtocol

    from .stream import Stream

__all__ = ["Answers", "HttpService", "Prepared", "Streamed", "Switched"]


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


class Streamed:
    """An answer whose body goes on until somebody ends it.

    Faults act on its head as on any other; those that cut its body do so as it comes; one that replaces the body
    answers that in place of the stream, which then does not begin.
    """

    __slots__ = ("begin", "reply")

    def __init__(self, reply: Reply, begin: Callable[[Stream], object]) -> None:
        """Send the head of *reply*, whose body is left out; then *begin* is given what takes the body's pieces."""
        self.reply: Reply = replace(reply, body=b"", chunks=())
        self.begin: Callable[[Stream], object] = begin

    def message(self, *, framed: bool, persistent: bool) -> Message:
        """Return its head: *framed* in chunks, or, for a client that knows no chunks, by the end of the connection."""
        message = Message.of(self.reply, persistent=persistent and framed)
        return replace(message if framed else message.without(b"Transfer-Encoding"), content=b"")


class Switched:
    """An answer after which the connection speaks another protocol: 101 Switching Protocols."""

    __slots__ = ("begin", "reply")

    def __init__(self, reply: Reply, begin: Callable[[], WireProtocol]) -> None:
        """Send the head of *reply*; then *begin* makes what the connection is handed to."""
        self.reply: Reply = reply
        self.begin: Callable[[], WireProtocol] = begin

    def message(self) -> Message:
        """Return its head."""
        return Message.of(self.reply)


Answers = Prepared | Streamed | Switched
"""What a call may be answered with."""


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

    def answer(self, call: HttpCall) -> Answers | Callable[[Callable[[Answers], object]], object]:
        """Let what the test scripted run: its prepared reply, or something that hands one over later."""
        ...

    def failed(self, call: HttpCall, error: BaseException) -> Prepared:
        """Record that a callable of the test raised *error* while it answered *call*, and return what to answer."""
        ...
