"""A fake that answers with a stream at `/stream`, with another protocol at `/echo`, and elsewhere as usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations import FakeRest
from pytest_integrations.backends.rest.service import RestService
from pytest_integrations.core.reply import Reply
from pytest_integrations.wire.http1.service import Streamed, Switched
from pytest_integrations.wire.loop import shared_loop

if TYPE_CHECKING:
    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.wire.http1.stream import Stream
    from pytest_integrations.wire.transport import Transport

SWITCHING = Reply.of(101, headers={"Upgrade": "echo", "Connection": "Upgrade"})


class Streaming(FakeRest):
    """Keeps the streams it has begun, for the test to send on."""

    def __init__(self, *, tls: bool = False, **limits: Any) -> None:
        super().__init__("streaming", tls=tls, **limits)
        for path in ("/stream", "/echo", "/plain", "/late"):
            self.get(path).reply(text="plain")
        self.service = _Service(self, 65536, 65536)
        self.streams: list[Stream] = []
        self.gone: list[bool] = []

    def begun(self, stream: Stream) -> None:
        stream.on_gone = self.gone.append
        self.streams.append(stream)

    def send(self, *pieces: bytes, end: bool = False) -> None:
        """Send on the last stream, once there is one."""
        self.ledger.settle()

        def send() -> None:
            for piece in pieces:
                self.streams[-1].send(piece)
            if end:
                self.streams[-1].end()

        shared_loop().call(send)


class _Service(RestService):
    def answer(self, call: HttpCall) -> Any:
        fake = self._fake
        assert isinstance(fake, Streaming)
        if call.path == "/stream":
            return Streamed(Reply.of(headers={"Content-Type": "text/event-stream"}), fake.begun)
        if call.path == "/late":
            streamed = Streamed(Reply.of(), fake.begun)
            return lambda done: shared_loop().call_soon(lambda: done(streamed))
        if call.path == "/echo" and "upgrade" in call.headers:
            return Switched(SWITCHING, Echo)
        return super().answer(call)


class Echo:
    """Says again whatever comes in."""

    def connection_made(self, transport: Transport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"<" + data + b">")

    def resume_writing(self) -> None: ...

    def eof_received(self) -> None: ...

    def connection_lost(self, error: OSError | None) -> None: ...
