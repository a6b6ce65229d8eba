"""Who may connect over WebSocket, and what they are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Doorman"]


@dataclass(frozen=True, slots=True)
class Doorman:
    """Asks *check* of the payload of a connection_init, and acknowledges with *payload*."""

    check: Callable[[Any], object] | None = None
    payload: Any = None

    def accepts(self, payload: Any) -> bool:
        """Tell whether a client with this *payload* is welcome."""
        return self.check is None or bool(self.check(payload))
