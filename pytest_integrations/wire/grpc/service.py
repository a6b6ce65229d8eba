"""What the wire of gRPC asks of the fake that it serves, and what the fake may ask of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_integrations.core.grpc_call import GrpcCall
    from pytest_integrations.core.grpc_metadata import Metadata
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Decision

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


class Conversation(Protocol):
    """The fake's part in one call. All methods are called on the loop."""

    def received(self, message: bytes) -> None:
        """A message of the request came in."""

    def half_closed(self) -> None:
        """The request is complete."""

    def drained(self) -> None:
        """What was sent is on its way, after some of it had to wait for the client."""

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
