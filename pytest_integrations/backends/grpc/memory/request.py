"""The header fields of a call, as grpcio's clients send them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.wire.grpc.compression import compressed
from pytest_integrations.wire.grpc.framing import framed
from pytest_integrations.wire.grpc.metadata import encoded, timeout_text

if TYPE_CHECKING:
    from pytest_integrations.core.grpc_metadata import Metadata

__all__ = ["Request", "is_valid"]

_IDENTITY = "identity"
_NAME = re.compile(r"[0-9a-z_.-]+")
_TEXT = re.compile(r"[\x20-\x7e]*")


def is_valid(metadata: Metadata) -> bool:
    """Tell whether *metadata* can be sent: names in lower case, values of printable ASCII, but for those of `-bin`."""
    return all(_NAME.fullmatch(name) and (name.endswith("-bin") or _is_text(value)) for name, value in metadata)


def _is_text(value: str | bytes) -> bool:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return bool(_TEXT.fullmatch(text))


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
