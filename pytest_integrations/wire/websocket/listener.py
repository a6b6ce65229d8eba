"""What is told of what comes in over a WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .protocol import WebSocket

__all__ = ["Listener"]


class Listener(Protocol):
    """Who is told; on the loop, in the order of what happens."""

    def opened(self, socket: WebSocket) -> None:
        """The handshake is done; *socket* is how to answer."""

    def text(self, text: str) -> None:
        """A text message came in whole."""

    def binary(self, data: bytes) -> None:
        """A binary message came in whole."""

    def closed(self, code: int, *, by_client: bool) -> None:
        """Nothing comes any more: the client's close frame (1005: without a code), or the end without one (1006).

        Told once, also after a close of our own.
        """
