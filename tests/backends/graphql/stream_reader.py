"""A subscriber on any transport, that is read step by step."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from pytest_integrations.backends.graphql.fake import FakeGraphQL

SCHEMA = """
type Query { user(id: ID!): User }
type Mutation { rename(name: String!): User }
type Subscription { messageAdded(room: String): Message counted: Int! }
type User { id: ID! name: String! }
type Message { id: ID! text: String author: User }
"""
ON_MESSAGE = "subscription OnMessage($room: String) { messageAdded(room: $room) { id text } }"

TRANSPORTS = ("graphql-transport-ws", "graphql-ws", "sse", "sse-single", "multipart")


@dataclass
class Reader:
    """One subscriber, read step by step: messages as `("next", result)`, `("error", errors)`, `("complete", None)`."""

    fake: FakeGraphQL
    stack: ExitStack
    transport: str
    patience: float | None = 5
    _lines: Iterator[str] = field(default_factory=lambda: iter(()))
    _socket: Any = None

    def subscribe(self, query: str = ON_MESSAGE, **variables: Any) -> Reader:
        payload: dict[str, Any] = {"query": query, "variables": variables}
        if self.transport.startswith("graphql"):
            self._open_socket(payload)
        elif self.transport == "sse-single":
            self._open_single(payload)
        else:
            accept = "text/event-stream" if self.transport == "sse" else "multipart/mixed;subscriptionSpec=1.0"
            self._lines = self._stream("POST", self.fake.url, json=payload, headers={"Accept": accept})
        return self

    def _open_socket(self, payload: Any) -> None:
        socket = connect(self.fake.ws_url, subprotocols=[self.transport], proxy=None)  # type: ignore[list-item]
        self._socket = self.stack.enter_context(socket)
        self._socket.send('{"type": "connection_init"}')
        assert json.loads(self._socket.recv(self.patience)) == {"type": "connection_ack"}
        kind = "start" if self.transport == "graphql-ws" else "subscribe"
        self._socket.send(json.dumps({"id": "1", "type": kind, "payload": payload}))
        if self.transport == "graphql-ws":
            assert json.loads(self._socket.recv(self.patience)) == {"type": "ka"}

    def _open_single(self, payload: Any) -> None:
        token = httpx.put(self.fake.stream_url, trust_env=False).text
        headers = {"X-GraphQL-Event-Stream-Token": token}
        self._lines = self._stream("GET", self.fake.stream_url, headers=headers)
        payload["extensions"] = {"operationId": "1"}
        assert httpx.post(self.fake.stream_url, json=payload, headers=headers, trust_env=False).status_code == 202

    def _stream(self, method: str, url: str, **request: Any) -> Iterator[str]:
        client = self.stack.enter_context(httpx.Client(trust_env=False, timeout=self.patience))
        return self.stack.enter_context(client.stream(method, url, **request)).iter_lines()

    def read(self) -> tuple[str, Any]:
        """Return the next message."""
        if self._socket is not None:
            message = json.loads(self._socket.recv(self.patience))
            kind = {"data": "next"}.get(message["type"], message["type"])
            return kind, message.get("payload")
        if self.transport == "multipart":
            return self._read_part()
        event, data = "", ""
        for line in self._lines:
            name, _, value = line.partition(": ")
            event, data = (value, data) if name == "event" else (event, value) if name == "data" else (event, data)
            if not line and event:
                break
        content = json.loads(data) if data else None
        if self.transport == "sse-single" and content is not None:
            assert content["id"] == "1"
            content = content.get("payload")
        return event, content

    def _read_part(self) -> tuple[str, Any]:
        for line in self._lines:
            if line == "--graphql--":
                return "complete", None
            if line.startswith("{") and line != "{}":  # a heartbeat, after an event that nothing follows
                content = json.loads(line)
                return ("error", content["errors"]) if content["payload"] is None else ("next", content["payload"])
        raise EOFError

    def leave(self) -> None:
        self.stack.close()


def message(id: int) -> dict[str, Any]:  # noqa: A002 -- as the schema calls it
    return {"messageAdded": {"id": str(id), "text": f"text {id}"}}
