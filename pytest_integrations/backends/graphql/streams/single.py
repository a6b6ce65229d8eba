"""Server-sent events, one connection for all operations: `single connection mode` of the GraphQL-over-SSE protocol.

PUT                                  201 and a token, which goes with all that follows
GET     token                        the stream of events
POST    token, operationId           202, and the results as events
DELETE  token, ?operationId=         200, and no more of them
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.backends.graphql.responses import encoded, refused
from pytest_integrations.core.reply import Reply
from pytest_integrations.wire.http1.service import Prepared, Streamed

from .sse import event, stream_head

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.graphql.call import RecordedOperation
    from pytest_integrations.core.effect import Disrupt
    from pytest_integrations.wire.http1.stream import Stream

    from .outlet import Kind, Twist
    from .subscriber import Subscriber

__all__ = ["Reservations", "token_of"]

_MOST = 1000
"""Reservations, and operations of one, at a time."""


def token_of(call: RecordedOperation) -> str | None:
    """Return the token that comes with *call*, if any."""
    return call.headers.get("x-graphql-event-stream-token") or call.query.get("token")


class _Reservation:
    """One connection for events, or the promise of it; what is sent before it is there waits for it."""

    def __init__(self) -> None:
        self.stream: Stream | None = None
        self.subscribers: dict[str, Subscriber] = {}
        self._waiting: list[bytes] = []

    def opened(self, stream: Stream) -> None:
        self.stream = stream
        stream.send(b":\n\n")
        waiting, self._waiting = self._waiting, []
        for wire in waiting:
            stream.send(wire)

    def send(self, wire: bytes) -> None:
        if self.stream is None:
            self._waiting.append(wire)
        else:
            self.stream.send(wire)

    def over(self) -> None:
        subscribers, self.subscribers = self.subscribers, {}
        for subscriber in subscribers.values():
            subscriber.gone()


class Reservations:
    """All reservations of one fake."""

    def __init__(self, serve: Callable[[RecordedOperation, Any], Subscriber]) -> None:
        """Let *serve* answer operations by the outlet that it is given."""
        self._serve = serve
        self._made = 0
        self._open: dict[str, _Reservation] = {}

    def reserve(self) -> Prepared:
        """Answer a PUT: with a token, that is the same in each run."""
        if len(self._open) >= _MOST:
            return Prepared(refused(503, f"more than {_MOST} reservations"))
        self._made += 1
        token = f"stream-{self._made}"
        self._open[token] = _Reservation()
        return Prepared(Reply.of(201, text=token))

    def open(self, token: str) -> Prepared | Streamed:
        """Answer a GET: with the events."""
        reservation = self._open.get(token)
        if reservation is None:
            return Prepared(refused(404, "Stream not found"))
        if reservation.stream is not None:
            return Prepared(refused(409, "Stream already open"))

        def begin(stream: Stream) -> None:
            def gone(_by_client: bool) -> None:  # noqa: FBT001 -- called back
                self._close(token)

            stream.on_gone = gone
            reservation.opened(stream)

        return Streamed(stream_head(), begin)

    def operate(self, call: RecordedOperation, token: str) -> Prepared:
        """Answer a POST: what it asks for comes as events."""
        reservation = self._open.get(token)
        operation_id = call.operations[0].extensions.get("operationId") if call.operations else None
        if reservation is None:
            return Prepared(refused(404, "Stream not found"))
        if not isinstance(operation_id, str) or not operation_id:
            return Prepared(refused(400, "Operation ID is missing"))
        if operation_id in reservation.subscribers:
            return Prepared(refused(409, "Operation with ID already exists"))
        if len(reservation.subscribers) >= _MOST:
            return Prepared(refused(503, f"more than {_MOST} operations"))
        subscriber = self._serve(call, _SharedOutlet(self, token, reservation, operation_id))
        if not subscriber.is_over:
            reservation.subscribers[operation_id] = subscriber
            subscriber.on_over.append(lambda _: reservation.subscribers.pop(operation_id, None))
        return Prepared(Reply.of(202))

    def stop(self, call: RecordedOperation, token: str) -> Prepared:
        """Answer a DELETE: the operation sends no more."""
        reservation = self._open.get(token)
        if reservation is None:
            return Prepared(refused(404, "Stream not found"))
        subscriber = reservation.subscribers.get(call.query.get("operationId", ""))
        if subscriber is not None:
            subscriber.stopped()
        return Prepared(Reply.of(200))

    def _close(self, token: str) -> None:
        reservation = self._open.pop(token, None)
        if reservation is not None:
            reservation.over()

    def break_off(self, token: str, disruption: Disrupt) -> None:
        """End the whole stream of this *token*, and with it all operations on it."""
        reservation = self._open.get(token)
        self._close(token)
        if reservation is not None and reservation.stream is not None:
            reservation.stream.break_off("reset" if disruption.kind == "reset" else "stall")


class _SharedOutlet:
    """One operation's way out by the connection that it shares; its events carry its id."""

    def __init__(self, owner: Reservations, token: str, reservation: _Reservation, operation_id: str) -> None:
        self._owner = owner
        self._token = token
        self._reservation = reservation
        self._id = operation_id

    def send(self, kind: Kind, payload: Any = None, twist: Twist | None = None) -> None:
        """Send one message."""
        shown = f"{self._id}999" if twist == "wrong_id" else self._id
        if kind == "complete":
            wire = event("complete", encoded({"id": shown}))
        elif kind == "error":
            wire = event("next", encoded({"id": shown, "payload": {"errors": payload}}))
            wire += event("complete", encoded({"id": shown}))
        else:
            wire = event("next", encoded({"id": shown, "payload": payload}), twist)
        self._reservation.send(wire)

    def end(self) -> None:
        """Do nothing: the connection is for others, too."""

    def gone(self) -> None:
        """Do nothing: what is its own is its request, and that was answered."""

    def break_off(self, disruption: Disrupt) -> None:
        """End the whole connection; without a message for the end, the operation just goes on for its client."""
        if disruption.kind != "no_complete":
            self._owner.break_off(self._token, disruption)
