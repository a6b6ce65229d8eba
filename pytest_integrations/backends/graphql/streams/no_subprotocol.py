"""Clients that offer no subprotocol that is spoken here: they are let in, and told so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .transport_ws import TransportWs

if TYPE_CHECKING:
    from pytest_integrations.wire.websocket.protocol import WebSocket

__all__ = ["NoSubprotocol"]


class NoSubprotocol(TransportWs):
    """Closes with 4406, as the reference implementation does."""

    def opened(self, socket: WebSocket) -> None:
        """Close."""
        super().opened(socket)
        self.broken(4406, "Subprotocol not acceptable")

    def received(self, kind: str, message: dict[str, Any], raw: bytes) -> None:
        """Hear nothing."""
