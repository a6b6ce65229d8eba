"""The header fields of gRPC: what those of a request say, and those of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .compression import ENCODINGS
from .metadata import encoded, percent_encoded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.grpc_call import GrpcCall, Metadata
    from pytest_integrations.core.reply import Reply

__all__ = [
    "SUPPORTED",
    "accepted",
    "encoding_of",
    "http_headers",
    "is_grpc",
    "reply_headers",
    "status_fields",
    "trailers_only",
]

SUPPORTED = ENCODINGS
_ACCEPTED = ",".join(ENCODINGS).encode()

Fields = list[tuple[bytes, bytes]]


def is_grpc(call: GrpcCall) -> bool:
    """Tell whether a request is one of gRPC."""
    return call.headers.get("content-type", "").startswith("application/grpc")


def encoding_of(call: GrpcCall) -> str:
    """Return the encoding of the compressed messages of a request."""
    return call.headers.get("grpc-encoding", "identity")


def accepted(call: GrpcCall) -> set[str]:
    """Return the encodings that the client takes."""
    return {each.strip() for each in call.headers.get("grpc-accept-encoding", "").split(",")}


def reply_headers(call: GrpcCall, encoding: str, metadata: Metadata) -> Fields:
    """Return the headers of an answer."""
    compression = [(b"grpc-encoding", encoding.encode())] if encoding != "identity" else []
    return [*_start(call), *compression, (b"grpc-accept-encoding", _ACCEPTED), *encoded(metadata)]


def trailers_only(call: GrpcCall, status: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Return the one HEADERS frame of an answer that is nothing but a *status*."""
    return [*_start(call), (b"grpc-accept-encoding", _ACCEPTED), *status]


def status_fields(code: int, text: str, trailing: Metadata) -> Fields:
    """Return what tells the status."""
    told = [(b"grpc-message", percent_encoded(text))] if text else []
    return [(b"grpc-status", b"%d" % code), *told, *encoded(trailing)]


def http_headers(reply: Reply) -> Fields:
    """Return the headers of an answer that is not gRPC."""
    pairs = ((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers)
    length = [] if reply.header("content-length") else [(b"content-length", b"%d" % len(reply.body))]
    return [(b":status", b"%d" % reply.status), *pairs, *length]


def _start(call: GrpcCall) -> Fields:
    kind = call.headers.get("content-type", "application/grpc")
    return [(b":status", b"200"), (b"content-type", kind.encode("latin-1"))]
