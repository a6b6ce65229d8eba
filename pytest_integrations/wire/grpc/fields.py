"""The header fields of gRPC: what those of a request say, and those of an answer."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from .compression import ENCODINGS
from .metadata import decoded, encoded, percent_encoded, seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.grpc_metadata import Metadata
    from pytest_integrations.core.reply import Reply

__all__ = [
    "SUPPORTED",
    "Head",
    "http_headers",
    "read_head",
    "reply_headers",
    "status_fields",
    "trailers_only",
]

SUPPORTED = ENCODINGS
_IS_GRPC = re.compile(rb"application/grpc(?![^+;])").match
_ACCEPTED = ",".join(ENCODINGS).encode()

Fields = list[tuple[bytes, bytes]]


class Head:
    """What the header fields of a request say of the way in which its messages, and those of its answer, are sent."""

    __slots__ = ("accepted", "content_type", "encoding", "metadata", "timeout")

    def __init__(self, fields: Sequence[tuple[bytes, bytes]]) -> None:
        """Read *fields*; of a repeated one the last."""
        found = dict(fields)
        self.content_type: bytes = found.get(b"content-type", b"")
        self.encoding: str = found.get(b"grpc-encoding", b"identity").decode("latin-1")
        """How its messages are compressed that are."""
        self.accepted: bytes = found.get(b"grpc-accept-encoding", b"")
        self.timeout: float | None = seconds_of(found.get(b"grpc-timeout", b"").decode("latin-1"))
        self.metadata: Metadata = decoded(pair for pair in fields if not pair[0].startswith(b":"))

    @property
    def is_grpc(self) -> bool:
        """Whether it is a request of gRPC; of gRPC-Web, whose answers have no trailers, it is not."""
        return _IS_GRPC(self.content_type) is not None

    def accepts(self, encoding: str) -> bool:
        """Tell whether the client takes messages in this *encoding*."""
        return encoding.encode() in {each.strip() for each in self.accepted.split(b",")}


@lru_cache(maxsize=32)  # most requests say what the one before said
def read_head(fields: tuple[tuple[bytes, bytes], ...]) -> Head:
    """Return what the header *fields* of a request say."""
    return Head(fields)


def reply_headers(head: Head, encoding: str, metadata: Metadata) -> Fields:
    """Return the headers of an answer to the request of *head*, whose messages are in this *encoding*."""
    compression = [(b"grpc-encoding", encoding.encode())] if encoding != "identity" else []
    return [*_start(head), *compression, *encoded(metadata)]


def trailers_only(head: Head, status: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Return the one HEADERS frame of an answer that is nothing but a *status*."""
    return [*_start(head), *status]


def status_fields(code: int, text: str, trailing: Metadata) -> Fields:
    """Return what tells the status."""
    told = [(b"grpc-message", percent_encoded(text))] if text else []
    return [(b"grpc-status", b"%d" % code), *told, *encoded(trailing)]


def http_headers(reply: Reply) -> Fields:
    """Return the headers of an answer that is not gRPC."""
    pairs = ((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers)
    length = [] if reply.header("content-length") else [(b"content-length", b"%d" % len(reply.body))]
    return [(b":status", b"%d" % reply.status), *pairs, *length]


def _start(head: Head) -> Fields:
    """Return what every answer begins with; what is compressed is told how else it may be."""
    start = [(b":status", b"200"), (b"content-type", head.content_type)]
    if head.encoding != "identity":
        start.append((b"grpc-accept-encoding", _ACCEPTED))
    return start
