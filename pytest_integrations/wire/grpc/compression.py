"""The message encodings of gRPC that everybody has: gzip and deflate."""

from __future__ import annotations

import gzip
import zlib

from .refusal import Refusal

__all__ = ["ENCODINGS", "compressed", "decompressed"]

ENCODINGS = ("identity", "deflate", "gzip")
"""What `grpc-accept-encoding` says."""

_WINDOW = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def compressed(encoding: str, message: bytes) -> bytes:
    """Return *message* in this *encoding*; the bytes are the same each time."""
    if encoding == "gzip":
        return gzip.compress(message, mtime=0)
    return zlib.compress(message) if encoding == "deflate" else message


def decompressed(encoding: str, data: bytes, limit: int) -> bytes:
    """Return the message that *data* is in this *encoding*; one that would exceed *limit* bytes is refused."""
    machine = zlib.decompressobj(_WINDOW[encoding])
    try:
        message = machine.decompress(data, limit + 1)
    except zlib.error as error:
        raise Refusal(code="INTERNAL", text=f"a message with the compressed flag is not {encoding}: {error}") from None
    if len(message) > limit:
        raise Refusal(
            code="RESOURCE_EXHAUSTED", text=f"SERVER: Received message larger than max (over {limit}, decompressed)"
        )
    if not machine.eof:
        raise Refusal(code="INTERNAL", text=f"a message with the compressed flag ends in the middle of its {encoding}")
    return message
