"""One WebSocket connection after its handshake: messages in, messages out, and what faults make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsproto.connection import Connection as Frames
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.wire.loop import Loop, Timer
    from pytest_integrations.wire.transport import Transport

    from .listener import Listener

__all__ = ["WebSocket"]

_ABNORMAL = 1006
_TOO_BIG = 1009
_PATIENCE = 5.0
"""Seconds that the client has to answer a close frame before its connection is closed all the same."""


class WebSocket:
    """Speaks WebSocket on a connection that has come over from HTTP; no extensions are spoken.

    Used on the loop alone. What is sent after the end is dropped, so that nobody has to ask whether it is over.
    """

    __slots__ = (
        "_frames",
        "_ledger",
        "_listener",
        "_loop",
        "_max_message",
        "_parts",
        "_size",
        "_timer",
        "_transport",
        "_was_told",
        "answers_pings",
        "connection",
        "is_deaf",
    )

    _transport: Transport

    def __init__(
        self, loop: Loop, ledger: Ledger, connection: Connection, listener: Listener, *, max_message: int
    ) -> None:
        """Tell *listener* what comes in; a message of more than *max_message* bytes ends in a close with 1009."""
        self._loop = loop
        self._ledger = ledger
        self.connection: Connection = connection
        self._listener = listener
        self._max_message = max_message
        self._frames = Frames(ConnectionType.SERVER)
        self._parts: list[str | bytes] = []
        self._size = 0
        self._timer: Timer | None = None
        self._was_told = False
        self.answers_pings: bool = True
        """Whether a ping frame gets its pong."""
        self.is_deaf: bool = False
        """Whether what comes in is dropped unread."""

    # -- told by the transport

    def connection_made(self, transport: Transport) -> None:
        """The handshake is done."""
        self._transport = transport
        self._listener.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        self.connection.received += len(data)
        if self.is_deaf or self._frames.state is ConnectionState.CLOSED:
            return
        self._frames.receive_data(data)
        for event in self._frames.events():
            if isinstance(event, TextMessage | BytesMessage):
                self._take(event)
            elif isinstance(event, Ping):
                if self.answers_pings and self._frames.state is ConnectionState.OPEN:
                    self._write(self._frames.send(event.response()))
            elif isinstance(event, CloseConnection):
                self._take_close(event)
            if self.is_deaf:
                return

    def resume_writing(self) -> None:
        """The client has taken what had to wait."""

    def eof_received(self) -> None:
        """The client closed its side."""
        self.connection.closed_by = self.connection.closed_by or "client"

    def connection_lost(self, error: OSError | None) -> None:
        """The connection is over."""
        connection = self.connection
        if connection.closed is None:
            connection.closed = self._ledger.now()
            connection.closed_by = connection.closed_by or ("client" if error else "fake")
        if self._timer is not None:
            self._timer.cancel()
        self._tell(_ABNORMAL, by_client=connection.closed_by == "client")

    # -- reading

    def _take(self, event: TextMessage | BytesMessage) -> None:
        part = event.data
        # As UTF-8 a text is never shorter than its characters are many: the limit is for memory, not for billing.
        self._size += len(part)
        if self._size > self._max_message:
            self._take_close(CloseConnection(_TOO_BIG, f"a message is longer than {self._max_message} bytes"))
            return
        self._parts.append(bytes(part) if isinstance(part, bytearray) else part)
        if not event.message_finished:
            return
        parts, self._parts, self._size = self._parts, [], 0
        if self._frames.state is not ConnectionState.OPEN:
            return  # after a close of our own: the client had not seen it yet
        if isinstance(event, TextMessage):
            self._listener.text("".join(map(str, parts)))
        else:
            self._listener.binary(b"".join(part for part in parts if isinstance(part, bytes)))

    def _take_close(self, event: CloseConnection) -> None:
        """Answer the client's close frame, or end what it answers; or tell a client off that breaks the rules."""
        state = self._frames.state
        by_client = state is ConnectionState.REMOTE_CLOSING
        if by_client:
            self.connection.closed_by = self.connection.closed_by or "client"
        if state in {ConnectionState.REMOTE_CLOSING, ConnectionState.OPEN}:
            self._write(self._frames.send(event.response() if by_client else event))
        self._tell(int(event.code), by_client=by_client)
        self.finish()

    def _tell(self, code: int, *, by_client: bool) -> None:
        if not self._was_told:
            self._was_told = True
            self._listener.closed(code, by_client=by_client)

    # -- writing, as it should be

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._frames.state is ConnectionState.OPEN and not self._was_told

    @property
    def unsent(self) -> int:
        """How many bytes the client has not taken yet."""
        return self._transport.unsent

    def send(self, message: str | bytes) -> None:
        """Send a text or a binary message, in one frame."""
        self._send(TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message))

    def send_parts(self, *parts: str) -> None:
        """Send a text message in several frames."""
        for number, part in enumerate(parts, 1):
            self._send(TextMessage(data=part, message_finished=number == len(parts)))

    def ping(self, payload: bytes = b"") -> None:
        """Send a ping frame."""
        self._send(Ping(payload=payload))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and wait for the client's, though not for ever; then FIN."""
        if self._send(CloseConnection(code=code, reason=reason)):
            self._timer = self._loop.call_later(_PATIENCE, self.finish)

    def _send(self, event: Event) -> bool:
        """Send what belongs to *event*, if the connection is still for messages; tell whether it was."""
        is_open = self.is_open
        if is_open:
            self._write(self._frames.send(event))
        return is_open

    def _write(self, data: bytes) -> None:
        self.connection.sent += len(data)
        self._transport.write(data)

    # -- writing, as it should not be

    def send_raw(self, data: bytes) -> None:
        """Send bytes that need not be a frame."""
        if self.is_open:
            self._write(data)

    def finish(self) -> None:
        """Send FIN, without a close frame if none has gone out."""
        self._ends_itself()
        self._transport.finish()

    def abort(self) -> None:
        """Send RST."""
        self._ends_itself()
        self._transport.abort()

    def _ends_itself(self) -> None:
        """Record that the connection ends now, before the client can see it."""
        self.is_deaf = True
        if self.connection.closed is None:
            self.connection.closed = self._ledger.now()
            self.connection.closed_by = self.connection.closed_by or "fake"
