"""One call of gRPC as it was seen on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from .call import CONNECT, Call, Headers
from .grpc_status import FAILURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from .call import Connection
    from .grpc_metadata import Metadata

__all__ = ["GrpcCall", "GrpcKind", "GrpcMethod"]

GrpcKind = Literal["unary", "client-stream", "server-stream", "bidi"]
"""How many messages go each way: one and one, many and one, one and many, many and many."""

_INFRASTRUCTURE = ("/grpc.health.", "/grpc.reflection.")


@dataclass(frozen=True, slots=True)
class GrpcMethod:
    """What a call asked for: how its messages are read, and what kind it is of."""

    path: str
    """`"/shop.v1.Orders/Get"`."""
    kind: GrpcKind
    """How many messages go each way: `"unary"`, `"client-stream"`, `"server-stream"` or `"bidi"`."""
    read_request: Callable[[bytes], Any]
    """Decodes a message of the request."""
    read_reply: Callable[[bytes], Any]
    """Decodes a message of the answer."""
    repeatable: bool = False
    """Whether its `idempotency_level` in the schema says that doing it twice does no more than doing it once."""

    @property
    def streams_requests(self) -> bool:
        """Whether the client sends many messages."""
        return self.kind in {"client-stream", "bidi"}

    @property
    def streams_replies(self) -> bool:
        """Whether the server sends many messages."""
        return self.kind in {"server-stream", "bidi"}


class GrpcCall(Call):
    """One call of gRPC: one stream of HTTP/2, whatever number of messages went each way.

    `operation` is `"/shop.v1.Orders/Get"`. A call is in the ledger when its request has been read, one that streams
    its requests when it begins. `code` is the status that the client was sent; what HTTP calls status (`status`) is
    there only where something that is not gRPC answered, a proxy's error page say. `body` is the request's messages,
    one after the other, without their framing.
    """

    __slots__ = (
        "cancelled",
        "code",
        "compressed",
        "details",
        "metadata",
        "method",
        "raw_replies",
        "raw_requests",
        "reset",
        "timeout",
        "trailers",
        "untouched",
    )
    protocol = "grpc"

    def __init__(self, fake: str, connection: Connection, head: bytes = b"", operation: str = CONNECT) -> None:
        """Begin the record of a call whose headers have come."""
        super().__init__(fake, connection, head, operation)
        self.metadata: Metadata = ()
        """What the client sent along, in order, `grpc-timeout` and the like included; the values of `-bin` decoded."""
        self.method: GrpcMethod | None = None
        """What it asks for, where the fake knows it."""
        self.timeout: float | None = None
        """The seconds that the client gave the call (`grpc-timeout`), from *started* on."""
        self.raw_requests: list[bytes] = []
        """The request's messages, decompressed."""
        self.compressed: list[bool] = []
        """Of each of them, whether it came compressed, as `grpc-encoding` says; a client may leave one as it is."""
        self.raw_replies: list[bytes] = []
        """The messages that the client was sent, as they were meant: faults may have changed them on the way."""
        self.code: str = ""
        """The status that was sent, `"UNAVAILABLE"`; `""` while none was."""
        self.details: str = ""
        """The text that came with it."""
        self.trailers: Metadata = ()
        """The metadata that came with it."""
        self.reset: str = ""
        """The error code of the RST_STREAM that ended it, `"REFUSED_STREAM"`, whoever sent it; `""` if none did."""
        self.cancelled: bool = False
        """Whether the client cancelled it; clients do so as well when its deadline has passed."""
        self.untouched: bool = False
        """Whether the client was told that it was not processed at all: REFUSED_STREAM, or a GOAWAY before it."""

    @property
    def kind(self) -> str:
        """`"unary"`, `"client-stream"`, `"server-stream"`, `"bidi"`; `"request"` of a method that is not known."""
        return self.method.kind if self.method is not None else "request"

    @property
    def version(self) -> str:
        """The protocol beneath: `"HTTP/2"`."""
        return "HTTP/2"

    @property
    def is_spared(self) -> bool:
        """Whether it is a health check or a question about the schema, which no test has asked for."""
        return self.operation.startswith(_INFRASTRUCTURE)

    @property
    def headers(self) -> Headers:
        """The metadata, looked up in any case; the bytes of `-bin` as Latin-1."""
        return Headers(tuple((name, _text(value)) for name, value in self.metadata))

    @property
    def previous_attempts(self) -> int:
        """How many attempts of this call came before, as the client's own retries tell (`grpc-previous-rpc-attempts`).

        0 for the first attempt, for a transparent retry, and for retries that the application makes by itself.
        """
        told = self.headers.get("grpc-previous-rpc-attempts", "0")
        return int(told) if told.isdecimal() else 0

    @property
    def deadline(self) -> float | None:
        """When the client gives up, in the ledger's seconds; None if it gave the call no timeout."""
        return None if self.timeout is None else round(self.started + self.timeout, 6)

    @property
    def requests(self) -> tuple[Any, ...]:
        """The request's messages, decoded; those that cannot be are bytes."""
        return tuple(self._read(each, "read_request") for each in self.raw_requests)

    @property
    def request(self) -> Any:
        """The first of the request's messages, decoded; None if there is none."""
        return self._read(self.raw_requests[0], "read_request") if self.raw_requests else None

    @property
    def replies(self) -> tuple[Any, ...]:
        """The messages that the client was sent, decoded; those that cannot be are bytes."""
        return tuple(self._read(each, "read_reply") for each in self.raw_replies)

    def _read(self, data: bytes, how: str) -> Any:
        if self.method is None:
            return data
        try:
            return getattr(self.method, how)(data)
        except Exception:  # noqa: BLE001 -- whatever its codec raises: a client may send what is no message
            return data

    @property
    def repeatable(self) -> bool:
        """Whether the schema calls it idempotent, or free of side effects."""
        return self.method is not None and self.method.repeatable

    @property
    def unprocessed(self) -> bool:
        """Whether the client was told that it was not processed at all."""
        return self.untouched

    @property
    def denied(self) -> bool:
        """Whether the client was told no: any status but OK and CANCELLED, or what is not gRPC at all."""
        return self.code not in {"", "OK", "CANCELLED"} or self._is_foreign

    @property
    def verdict(self) -> str:
        """What the client was shown, in a word or two: `"OK"`, `"UNAVAILABLE"`, `"reset REFUSED_STREAM"`, `"hung"`."""
        if self.cancelled:
            return "cancelled"
        if self.outcome == "reset" and self.reset:
            return f"reset {self.reset}"
        if self.outcome == "closed" and self.untouched:
            return "goaway"
        if self.outcome == "answered" and not self.code and self.status is None:
            return "no status"
        if self.outcome != "answered" or not self.code:
            return super().verdict
        return f"{self.code} spoiled" if self.spoiled else self.code

    @property
    def _is_foreign(self) -> bool:
        """Tell whether something answered that does not speak gRPC."""
        return self.status is not None and not self.code

    def _refused(self) -> bool:
        return self._is_foreign or self.code in FAILURES or self.code.isdecimal()

    def fit(self, method: GrpcMethod) -> None:
        """Record which *method* of the fake it is."""
        self.method = method


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


KINDS: frozenset[str] = frozenset(get_args(GrpcKind))
