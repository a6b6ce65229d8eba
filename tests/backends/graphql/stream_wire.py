"""A subscriber of bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.wire.raw import Raw

if TYPE_CHECKING:
    from contextlib import ExitStack

    from pytest_integrations.backends.graphql.fake import FakeGraphQL

TICK = {"query": "subscription OnTick { tick }"}
SOCKETS = ("graphql-transport-ws", "graphql-ws")


class Wire:
    """A raw subscriber, that gives what came as bytes, without the framing of HTTP."""

    def __init__(self, fake: FakeGraphQL, stack: ExitStack, transport: str) -> None:
        self.transport = transport
        self.raw = stack.enter_context(Raw(fake))  # type: ignore[arg-type]  # it needs no more than a URL
        if transport in SOCKETS:
            fields = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
            key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
            self.raw.ask(fake.path, "GET", b"", *fields, key, f"Sec-WebSocket-Protocol: {transport}").answer()
            self.say({"type": "connection_init"})
        else:
            accept = "text/event-stream" if transport == "sse" else "multipart/mixed"
            fields = ("Content-Type: application/json", f"Accept: {accept}")
            self.raw.ask(fake.path, "POST", json.dumps(TICK).encode(), *fields)

    def say(self, message: Any) -> None:
        self.frame(0x81, json.dumps(message).encode())

    def frame(self, first: int, payload: bytes = b"") -> None:
        assert len(payload) < 126
        self.raw.send(bytes([first, 0x80 | len(payload)]) + bytes(4) + payload)  # a mask of zeros changes nothing

    def subscribe(self) -> Wire:
        if self.transport in SOCKETS:
            assert self.hear() == {"type": "connection_ack"}
            if self.transport == "graphql-ws":
                assert self.hear() == {"type": "ka"}
            self.say({"id": "1", "type": "subscribe" if self.transport == SOCKETS[0] else "start", "payload": TICK})
        return self

    def hear(self) -> Any:
        first, payload = self.take()
        assert first == 0x81
        return json.loads(payload)

    def take(self) -> tuple[int, bytes]:
        """Return the first byte and the payload of the next frame."""
        first, length = self.raw.take(2)
        return first, self.raw.take(length)

    def body(self) -> bytes:
        """Return the whole body of an answer."""
        return self.raw.answer("POST").body

    def is_silent(self) -> bool:
        self.raw.sock.settimeout(0.1)
        try:
            self.raw.receive()
        except TimeoutError:
            return True
        return False
