"""The legacy `graphql-ws`: the protocol of the library subscriptions-transport-ws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .session import Session

if TYPE_CHECKING:
    from pytest_integrations.core.graphql_call import Transport

    from .outlet import Kind

__all__ = ["LegacyWs"]


class LegacyWs(Session):
    """Speaks it as its server did: what it does not understand is answered by an error, and the connection goes on."""

    subprotocol: ClassVar[Transport] = "graphql-ws"
    names: ClassVar[dict[Kind, str]] = {"next": "data", "error": "error", "complete": "complete"}

    def received(self, kind: str, message: dict[str, Any], raw: bytes) -> None:
        """Do what the client asks for."""
        if kind == "connection_init":
            if self.initialise(raw, message.get("payload")):
                self.send({"type": "ka"})
        elif kind == "start":
            self._start(message, raw)
        elif kind == "stop":
            self._stop(str(message.get("id")))
        elif kind == "connection_terminate":
            self.socket.close()
        else:
            self.misunderstood("Invalid message type!")

    def _start(self, message: dict[str, Any], raw: bytes) -> None:
        id, payload = message.get("id"), message.get("payload")  # noqa: A001 -- as the protocol calls it
        if not self.is_acknowledged:
            self.misunderstood("connection_init comes first")
        elif not isinstance(id, str) or not isinstance(payload, dict):
            self.misunderstood("start needs an id and a payload")
        else:
            self.stop(id)  # one that has the same id gives way
            self.start(id, payload, raw)

    def _stop(self, id: str) -> None:  # noqa: A002 -- as the protocol calls it
        if self.is_going_on(id):
            self.stop(id)
            self.send({"id": id, "type": "complete"})

    def misunderstood(self, why: str) -> None:
        """Say so."""
        self.send({"type": "error", "payload": {"message": why}})

    def refused(self) -> None:
        """Say so, and close."""
        self.send({"type": "connection_error", "payload": {"message": "Forbidden"}})
        self.give_up(1011, "Forbidden")

    def shown(self, kind: Kind, payload: Any) -> Any:
        """Return the *payload* as this protocol has it: of errors the first."""
        return payload[0] if kind == "error" else payload
