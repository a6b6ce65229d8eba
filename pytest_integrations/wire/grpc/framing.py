r"""Messages between the bytes of a stream: a flag, a length of four bytes, the message.

\x00 \x00\x00\x00\x05 hello
"""

from __future__ import annotations

from .compression import decompressed
from .refusal import Refusal

__all__ = ["PREFIX", "MessageReader", "framed"]

PREFIX = 5
"""The length of the prefix."""
_MOST_PARTS = 4096
"""Parts of a message that are kept apart: small ones take far more memory than what is in them."""


def framed(message: bytes, *, flag: int = 0, length: int | None = None) -> bytes:
    r"""Return *message* with its prefix: *flag* is 1 where it is compressed, *length* what it announces, or its own.

    >>> framed(b"hello")
    b'\x00\x00\x00\x00\x05hello'
    """
    size = len(message) if length is None else length
    return bytes((flag,)) + size.to_bytes(4, "big") + message


class MessageReader:
    """Finds the messages in what comes in, and decompresses them."""

    __slots__ = ("_encoding", "_limit", "_missing", "_parts", "_size", "compressed")

    def __init__(self, encoding: str, limit: int) -> None:
        """Read messages in this *encoding*, of at most *limit* bytes each."""
        self._encoding = encoding
        self._limit = limit
        self.compressed: list[bool] = []
        """Of each message so far, whether it was compressed."""
        self._parts: list[bytes] = []
        self._size = 0
        self._missing = PREFIX
        """How many bytes there must be before anything can be said."""

    @property
    def is_between(self) -> bool:
        """Whether nothing of a further message has come yet."""
        return not self._size

    def feed(self, data: bytes) -> list[bytes]:
        """Take *data*, and return the messages that are whole now; what is none raises `Refusal`."""
        self._parts.append(data)
        self._size += len(data)
        if self._size < self._missing and len(self._parts) < _MOST_PARTS:  # a large message is put together once
            return []
        view = memoryview(b"".join(self._parts))
        messages = []
        self._missing = PREFIX
        while len(view) >= self._missing:
            flag, size = view[0], int.from_bytes(view[1:PREFIX], "big")
            self._check(flag, size)
            end = self._missing = PREFIX + size
            if len(view) < end:
                break
            message = bytes(view[PREFIX:end])
            messages.append(decompressed(self._encoding, message, self._limit) if flag else message)
            self.compressed.append(bool(flag))
            view = view[end:]
            self._missing = PREFIX
        self._parts, self._size = [bytes(view)] if view else [], len(view)
        return messages

    def _check(self, flag: int, size: int) -> None:
        if flag > 1:
            raise Refusal(code="INTERNAL", text=f"a message begins with the flag {flag}: only 0 and 1 are defined")
        if flag and self._encoding == "identity":
            raise Refusal(code="INTERNAL", text="a message has the compressed flag, but there was no grpc-encoding")
        if size > self._limit:
            raise Refusal(
                code="RESOURCE_EXHAUSTED", text=f"SERVER: Received message larger than max ({size} vs. {self._limit})"
            )
