"""Server-sent events, a connection for each operation: `distinct connections mode` of the GraphQL-over-SSE protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pytest_integrations.backends.graphql.negotiation import EVENTS
from pytest_integrations.backends.graphql.responses import encoded
from pytest_integrations.core.reply import Reply

from .body import BodyOutlet

if TYPE_CHECKING:
    from .outlet import Kind, Twist

__all__ = ["SseOutlet", "event", "stream_head"]


def stream_head() -> Reply:
    """Return the head of an answer with events."""
    return Reply.of(headers={"Content-Type": f"{EVENTS}; charset=utf-8", "Cache-Control": "no-cache"})


def event(name: str, data: bytes, twist: Twist | None = None) -> bytes:
    r"""Return an event as bytes, right or wrong.

    >>> event("next", b"{}")
    b'event: next\ndata: {}\n\n'
    """
    if twist == "unknown_type":
        name = "surprise"
    if twist == "malformed_json":
        data = data[: len(data) // 2]
    fields = (b"evnt", b"date") if twist == "bad_field" else (b"event", b"data")
    return b"%b: %b\n%b: %b\n\n" % (fields[0], name.encode(), fields[1], data)


class SseOutlet(BodyOutlet):
    """A subscriber's way out by events of its own connection; errors are a result, and then the end."""

    head: ClassVar[Reply] = stream_head()
    opening: ClassVar[bytes] = b":\n\n"  # a comment: clients see that the stream is there

    def encoded(self, kind: Kind, payload: Any, twist: Twist | None) -> bytes:
        """Return one message as an event."""
        if kind == "complete":
            return event("complete", b"")
        if kind == "error":
            return event("next", encoded({"errors": payload})) + event("complete", b"")
        return event("next", encoded(payload), twist)
