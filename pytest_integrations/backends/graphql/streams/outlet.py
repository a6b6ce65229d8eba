"""What every transport does for one subscriber; the only thing that the rest knows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from pytest_integrations.core.effect import Disrupt

__all__ = ["Kind", "Outlet", "Twist"]

Kind = Literal["next", "error", "complete"]
Twist = Literal["malformed_json", "malformed_frame", "unknown_type", "wrong_id", "bad_field"]
"""Ways to send one message wrong."""


class Outlet(Protocol):
    """One subscriber's way out."""

    def send(self, kind: Kind, payload: Any = None, twist: Twist | None = None) -> None:
        """Send one message: a result, a list of errors, or the end; or send it wrong."""

    def end(self) -> None:
        """Record that all was sent, and end what is this subscriber's alone."""

    def gone(self) -> None:
        """Take notice that the connection is gone."""

    def break_off(self, disruption: Disrupt) -> None:
        """End without the message for it: by `"reset"`, `"hang"`, `"close"` or `"no_complete"`."""
