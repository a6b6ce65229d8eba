"""What carries one call of gRPC: a stream of HTTP/2, or one in memory that says and is told the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.call import Connection
    from pytest_integrations.wire.http2.service import StreamHandler
    from pytest_integrations.wire.loop import Loop

__all__ = ["GrpcConnection", "GrpcStream"]

Pair = tuple[bytes, bytes]


class GrpcConnection(Protocol):
    """What several calls come over. All methods are called on the loop."""

    @property
    def loop(self) -> Loop:
        """The loop that it lives on."""
        ...

    @property
    def record(self) -> Connection:
        """What the ledger has of it."""
        ...

    def goaway(self, last: int | None = None, code: int = 0) -> None:
        """Take no further streams; those above *last* (None: above the newest) are not processed."""

    def abort(self) -> None:
        """End it by RST."""

    def finish(self) -> None:
        """End it by FIN."""


class GrpcStream(Protocol):
    """The way of one call; what is given after the end is dropped. All methods are called on the loop."""

    handler: StreamHandler

    @property
    def id(self) -> int:
        """Its number in its connection."""
        ...

    @property
    def connection(self) -> GrpcConnection:
        """What it belongs to."""
        ...

    @property
    def headers(self) -> Sequence[Pair]:
        """Those of its request, raw, pseudo-headers first."""
        ...

    @property
    def request_ended(self) -> bool:
        """Whether the client has said that its request is complete."""
        ...

    @property
    def unsent(self) -> int:
        """How many bytes the client has not taken yet."""
        ...

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of the request's field called *name*, or None."""
        ...

    def send_headers(self, fields: Iterable[Pair], *, end: bool = False) -> None:
        """Send the head of the answer, or, with *end*, all of it."""

    def send_data(self, data: bytes | memoryview, *, end: bool = False) -> None:
        """Send bytes of messages; with *end* they are the last, and no trailers come."""

    def send_trailers(self, fields: Iterable[Pair]) -> None:
        """Send what comes after all messages."""

    def send_half(self, fields: Iterable[Pair], data: bytes, *, end: bool = False) -> None:
        """Send the first half of a HEADERS frame with *fields*, or of a DATA frame; the connection has no use then."""

    def reset(self, code: int, *, when_sent: bool = False) -> None:
        """End it without an answer, or with no more of one: at once, or *when_sent*."""

    def hold(self) -> None:
        """Let the client's window fill: what it sends is not acknowledged."""

    def release(self) -> None:
        """Acknowledge what came in meanwhile, and what comes."""
