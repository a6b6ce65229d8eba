"""The header fields of a call, as grpcio's clients send them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.grpc.compression import compressed
from pytest_integrations.wire.grpc.framing import framed
from pytest_integrations.wire.grpc.metadata import encoded, timeout_text

if TYPE_CHECKING:
    from pytest_integrations.core.grpc_metadata import Metadata

__all__ = ["Request", "message_of"]

_IDENTITY = "identity"


def message_of(data: Any) -> bytes:
    """Return *data*, the bytes of a message; anything else is a TypeError, as in grpcio."""
    if not isinstance(data, bytes):
        msg = f"Argument 'message' has incorrect type (expected bytes, got {type(data).__name__})"
        raise TypeError(msg)
    return data


@dataclass(frozen=True, slots=True)
class Request:
    """What a call asks for, all but its messages; *timeout* in seconds, *compression* how messages are compressed."""

    path: str
    metadata: Metadata = ()
    timeout: float | None = None
    compression: str = _IDENTITY
    streams_requests: bool = False
    streams_replies: bool = False

    def fields(self, authority: str) -> tuple[tuple[bytes, bytes], ...]:
        """Return the header section, to a server that is called *authority*."""
        fields = [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", self.path.encode()),
            (b":authority", authority.encode()),
            (b"content-type", b"application/grpc"),
            (b"te", b"trailers"),
            (b"grpc-accept-encoding", b"identity, deflate, gzip"),
            (b"user-agent", b"grpc-python-in-memory"),
        ]
        if self.compression != _IDENTITY:
            fields.append((b"grpc-encoding", self.compression.encode()))
        if self.timeout is not None:
            fields.append((b"grpc-timeout", timeout_text(self.timeout).encode()))
        return (*fields, *encoded(self.metadata))

    def framed(self, message: bytes) -> bytes:
        """Return *message* with its prefix, compressed if that was asked for."""
        if self.compression == _IDENTITY:
            return framed(message)
        return framed(compressed(self.compression, message), flag=1)
