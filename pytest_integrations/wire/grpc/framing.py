r"""Messages between the bytes of a stream: a flag, a length of four bytes, the message.

\x00 \x00\x00\x00\x05 hello
"""

from __future__ import annotations

from .compression import decompressed
from .refusal import Refusal

__all__ = ["PREFIX", "MessageReader", "framed"]

PREFIX = 5
"""The length of the prefix."""


def framed(message: bytes, *, flag: int = 0, length: int | None = None) -> bytes:
    r"""Return *message* with its prefix: *flag* is 1 where it is compressed, *length* what it announces, or its own.

    >>> framed(b"hello")
    b'\x00\x00\x00\x00\x05hello'
    """
    size = len(message) if length is None else length
    return bytes((flag,)) + size.to_bytes(4, "big") + message


class MessageReader:
    """Finds the messages in what comes in, and decompresses them."""

    __slots__ = ("_buffer", "_encoding", "_limit")

    def __init__(self, encoding: str, limit: int) -> None:
        """Read messages in this *encoding*, of at most *limit* bytes each."""
        self._encoding = encoding
        self._limit = limit
        self._buffer = bytearray()

    @property
    def is_between(self) -> bool:
        """Whether nothing of a further message has come yet."""
        return not self._buffer

    def feed(self, data: bytes) -> list[bytes]:
        """Take *data*, and return the messages that are whole now; what is none raises `Refusal`."""
        buffer = self._buffer
        buffer += data
        messages = []
        position = 0
        while len(buffer) - position >= PREFIX:
            flag, size = buffer[position], int.from_bytes(buffer[position + 1 : position + PREFIX], "big")
            self._check(flag, size)
            end = position + PREFIX + size
            if len(buffer) < end:
                break
            message = bytes(memoryview(buffer)[position + PREFIX : end])
            messages.append(decompressed(self._encoding, message, self._limit) if flag else message)
            position = end
        if position:
            del buffer[:position]
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
