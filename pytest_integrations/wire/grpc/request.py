"""The messages of one request, as many as its service takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .framing import MessageReader
from .refusal import Refusal

if TYPE_CHECKING:
    from .service import GrpcService

__all__ = ["RequestReader"]


class RequestReader(MessageReader):
    """Reads a request, and refuses one that has no end."""

    __slots__ = ("_most", "_received")

    def __init__(self, encoding: str, service: GrpcService) -> None:
        """Read messages in this *encoding*, up to the limits of *service*."""
        super().__init__(encoding, service.max_message)
        self._most = service.max_request
        self._received = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take *data*, and return the messages that are whole now; compressed ones count by what is in them."""
        messages = super().feed(data)
        self._received += max(len(data), sum(map(len, messages)))
        if self._received > self._most:
            text = f"SERVER: Received request larger than max (over {self._most} bytes in all its messages)"
            raise Refusal(code="RESOURCE_EXHAUSTED", text=text)
        return messages
