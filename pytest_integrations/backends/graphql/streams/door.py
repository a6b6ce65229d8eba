"""Requests of HTTP that begin a stream: handshakes of WebSocket, and those whose client accepts events or parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.backends.graphql.engine import Executable
from pytest_integrations.backends.graphql.negotiation import EVENTS, MIXED
from pytest_integrations.backends.graphql.reading import Found, Reading
from pytest_integrations.backends.graphql.refusal import HttpRefusal
from pytest_integrations.core.call import CONNECT
from pytest_integrations.wire.http1.service import Streamed, Switched
from pytest_integrations.wire.loop import shared_loop

from .desk import Desk
from .multipart import MultipartOutlet
from .single import Reservations, token_of
from .sse import SseOutlet

if TYPE_CHECKING:
    from pytest_integrations.backends.graphql.call import RecordedOperation
    from pytest_integrations.backends.graphql.fake import FakeGraphQL
    from pytest_integrations.core.graphql_call import Transport
    from pytest_integrations.core.reply import Reply
    from pytest_integrations.wire.http1.service import Answers, Prepared
    from pytest_integrations.wire.http1.stream import Stream
    from pytest_integrations.wire.transport import WireProtocol

    from .body import BodyOutlet
    from .desk import Executing

__all__ = ["Door"]

_SUBPROTOCOLS: tuple[Transport, ...] = ("graphql-transport-ws", "graphql-ws")
"""What is spoken over WebSocket; the first that a client offers is chosen, whatever it would rather speak."""
_OUTLETS: dict[str, type[BodyOutlet]] = {"sse": SseOutlet, "multipart": MultipartOutlet}
_CONNECTING = Found(Reading())
_NO_STREAM = (
    "a subscription is answered over WebSocket, or with Accept: text/event-stream or multipart/mixed, "
    "and this request accepts neither"
)


class Door:
    """Lets streams in for one fake."""

    def __init__(self, fake: FakeGraphQL, service: Executing) -> None:
        """Let in streams of *fake*, whose *service* executes."""
        self._fake = fake
        self._desk = Desk(fake, service)
        self._service = service
        self._reservations = Reservations(self._desk.serve)

    # -- recognising

    def recognise(self, call: RecordedOperation) -> bool:
        """Tell whether *call* opens a stream without asking for an operation, and record what it is if so."""
        if "upgrade" in call.headers and _asks_for_websocket(call):
            from pytest_integrations.wire.websocket.handshake import offered

            wanted = offered(call)
            chosen: list[Transport] = [name for name in _SUBPROTOCOLS if name in wanted]
            call.transport = chosen[0] if chosen else "http"
        elif call.path == self._fake.stream_path and call.method in {"PUT", "GET", "DELETE"}:
            if call.method != "PUT" and (token_of(call) is None or "query" in call.query):
                return False
            call.transport = "sse-single"
        else:
            return False
        if call.method != "DELETE":
            call.operation = CONNECT
        call.found = _CONNECTING
        return True

    def choose(self, call: RecordedOperation, reading: Reading) -> None:
        """Record how the results of *call* go out, which asks for what was read."""
        if reading.asked is None or reading.asked.is_batch:
            return
        accepts = reading.asked.accepted
        operation = reading.operations[0]
        streams = isinstance(operation, Executable) and operation.operation.kind == "subscription"
        if call.path == self._fake.stream_path and token_of(call) is not None:
            call.transport = "sse-single"
        elif accepts.parameters(EVENTS) is not None and (streams or accepts.media is None):
            call.transport = "sse"
        elif streams and accepts.parameters(MIXED) is not None:
            call.transport = "multipart"

    # -- answering

    def answer(self, call: RecordedOperation) -> Answers | None:
        """Return the stream that *call* asks for, or the answer to a request about one; None if it is no such."""
        if call.found is _CONNECTING:
            return self._connect(call)
        if call.transport in _OUTLETS:
            return self._streamed(call, _OUTLETS[call.transport])
        token = token_of(call)
        is_valid = isinstance(call.found.reading.operations[0], Executable)
        if call.transport == "sse-single" and token is not None and is_valid:
            return self._reservations.operate(call, token)
        if call.kind == "subscription" and is_valid:
            return self._service.refuse(call, HttpRefusal(406, _NO_STREAM))
        return None

    def _connect(self, call: RecordedOperation) -> Answers:
        """Answer what asks for no operation."""
        token = token_of(call)
        if call.transport != "sse-single":
            return self._shake_hands(call)
        if token is None:
            return self._reservations.reserve()
        return self._reservations.stop(call, token) if call.method == "DELETE" else self._reservations.open(token)

    def _streamed(self, call: RecordedOperation, kind: type[BodyOutlet]) -> Streamed:
        def begin(stream: Stream) -> None:
            subscriber = self._desk.serve(call, kind(stream))

            def gone(_by_client: bool) -> None:  # noqa: FBT001 -- called back
                subscriber.gone()

            stream.on_gone = gone

        return Streamed(kind.head, begin)

    def _shake_hands(self, call: RecordedOperation) -> Prepared | Switched:
        from pytest_integrations.wire.websocket.handshake import shake_hands

        reply, chosen = shake_hands(call, (call.transport,))
        if reply.status != 101:
            return self._refuse_handshake(call, reply)
        return Switched(reply, lambda: self._speak(call, chosen))

    def _refuse_handshake(self, call: RecordedOperation, reply: Reply) -> Prepared:
        version = reply.header("sec-websocket-version")
        fields = {"Sec-WebSocket-Version": version} if version else {}
        return self._service.refuse(call, HttpRefusal(reply.status, reply.body.decode().strip(), fields))

    def _speak(self, call: RecordedOperation, chosen: str | None) -> WireProtocol:
        from pytest_integrations.wire.websocket.protocol import WebSocket

        from .legacy_ws import LegacyWs
        from .no_subprotocol import NoSubprotocol
        from .transport_ws import TransportWs

        kinds = {"graphql-transport-ws": TransportWs, "graphql-ws": LegacyWs}
        session = kinds.get(chosen or "", NoSubprotocol)(self._desk, call)
        limit = self._fake.limits.body
        return WebSocket(shared_loop(), self._desk.ledger, call.connection, session, max_message=limit)


def _asks_for_websocket(call: RecordedOperation) -> bool:
    from pytest_integrations.wire.websocket.handshake import is_handshake

    return is_handshake(call)
