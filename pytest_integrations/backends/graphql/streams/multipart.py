"""Subscriptions as `multipart/mixed`, of Apollo's router: a part for each result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pytest_integrations.backends.graphql.negotiation import JSON, MIXED
from pytest_integrations.backends.graphql.responses import encoded
from pytest_integrations.core.reply import Reply
from pytest_integrations.wire.loop import shared_loop

from .body import BodyOutlet

if TYPE_CHECKING:
    from pytest_integrations.core.effect import Disrupt
    from pytest_integrations.wire.http1.stream import Stream
    from pytest_integrations.wire.loop import Timer

    from .outlet import Kind, Twist

__all__ = ["MultipartOutlet"]


_BEAT = 0.05
"""Seconds after an event in which nothing else comes, until its heartbeat does."""
_HEARTBEAT = b"{}"


class MultipartOutlet(BodyOutlet):
    """A subscriber's way out by parts; the delimiter after a part goes out with it, so that it is known to be whole.

    That is not enough for clients (aiohttp's, and with it gql) that hand a part over when they have read something
    after its delimiter. So an event that is followed by nothing is soon followed by a heartbeat, an empty object, which
    Apollo's router sends every five seconds.
    """

    head: ClassVar[Reply] = Reply.of(headers={"Content-Type": f"{MIXED};boundary=graphql;subscriptionSpec=1.0"})
    opening: ClassVar[bytes] = b"\r\n--graphql"

    def __init__(self, stream: Stream) -> None:
        """Send by *stream*."""
        super().__init__(stream)
        self._timer: Timer | None = None

    def send(self, kind: Kind, payload: Any = None, twist: Twist | None = None) -> None:
        """Send one message, and see to it that it is handed over."""
        self.gone()
        super().send(kind, payload, twist)
        if kind == "next":
            self._timer = shared_loop().call_later(_BEAT, lambda: self._stream.send(_part(_HEARTBEAT)))

    def end(self) -> None:
        """End the body."""
        self.gone()
        super().end()

    def break_off(self, disruption: Disrupt) -> None:
        """End it otherwise."""
        self.gone()
        super().break_off(disruption)

    def gone(self) -> None:
        """Send no heartbeat."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

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
