"""A fake that says again over WebSocket whatever it is told, and does as it is told by `/words`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations import FakeRest
from pytest_integrations.backends.rest.service import RestService
from pytest_integrations.wire.http1.service import Prepared, Switched
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.websocket.handshake import shake_hands
from pytest_integrations.wire.websocket.protocol import WebSocket

if TYPE_CHECKING:
    from pytest_integrations.core.call import HttpCall

MAX_MESSAGE = 1000


class Echoing(FakeRest):
    """Keeps the last socket, and what was told of it."""

    def __init__(self, *, tls: bool = False) -> None:
        super().__init__("echoing", tls=tls)
        self.any("/")
        self.service = _Service(self, 65536, 65536)
        self.heard: list[tuple[Any, ...]] = []
        self.socket: WebSocket | None = None

    @property
    def ws_url(self) -> str:
        return f"ws{self.url.removeprefix('http')}/"

    def does(self, method: str, *arguments: Any) -> None:
        """Let the socket do something, once it is there."""
        self.ledger.settle()
        assert self.socket is not None
        shared_loop().call(lambda: getattr(self.socket, method)(*arguments))

    # -- told of the socket

    def opened(self, socket: WebSocket) -> None:
        self.socket = socket

    def text(self, text: str) -> None:
        self.heard.append(("text", text))
        assert self.socket is not None
        self.socket.send(text)

    def binary(self, data: bytes) -> None:
        self.heard.append(("binary", data))
        assert self.socket is not None
        self.socket.send(data)

    def closed(self, code: int, *, by_client: bool) -> None:
        self.heard.append(("closed", code, by_client))


class _Service(RestService):
    def answer(self, call: HttpCall) -> Any:
        fake = self._fake
        assert isinstance(fake, Echoing)
        reply, _chosen = shake_hands(call, ("b.echo", "c.echo"))
        if reply.status != 101:
            return Prepared(reply)
        return Switched(
            reply, lambda: WebSocket(shared_loop(), fake.ledger, call.connection, fake, max_message=MAX_MESSAGE)
        )
