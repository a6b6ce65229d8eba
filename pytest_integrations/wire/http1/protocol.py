"""One HTTP/1.1 connection: requests in, calls into the ledger, answers and faults out."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Cut, Expire, Preempt, Throttle, Withhold
from pytest_integrations.core.message import Message
from pytest_integrations.core.reply import Reply

from .exchange import Exchange
from .reader import BadRequest, RequestReader

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection, HttpCall, Outcome
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.loop import Loop
    from pytest_integrations.wire.transport import Transport, WireProtocol

    from .service import HttpService

__all__ = ["Http1Protocol"]

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_MAX_PIPELINED = 64


class Http1Protocol:
    """Serves one connection; requests are answered one after the other, in the order in which they came."""

    __slots__ = (
        "_body",
        "_body_size",
        "_call",
        "_deaf",
        "_decided",
        "_decision",
        "_exchange",
        "_held",
        "_last_call",
        "_last_words",
        "_mishap",
        "_owes_continue",
        "_pace",
        "_successor",
        "_waiting",
        "connection",
        "loop",
        "reader",
        "service",
        "transport",
    )

    transport: Transport

    def __init__(self, loop: Loop, service: HttpService, connection: Connection) -> None:
        """Serve *connection* for *service*."""
        self.loop: Loop = loop
        self.service: HttpService = service
        self.connection: Connection = connection
        self.reader: RequestReader = RequestReader(self, service.max_head)
        self._waiting: deque[tuple[HttpCall, Decision | None, bool, float]] = deque()
        self._exchange: Exchange | None = None
        self._call: HttpCall | None = None
        self._body: list[bytes] = []
        self._body_size = 0
        self._decided = False
        self._decision: Decision | None = None
        self._deaf = False
        self._mishap: Decision | None = None
        self._last_words: BadRequest | None = None
        self._last_call: HttpCall | None = None
        self._owes_continue = False
        self._held: bytes | None = None
        """What came after a request for another protocol, while that is not decided."""
        self._successor: WireProtocol | None = None
        """What speaks on the connection now, if not this."""
        self._pace: tuple[float, float] | None = None
        """Since when, and at how many bytes per second, the body of the present request is read, if slowly."""

    # -- told by the transport

    def connection_made(self, transport: Transport) -> None:
        """The connection is there."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._successor is not None:  # by whoever had kept it back, and had not heard of the change
            self._successor.data_received(data)
            return
        self.connection.received += len(data)
        if self._held is not None:
            self._held += data
            return
        if self._deaf:
            return
        try:
            self.reader.feed(data)
        except BadRequest as error:
            self._deaf = True
            self._last_words = error
            if self._exchange is None and not self._waiting:
                self._tell_off()

    def resume_writing(self) -> None:
        """The client has taken what had to wait."""
        self._next()

    def eof_received(self) -> None:
        """The client closed its side."""
        self.connection.closed_by = self.connection.closed_by or "client"

    def connection_lost(self, error: OSError | None) -> None:
        """The connection is over."""
        now = self.service.ledger.now()
        if self.connection.closed is None:
            self.connection.closed = now
            self.connection.closed_by = self.connection.closed_by or ("client" if error else "fake")
        if self._call is not None and not self._deaf:
            self._give_up(self._call, now)
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            exchange.abandon(now, by_client=self.connection.closed_by == "client")
        elif self._last_call is not None and self.transport.unsent and self._last_call.outcome == "answered":
            self._last_call.outcome = "abandoned"
            self._last_call.gone = now
        self._drop_waiting("abandoned", now)

    def _give_up(self, call: HttpCall, now: float) -> None:
        """Record a request whose client left before it was complete: an attempt, though not a whole request."""
        if not self._decided:
            self.service.recognise(call)
        self._finish_recording(call)
        call.fault = self._decision.fault if self._decision is not None else None
        call.outcome = "abandoned"
        call.gone = now if self.connection.closed_by == "client" else None

    # -- told by the reader

    def head_received(self, head: bytes) -> None:
        """A request's head came in."""
        call = self._call = self.service.record(self.service.name, self.connection, head)
        self.connection.calls += 1
        call.number = self.connection.calls
        self._body = []
        self._body_size = 0
        self._decided = False
        self._decision = None
        effects: tuple[Effect, ...] = ()
        if self.service.decides_at_head and self._mishap is None:
            self._decide(call)
            if self._decision is not None:
                effects = self._decision.effects
        self._begin_upload(call, head, effects)

    def _begin_upload(self, call: HttpCall, head: bytes, effects: tuple[Effect, ...]) -> None:
        """Do what faults and the protocol want done between a request's head and its body."""
        withheld = False
        for effect in effects:
            if isinstance(effect, Throttle):
                self.transport.throttle(effect.rate)
                self._pace = (self.loop.clock.monotonic(), effect.rate)
            withheld = withheld or isinstance(effect, Withhold)
        if b"100-continue" in head.lower() and not withheld:
            asked = call.headers.get("expect", "").lower() == "100-continue"
            # Of an HTTP/1.0 client the expectation is ignored (RFC 9110 section 10.1.1).
            self._owes_continue = asked and not head.partition(b"\r\n")[0].endswith(b" HTTP/1.0")
            self._continue()
        self._look_at_upload()

    def _continue(self) -> None:
        """Ask for the body, if its client waits for that, and as soon as nothing goes before it."""
        if self._owes_continue and self._exchange is None and not self._waiting:
            self._owes_continue = False
            self.transport.write(_CONTINUE)

    def body_received(self, data: bytes) -> None:
        """Some of a request's body came in."""
        self._body.append(data)
        self._body_size += len(data)
        if self._body_size > self.service.max_body:
            raise BadRequest(413, f"the request's body is longer than {self.service.max_body} bytes")
        if self._decision is not None:
            self._look_at_upload()

    def _look_at_upload(self, *, complete: bool = False) -> None:
        """Let a fault end the exchange in the middle of the request, or at its end if it is too short for that."""
        if self._decision is None or self._deaf:
            return
        for effect in self._decision.effects:
            if isinstance(effect, Cut) and effect.part == "upload" and (complete or self._has_come(effect.offset)):
                self._interrupt((Cut(effect.how, seconds=effect.seconds),), None)
                return
            if isinstance(effect, Preempt) and (complete or self._has_come(effect.after)):
                self._interrupt((Cut("close", "answer", 1.0),), effect.reply)
                return

    def _has_come(self, offset: float) -> bool:
        """Tell whether *offset* bytes of the body came in, or that fraction of it if its length is known."""
        if isinstance(offset, float):
            length = self._call.headers.get("content-length", "") if self._call is not None else ""
            return length.isdecimal() and self._body_size >= int(int(length) * offset)
        return self._body_size >= offset

    def _interrupt(self, effects: tuple[Effect, ...], reply: Reply | None) -> None:
        """End the exchange before the request is complete, and hear no more of it."""
        call, decision = self._call, self._decision
        if call is None or decision is None:
            return
        self._deaf = True
        self._finish_recording(call)
        if self._exchange is not None:  # of a request before it: the connection ends under it
            self._exchange.abandon(self.service.ledger.now(), by_client=False)
        self._exchange = Exchange(self, call, decision, keep_alive=False)
        self._exchange.perform(Message.of(reply or Reply(), persistent=False), effects)

    def request_received(self, *, keep_alive: bool) -> None:
        """A request is complete."""
        call = self._call
        if call is None or self._deaf:
            return
        if self._decision is not None:
            self._look_at_upload(complete=True)
            if self._deaf:
                return
        self._call = None
        self._owes_continue = False
        early = self._early()
        self._finish_recording(call, add=early <= 0)
        if self._mishap is not None:
            self._decision, self._decided = self._mishap, True
            self.service.recognise(call)
        if not self._decided:
            self._decide(call)
        if self._exchange is None and not self._waiting and not self.transport.unsent:
            self._start(call, self._decision, keep_alive, early)
        else:
            self._waiting.append((call, self._decision, keep_alive, early))
            if len(self._waiting) > _MAX_PIPELINED:
                self.transport.pause_reading()

    def upgrade_received(self, rest: bytes) -> bytes:
        """The request before *rest* asks for another protocol: keep *rest* until it is known who gets it."""
        if self._successor is not None:
            self._hand_on(rest)
            return b""
        if self._deaf or (self._exchange is None and not self._waiting):
            return rest
        self._held = rest
        return b""

    def _early(self) -> float:
        """Read as fast as it comes again; return by how many seconds the body came in faster than it may be read."""
        if self._pace is None:
            return 0.0
        self.transport.throttle(None)
        (since, rate), self._pace = self._pace, None
        return self._body_size / rate - (self.loop.clock.monotonic() - since)

    def _decide(self, call: HttpCall) -> None:
        self._decided = True
        self._decision = self.service.decide(call)

    def _finish_recording(self, call: HttpCall, *, add: bool = True) -> None:
        call.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if add:
            self.service.ledger.add(call)

    # -- answering

    def _start(self, call: HttpCall, decision: Decision | None, keep_alive: bool, early: float) -> None:  # noqa: FBT001 -- from a queue
        exchange = self._exchange = Exchange(self, call, decision, keep_alive=keep_alive)
        if early > 0:
            exchange.begin_later(early)
        else:
            exchange.begin()

    def is_current(self, exchange: Exchange) -> bool:
        """Tell whether the connection still waits for this *exchange*."""
        return self._exchange is exchange

    def exchange_done(self, *, keep: bool) -> None:
        """The present exchange is over; *keep* the connection and go on with the next request, or hear no more."""
        exchange, self._exchange = self._exchange, None
        self._last_call = exchange.call if exchange is not None else None
        if keep and exchange is not None and exchange.decision is not None:
            keep = self._is_kept_after(exchange.decision)
        if not keep:
            self._deaf = True
            self._last_words = None
            was_reset = exchange is not None and exchange.call.outcome == "reset"
            self._drop_waiting("reset" if was_reset else "closed", self.service.ledger.now())
        elif self._waiting:
            self.loop.call_soon(self._next)
        elif self._held is not None:
            self.loop.call_soon(self._read_held)
        elif self._last_words is not None:
            self._tell_off()
        else:
            self._continue()

    def _read_held(self) -> None:
        """Read as HTTP what came after a request that was not given another protocol."""
        held, self._held = self._held, None
        if held:
            self.connection.received -= len(held)  # counted when it came
            self.data_received(held)

    def switch(self, successor: WireProtocol) -> None:
        """Hand the connection over to *successor*, with what has come in for it already."""
        self._exchange = None
        self._deaf = True
        self._successor = successor
        held, self._held = self._held, None
        self._drop_waiting("closed", self.service.ledger.now())
        self.transport.switch(successor)
        self._hand_on(held or b"")

    def _hand_on(self, data: bytes) -> None:
        if data and self._successor is not None:
            self.connection.received -= len(data)  # counted again by who reads it
            self._successor.data_received(data)

    def _next(self) -> None:
        """Go on with the next request, once the client has taken the answer before it."""
        if self._waiting and self._exchange is None and not self.transport.unsent:
            self.transport.resume_reading()
            call, decision, keep_alive, early = self._waiting.popleft()
            self._start(call, self._mishap or decision, keep_alive, early)

    def _drop_waiting(self, outcome: Outcome, now: float) -> None:
        """Record how the requests end whose turn does not come any more."""
        while self._waiting:
            call = self._waiting.popleft()[0]
            if not call.seq:
                self.service.ledger.add(call)
            call.outcome = outcome
            if self.connection.closed_by == "client":
                call.gone = now
            elif outcome != "abandoned":
                call.ended = now

    def _is_kept_after(self, decision: Decision) -> bool:
        """Break the promise to keep the connection, now or at the next request, if that is the fault."""
        for effect in decision.effects:
            if isinstance(effect, Expire):
                if effect.how == "fin_idle":
                    self.closes_itself()
                    self.transport.finish()
                    return False
                cut = Cut("reset") if effect.how == "reset_on_next" else Cut("close")
                self._mishap = replace(decision, effects=(cut,))
        return True

    def closes_itself(self) -> None:
        """Record that the connection ends now, by our own doing, before the client can see it."""
        if self.connection.closed_by is None:
            self.connection.closed_by = "fake"
            self.connection.closed = self.service.ledger.now()

    def _tell_off(self) -> None:
        """Answer a request that is none."""
        error, self._last_words = self._last_words, None
        if error is None:
            return
        message = Message.of(Reply.of(error.status, text=f"{error.why}\n"), persistent=False)
        self._record_bad_request(error.status, message.wire)
        self.closes_itself()
        self.transport.write(message.wire)
        self.transport.finish()

    def _record_bad_request(self, status: int, wire: bytes) -> None:
        """Record what was refused unread: an attempt, though the test could not answer it."""
        call, self._call = self._call, None
        if call is None:
            call = self.service.record(self.service.name, self.connection, b"", "bad request")
            self.connection.calls += 1
            call.number = self.connection.calls
            self._body = []
        elif not self._decided:
            self.service.recognise(call)
        self._finish_recording(call)
        call.status, call.reply, call.outcome = status, wire, "answered"
        call.first_byte = call.ended = call.started
        self.connection.sent += len(wire)
