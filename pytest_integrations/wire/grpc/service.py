"""What the wire of gRPC asks of the fake that it serves, and what the fake may ask of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.grpc_call import GrpcCall
    from pytest_integrations.core.grpc_metadata import Metadata
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Decision

    from .plan import Stop
    from .stream import GrpcStream

__all__ = ["Answering", "Conversation", "GrpcService"]


class Answering(Protocol):
    """The way to the client of one call; what goes into it goes out in order. Used on the loop only."""

    call: GrpcCall

    @property
    def unsent(self) -> int:
        """How many bytes the client has not taken yet."""
        ...

    def headers(self, metadata: Metadata) -> None:
        """Send this with the headers, which go out with the first message, or with the status."""

    def send(self, message: bytes, pause: float = 0.0) -> None:
        """Send a message, *pause* seconds after what came before it."""

    def end(self, code: int, text: str = "", trailing: Metadata = ()) -> None:
        """Send the status; what comes after it is not sent."""

    # for who passes a call on

    @property
    def stream(self) -> GrpcStream:
        """The stream that the call came in on."""
        ...

    def start(self, metadata: Metadata, encoding: str) -> None:
        """Send the headers now, with *metadata*; messages are in this *encoding*, where the client takes that."""

    def then(self, action: Callable[[], object]) -> None:
        """Call *action* when all that was given so far has been sent."""

    def stop(self, stop: Stop) -> None:
        """End the call as *stop* says, by a reset or by GOAWAY, after all messages."""


class Conversation(Protocol):
    """The fake's part in one call. All methods are called on the loop."""

    def received(self, message: bytes) -> None:
        """A message of the request came in."""

    def half_closed(self) -> None:
        """The request is complete."""

    def drained(self) -> None:
        """What was sent is on its way: the client has taken it, or will without another word."""

    def over(self) -> None:
        """The call has come to its end, whatever it was; nothing that is sent now arrives."""


class GrpcService(Protocol):
    """The fake behind the wire. All methods are called on the loop."""

    name: str
    ledger: Ledger
    max_message: int
    """Bytes of a message of a request; a longer one is answered RESOURCE_EXHAUSTED."""
    max_request: int
    """Bytes of all messages of a request; more are answered RESOURCE_EXHAUSTED."""
    compression: str
    """The encoding of replies, where the client takes it: `"identity"`, `"gzip"`, `"deflate"`."""

    def recognise(self, call: GrpcCall) -> None:
        """Find out which method *call* is about, from its operation."""
        ...

    def decide(self, call: GrpcCall) -> Decision | None:
        """Decide what goes wrong with *call*."""
        ...

    def converse(self, answering: Answering) -> Conversation:
        """Begin to answer a call that is in the ledger now."""
        ...

    def failed(self, call: GrpcCall, error: BaseException) -> str:
        """Record that a callable of the test raised *error* for *call*, and return what to tell its client."""
        ...
