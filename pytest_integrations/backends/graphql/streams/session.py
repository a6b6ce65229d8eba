"""What both protocols over WebSocket have in common: a handshake, an init, and operations with ids."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_integrations.backends.graphql.responses import encoded
from pytest_integrations.core.effect import Disrupt
from pytest_integrations.core.ledger import Problem
from pytest_integrations.wire.loop import shared_loop

if TYPE_CHECKING:
    from pytest_integrations.backends.graphql.call import RecordedOperation
    from pytest_integrations.core.call import Outcome
    from pytest_integrations.core.graphql_call import Transport
    from pytest_integrations.wire.loop import Timer
    from pytest_integrations.wire.websocket.protocol import WebSocket

    from .desk import Desk
    from .outlet import Kind, Twist
    from .subscriber import Subscriber

__all__ = ["Session", "SocketOutlet"]

_PATIENCE = 3.0
"""Seconds that a client has for its connection_init, as in the reference implementations."""
_MOST = 1000
"""Operations that one connection may have going on."""
_BAD_FRAME = b"\xf1\x02{}"
"""A text frame of two bytes with all three reserved bits set, which no extension has given a meaning."""


class Session(ABC):
    """Told of one WebSocket; subclasses speak one protocol each."""

    subprotocol: ClassVar[Transport]
    names: ClassVar[dict[Kind, str]]
    """What the messages to a subscriber are called."""

    socket: WebSocket

    def __init__(self, desk: Desk, handshake: RecordedOperation) -> None:
        """Serve the connection that began with *handshake*."""
        self.desk: Desk = desk
        self.handshake: RecordedOperation = handshake
        self.is_acknowledged: bool = False
        self._has_init = False
        self._outlets: dict[str, tuple[SocketOutlet, Subscriber]] = {}
        self._withheld = {effect.kind for effect in handshake.effects if isinstance(effect, Disrupt)}
        self._timer: Timer | None = None

    # -- told by the socket

    def opened(self, socket: WebSocket) -> None:
        """The handshake is done."""
        self.socket = socket
        socket.answers_pings = self.answers_pings
        self._timer = shared_loop().call_later(_PATIENCE, self._waited)

    def _waited(self) -> None:
        self.give_up(4408, "Connection initialisation timeout")

    def text(self, text: str) -> None:
        """A message came in."""
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            message = None
        if isinstance(message, dict) and isinstance(message.get("type"), str):
            self.received(message["type"], message, text.encode())
        else:
            self.misunderstood("a message is a JSON object with a type")

    def binary(self, data: bytes) -> None:
        """Something came in that is none of ours."""
        self.misunderstood("a message is text")

    def closed(self, code: int, *, by_client: bool) -> None:
        """Nothing comes any more."""
        self._stop_waiting()
        self.end_all("abandoned", by_client=by_client)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    # -- what the protocols say

    @abstractmethod
    def received(self, kind: str, message: dict[str, Any], raw: bytes) -> None:
        """A well-formed *message* of this *kind* came in."""

    @abstractmethod
    def misunderstood(self, why: str) -> None:
        """Something came in that is none of the protocol's messages."""

    @abstractmethod
    def refused(self) -> None:
        """The test does not accept this connection."""

    @property
    def answers_pings(self) -> bool:
        """Whether pings are answered, those of WebSocket and those of the protocol."""
        return "no_pong" not in self._withheld

    # -- the connection

    def initialise(self, raw: bytes, payload: Any) -> bool:
        """Take the client's init and acknowledge it; tell whether that was done now."""
        self._stop_waiting()
        self._has_init = True
        self.handshake.body = raw
        doorman = self.desk.fake.doorman
        try:
            is_welcome = doorman.accepts(payload)
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            self.desk.service.tell(self.handshake, error)
            is_welcome = False
        if not is_welcome:
            self.refused()
        elif "no_ack" not in self._withheld:
            self.is_acknowledged = True
            self.send({"type": "connection_ack", **({"payload": doorman.payload} if doorman.payload else {})})
        return self.is_acknowledged

    @property
    def has_init(self) -> bool:
        """Whether the client has sent its init."""
        return self._has_init

    def send(self, message: dict[str, Any]) -> None:
        """Send a message that is no operation's."""
        self.socket.send(encoded(message).decode())

    def broken(self, code: int, reason: str) -> None:
        """Close on a client that breaks the rules, and tell the test, unless it allows that."""
        fake = self.desk.fake
        if fake.invalid == "fail" and fake.is_running:
            text = f"{fake.name}: a client breaks the rules of {self.subprotocol}: {reason} (close code {code})"
            self.desk.ledger.problems.append(Problem("unexpected", fake.name, text, self.handshake))
        self.give_up(code, reason)

    def give_up(self, code: int, reason: str) -> None:
        """Close, and end all operations."""
        self.end_all("closed")
        self._stop_waiting()
        self.socket.close(code, reason)

    def end_all(self, outcome: Outcome, *, by_client: bool = False) -> None:
        """Record that all operations end in this way, with their connection."""
        outlets, self._outlets = self._outlets, {}
        for outlet, subscriber in outlets.values():
            outlet.record(outcome, by_client=by_client)
            subscriber.gone()

    # -- operations

    def start(self, id: str, parameters: Any, raw: bytes) -> None:  # noqa: A002 -- as the protocols call it
        """Begin the operation *id*, whose message was *raw*."""
        if len(self._outlets) >= _MOST:
            self.broken(1008, f"more than {_MOST} operations at once")
            return
        call = self.desk.record(self.socket.connection, raw, self.subprotocol)
        self.desk.read(call, parameters)
        outlet = SocketOutlet(self, id, call)
        subscriber = self.desk.serve(call, outlet)
        if not subscriber.is_over:
            self._outlets[id] = (outlet, subscriber)
            subscriber.on_over.append(lambda _: self._forget(id, subscriber))

    def _forget(self, id: str, subscriber: Subscriber) -> None:  # noqa: A002 -- as the protocols call it
        if id in self._outlets and self._outlets[id][1] is subscriber:
            del self._outlets[id]

    def is_going_on(self, id: str) -> bool:  # noqa: A002 -- as the protocols call it
        """Tell whether the operation *id* goes on."""
        return id in self._outlets

    def stop(self, id: str) -> None:  # noqa: A002 -- as the protocols call it
        """End the operation *id*, as its client wants; harmless if it has ended."""
        if id in self._outlets:
            self._outlets[id][1].stopped()

    def send_to(self, id: str, kind: Kind, payload: Any, twist: Twist | None) -> bytes:  # noqa: A002 -- as above
        """Send the operation *id* a message, or something like it; return its text."""
        message: dict[str, Any] = {"id": id, "type": self.names[kind]}
        if twist == "wrong_id":
            message["id"] = f"{id}999"
        if twist == "unknown_type":
            message["type"] = "surprise"
        if kind != "complete":
            message["payload"] = self.shown(kind, payload)
        wire = encoded(message)
        if twist == "malformed_frame":
            self.socket.send_raw(_BAD_FRAME)
            return _BAD_FRAME
        if twist == "malformed_json":
            wire = wire[: len(wire) // 2]
        self.socket.send(wire.decode("utf-8", "ignore"))
        return wire

    def shown(self, kind: Kind, payload: Any) -> Any:
        """Return the *payload* as the protocol has it."""
        return payload


class SocketOutlet:
    """One operation's way out over a WebSocket."""

    def __init__(self, session: Session, id: str, call: RecordedOperation) -> None:  # noqa: A002 -- as above
        """Send the messages of *call*, the operation *id* of *session*."""
        self._session = session
        self._id = id
        self._call = call

    def send(self, kind: Kind, payload: Any = None, twist: Twist | None = None) -> None:
        """Send one message."""
        if self._call.first_byte is None:
            self._call.first_byte = self._session.desk.ledger.now()
        self._call.reply += self._session.send_to(self._id, kind, payload, twist)

    def end(self) -> None:
        """Record that all was sent; the connection is kept."""
        self.record("answered")

    def gone(self) -> None:
        """Do nothing: the session has recorded it."""

    def break_off(self, disruption: Disrupt) -> None:
        """End the whole connection, and with it the other operations on it."""
        session, socket = self._session, self._session.socket
        if disruption.kind == "reset":
            self.record("reset")
            session.end_all("reset")
            socket.abort()
        elif disruption.kind == "hang":
            self.record("hung")
            session.end_all("hung")
            socket.is_deaf = True
        else:
            self.record("closed")
            session.give_up(disruption.code, disruption.text)

    def record(self, outcome: Outcome, *, by_client: bool = False) -> None:
        """Record how the operation ends."""
        call, now = self._call, self._session.desk.ledger.now()
        if call.outcome != "open":
            return
        call.outcome = "truncated" if outcome == "closed" and call.first_byte is not None else outcome
        if outcome not in {"hung", "abandoned"}:
            call.ended = now
        if by_client:
            call.gone = now
