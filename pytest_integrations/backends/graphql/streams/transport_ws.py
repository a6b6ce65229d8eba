"""`graphql-transport-ws`: the protocol of the library graphql-ws, and of most clients today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .session import Session

if TYPE_CHECKING:
    from pytest_integrations.core.graphql_call import Transport

    from .outlet import Kind

__all__ = ["TransportWs"]


class TransportWs(Session):
    """Speaks it, and closes on clients that do not: 4400, 4401, 4403, 4408, 4409, 4429."""

    subprotocol: ClassVar[Transport] = "graphql-transport-ws"
    names: ClassVar[dict[Kind, str]] = {"next": "next", "error": "error", "complete": "complete"}

    def received(self, kind: str, message: dict[str, Any], raw: bytes) -> None:
        """Do what the client asks for."""
        if kind == "connection_init":
            if self.has_init:
                self.broken(4429, "Too many initialisation requests")
            else:
                self.initialise(raw, message.get("payload"))
        elif kind == "ping":
            if self.answers_pings:
                self.send({"type": "pong", **({"payload": message["payload"]} if "payload" in message else {})})
        elif kind == "subscribe":
            self._subscribe(message, raw)
        elif kind == "complete":
            self.stop(str(message.get("id")))
        elif kind != "pong":
            self.misunderstood(f"a message of type {kind!r}")

    def _subscribe(self, message: dict[str, Any], raw: bytes) -> None:
        id, payload = message.get("id"), message.get("payload")  # noqa: A001 -- as the protocol calls it
        if not self.is_acknowledged:
            self.broken(4401, "Unauthorized")
        elif not isinstance(id, str) or not id or not isinstance(payload, dict):
            self.misunderstood("subscribe needs an id and a payload")
        elif self.is_going_on(id):
            self.broken(4409, f"Subscriber for {id} already exists")
        else:
            self.start(id, payload, raw)

    def misunderstood(self, why: str) -> None:
        """Close."""
        self.broken(4400, f"Invalid message: {why}")

    def refused(self) -> None:
        """Close."""
        self.give_up(4403, "Forbidden")
