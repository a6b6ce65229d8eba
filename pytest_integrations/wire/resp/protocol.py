"""One RESP connection: commands in, executed in the order of arrival, replies and faults out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.queue_call import QueueCall

from .exchange import Exchange
from .reader import BadCommand, CommandReader
from .writer import failure

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.loop import Loop
    from pytest_integrations.wire.transport import Transport

    from .service import Answer, RespService, RespSession

__all__ = ["RespProtocol"]

_MAX_READY = 256 * 1024
"""Bytes of replies that are sent without waiting for the end of what came in, lest they pile up."""
_MAX_UNREAD = 32 * 1024 * 1024
"""Bytes that a subscriber may leave unread before it is dropped, as Redis does (client-output-buffer-limit pubsub)."""


class RespProtocol:
    """Serves one connection. The replies to all that came in by one read go out by one write, big ones apart."""

    __slots__ = (
        "_deaf",
        "_exchange",
        "_held_back",
        "_out",
        "_pumping",
        "_reader",
        "_ready",
        "_unread",
        "connection",
        "loop",
        "mishap",
        "service",
        "session",
        "transport",
    )

    transport: Transport
    session: RespSession

    def __init__(self, loop: Loop, service: RespService, connection: Connection) -> None:
        """Serve *connection* for *service*."""
        self.loop: Loop = loop
        self.service: RespService = service
        self.connection: Connection = connection
        self.mishap: Decision | None = None
        """What happens to the next command, whatever it is: a broken promise to keep the connection."""
        self._reader = CommandReader(service.max_bulk)
        self._unread = 0
        self._exchange: Exchange | None = None
        self._out: list[bytes] = []
        self._ready = 0
        """How many bytes of replies are ready to be sent."""
        self._held_back: list[bytes] = []
        self._pumping = False
        self._deaf = False

    # -- told by the transport

    def connection_made(self, transport: Transport) -> None:
        """The connection is there."""
        self.transport = transport
        self.session = self.service.begin(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        self.connection.received += len(data)
        if self._deaf:
            return
        self._reader.feed(data)
        if self._exchange is None:
            self._pump()
            return
        self._unread += len(data)
        if self._unread > self.service.max_bulk:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client has taken what had to wait."""
        self._pump()

    def eof_received(self) -> None:
        """The client closed its side."""
        self.connection.closed_by = self.connection.closed_by or "client"

    def connection_lost(self, error: OSError | None) -> None:
        """The connection is over."""
        now = self.service.ledger.now()
        self._deaf = True
        if self.connection.closed is None:
            self.connection.closed = now
            self.connection.closed_by = self.connection.closed_by or ("client" if error else "fake")
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            exchange.abandon(now, by_client=self.connection.closed_by == "client")
        self.session.close()

    # -- commands

    def _pump(self) -> None:
        """Execute what has come in, up to a command that has to wait."""
        if self._pumping or self._deaf:
            return
        self._pumping = True
        try:
            while self._exchange is None and not self._deaf and not self.transport.unsent:
                fields = self._reader.next()
                if fields is None:
                    break
                self._serve(fields)
                if self._ready > _MAX_READY:
                    self.flush()
        except BadCommand as error:
            self._tell_off(error)
        finally:
            self._pumping = False
            self.flush()
        if self.transport.unsent:
            self.transport.pause_reading()
        elif self._exchange is None and not self._deaf:
            self._unread = 0
            self.transport.resume_reading()

    def _serve(self, fields: list[bytes]) -> None:
        call = self.session.recognise(fields)
        self.connection.calls += 1
        call.number = self.connection.calls
        self.service.ledger.add(call)
        decision = self.mishap or self.service.decide(call)
        if decision is not None:
            self._exchange = Exchange(self, call, decision)
            self._exchange.begin(fields)
            return
        answer = self.session.execute(call, fields)
        if answer is None:
            self._exchange = Exchange(self, call, None)
        elif answer.closes:
            self._exchange = Exchange(self, call, None)
            self._exchange.take(answer)
        else:
            self._reply(call, answer)

    def _reply(self, call: QueueCall, answer: Answer) -> None:
        """The fast path: one more reply of those that go out together."""
        call.reply = answer.data
        call.error = answer.error
        call.first_byte = call.ended = self.service.ledger.now()
        call.outcome = "answered"
        if answer.told is not None:
            answer.told()
        self._out.append(answer.data)
        self._ready += len(answer.data)

    def answer(self, answer: Answer) -> None:
        """Answer the command that has waited."""
        if self._exchange is not None:
            self._exchange.take(answer)
            self.flush()

    def push(self, data: bytes) -> None:
        """Send something that was not asked for; if an answer is just going out, after it."""
        if self._deaf:
            return
        if self._exchange is not None and self._exchange.is_playing:
            self._held_back.append(data)
            return
        self._out.append(data)
        self._ready += len(data)
        if not self._pumping:
            self.flush()
        if self.transport.unsent > _MAX_UNREAD:
            self.transport.drop()

    def flush(self) -> None:
        """Send what is ready."""
        if self._out:
            data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            self._out = []
            self._ready = 0
            self.connection.sent += len(data)
            self.transport.write(data)

    # -- ends

    def exchange_done(self, *, keep: bool) -> None:
        """The present exchange is over; go on with the next command, or hear no more."""
        self._exchange = None
        if not keep:
            self._deaf = True
            return
        self._out += self._held_back
        self._held_back = []
        if not self._pumping:
            self.loop.call_soon(self._pump)

    def closes_itself(self) -> None:
        """Record that the connection ends now, by our own doing, before the client can see it."""
        if self.connection.closed_by is None:
            self.connection.closed_by = "fake"
            self.connection.closed = self.service.ledger.now()

    def close(self) -> None:
        """End the connection by FIN: the server wants it so."""
        self._deaf = True
        self.closes_itself()
        self.flush()
        self.transport.finish()

    def _tell_off(self, error: BadCommand) -> None:
        """Answer what is no command, and hear no more."""
        call = QueueCall(self.service.name, self.connection, "bad command")
        self.connection.calls += 1
        call.number = self.connection.calls
        self.service.ledger.add(call)
        data = failure(f"ERR Protocol error: {error}")
        call.reply, call.error, call.outcome = data, "ERR", "answered"
        call.first_byte = call.ended = self.service.ledger.now()
        self._out.append(data)
        self.close()

    def __repr__(self) -> str:
        """Show the connection."""
        return f"<RespProtocol on {self.connection!r}>"
