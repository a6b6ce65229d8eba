"""Subscriptions as `multipart/mixed`, of Apollo's router: a part for each result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pytest_integrations.backends.graphql.negotiation import JSON, MIXED
from pytest_integrations.backends.graphql.responses import encoded
from pytest_integrations.core.reply import Reply

from .body import BodyOutlet

if TYPE_CHECKING:
    from .outlet import Kind, Twist

__all__ = ["MultipartOutlet"]


class MultipartOutlet(BodyOutlet):
    """A subscriber's way out by parts; the delimiter after a part goes out with it, so that it is known to be whole."""

    head: ClassVar[Reply] = Reply.of(headers={"Content-Type": f"{MIXED};boundary=graphql;subscriptionSpec=1.0"})
    opening: ClassVar[bytes] = b"\r\n--graphql"

    def encoded(self, kind: Kind, payload: Any, twist: Twist | None) -> bytes:
        """Return one message as a part up to the delimiter after it; the end is what makes that the last."""
        if kind == "complete":
            return b"--\r\n"
        if kind == "error":
            return _part(encoded({"payload": None, "errors": payload})) + b"--\r\n"
        content = encoded({"payload": payload})
        return _part(content[: len(content) // 2] if twist == "malformed_json" else content)


def _part(content: bytes) -> bytes:
    return b"\r\nContent-Type: %b\r\n\r\n%b\r\n--graphql" % (JSON.encode(), content)
