"""A port that speaks HTTP/2 and does with each stream what the test says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.ledger import Ledger
from pytest_integrations.wire.http2.protocol import Http2Protocol
from pytest_integrations.wire.http2.settings import Http2Settings
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.http2.stream import Http2Stream

OK = ((b":status", b"200"), (b"server", b"port"))


class Echo:
    """Sends back what comes in, all of it once the request is complete."""

    def __init__(self, stream: Http2Stream) -> None:
        self.stream = stream
        self.body = b""
        self.told: list[str] = []

    def data_received(self, data: bytes) -> None:
        self.body += data

    def end_received(self) -> None:
        self.told.append("end")
        self.stream.send_headers(OK)
        self.stream.send_data(self.body, end=True)

    def drained(self) -> None:
        self.told.append("drained")

    def reset_received(self, code: int) -> None:
        self.told.append(f"reset {code}")

    def connection_lost(self) -> None:
        self.told.append("lost")


class Port:
    """Serves *handler*s until the `with` block ends; *configure* may spoil each connection."""

    name = "port"

    def __init__(
        self,
        handler: Callable[[Http2Stream], Echo] = Echo,
        *,
        settings: Http2Settings | None = None,
        configure: Callable[[Http2Protocol], object] = lambda _: None,
    ) -> None:
        self.ledger = Ledger(settle=lambda: shared_loop().settle())
        self._handler = handler
        self._settings = settings or Http2Settings()
        self._configure = configure
        self.handlers: list[Echo] = []
        self.connections: list[Http2Protocol] = []
        self.away: list[tuple[int, int]] = []

    @property
    def port(self) -> int:
        return self._server.listener.port

    def admit(self, connection: Connection) -> Decision | None:
        return None

    def configure(self, connection: Http2Protocol) -> None:
        self.connections.append(connection)
        self._configure(connection)

    def open(self, stream: Http2Stream) -> Echo:
        handler = self._handler(stream)
        self.handlers.append(handler)
        return handler

    def turned_away(self, stream: Http2Stream, code: int) -> None:
        self.away.append((stream.id, code))

    def do(self, action: Callable[[], object]) -> None:
        """Do something on the loop, once all that has come in is dealt with."""
        shared_loop().settle()
        shared_loop().call(action)

    def _speak(self, connection: Connection) -> Http2Protocol:
        return Http2Protocol(shared_loop(), self, connection, self._settings)

    def __enter__(self) -> Self:
        self._server = Server(shared_loop(), self, self._speak, host="127.0.0.1", port=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
