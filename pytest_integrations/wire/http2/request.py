"""HTTP requests on the streams of a connection: calls into the ledger, answers and faults out.

An answer is what HTTP/1.1's would be, and faults act on that; what comes of it goes out as frames. So:

    a Cut that resets or closes    RST or FIN of the connection, without GOAWAY, for all of its streams
    its offset                     in the bytes of the answer as the ledger shows it; of the head, HEADERS in proportion
    a stall                        nothing more on this stream; when it has its seconds, RST_STREAM (CANCEL) ends it
    a Trickle of the head          one HEADERS frame in pieces, for which the other streams have to wait
    a Trickle of the body          a DATA frame for each piece
    Throttle                       the stream's window, opened at that rate
    Preempt, 413, 431              the answer, then RST_STREAM (NO_ERROR) if the request still goes on
    Connection: close in a reply   GOAWAY after the answer, and FIN when no stream is open
    an answer that is no HTTP      its bytes, where a frame should be
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Cut, Expire, Preempt, Throttle, Withhold
from pytest_integrations.core.http2_codes import ERROR_CODES
from pytest_integrations.core.http2_effect import LimitStreams, ResetStream, Retire
from pytest_integrations.core.message import Message
from pytest_integrations.core.reply import Reply

from .exchange import Http2Exchange
from .pace import Pace
from .rendering import head_of
from .writer import AnswerWriter

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection, HttpCall, Outcome
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.http1.exchange import Exchange
    from pytest_integrations.wire.http1.service import HttpService
    from pytest_integrations.wire.loop import Loop
    from pytest_integrations.wire.transport import WireProtocol

    from .protocol import Http2Protocol
    from .stream import Http2Stream

__all__ = ["HttpRequest", "HttpRequests"]

_NO_ERROR = 0


class HttpRequests:
    """Serves the streams of one connection for a fake that answers HTTP."""

    def __init__(self, service: HttpService, effects: tuple[Effect, ...] = ()) -> None:
        """Serve for *service*; *effects* are those that happen to the connection as a whole."""
        self.service: HttpService = service
        self.ledger: Ledger = service.ledger
        self.mishap: Decision | None = None
        """What happens to the next request, of a connection that breaks its promise to be kept."""
        self._effects = effects

    def configure(self, connection: Http2Protocol) -> None:
        """Prepare *connection*."""
        for effect in self._effects:
            if isinstance(effect, LimitStreams):
                connection.settings = replace(connection.settings, max_streams=effect.most)

    def open(self, stream: Http2Stream) -> HttpRequest:
        """Return what handles *stream*."""
        request = HttpRequest(self, stream)
        request.begin()
        return request

    def turned_away(self, stream: Http2Stream, code: int) -> None:
        """Record a request that was reset unread: an attempt, though the test could not answer it."""
        call = _recorded(self.service, stream)
        if code == ERROR_CODES["REFUSED_STREAM"]:
            self.service.recognise(call)
            call.passed_over = True
        else:
            call.operation = "bad request"
        self.ledger.add(call)
        call.fault = stream.connection.record.fault
        call.outcome, call.ended = "reset", call.started


class HttpRequest:
    """One stream: its request as it comes in, and its answer."""

    def __init__(self, owner: HttpRequests, stream: Http2Stream) -> None:
        """Handle *stream*."""
        self.service: HttpService = owner.service
        self.stream: Http2Stream = stream
        self.loop: Loop = stream.connection.loop
        self.connection: Connection = stream.connection.record
        self.transport: AnswerWriter = AnswerWriter(stream)
        self.call: HttpCall = _recorded(owner.service, stream)
        self._owner = owner
        self._exchange: Http2Exchange | None = None
        self._decision: Decision | None = None
        self._is_decided = self._is_over = self._is_complete = False
        self._body: list[bytes] = []
        self._size = 0
        self._pace: Pace | None = None

    # -- the request

    def begin(self) -> None:
        """Do what is to be done between the head and the body."""
        if len(self.call.head) > self.service.max_head:
            self._refuse(431, f"the request's head is longer than {self.service.max_head} bytes")
            return
        if self.service.decides_at_head and self._owner.mishap is None:
            self._decide()
        effects = self._decision.effects if self._decision is not None else ()
        withheld = any(isinstance(effect, Withhold) for effect in effects)
        for effect in effects:
            if isinstance(effect, Throttle):
                self._pace = Pace(self.stream, effect.rate)
        if self.call.headers.get("expect", "").lower() == "100-continue" and not withheld:
            self.stream.send_headers(((b":status", b"100"),))
        self._look_at_upload()

    def data_received(self, data: bytes) -> None:
        """Some of the body came in."""
        if self._is_complete:
            return
        self._body.append(data)
        self._size += len(data)
        if self._size > self.service.max_body:
            self._refuse(413, f"the request's body is longer than {self.service.max_body} bytes")
            return
        if self._pace is not None:
            self._pace.received()
        self._look_at_upload()

    def end_received(self) -> None:
        """The request is complete."""
        if not self._is_complete:
            self._look_at_upload(complete=True)
        if self._is_complete:
            return
        self._is_complete = True
        early = self._pace.end(self._size) if self._pace is not None else 0.0
        self._finish_recording(add=early <= 0)
        if self._owner.mishap is not None:
            self._decision, self._is_decided = self._owner.mishap, True
            self.service.recognise(self.call)
        if not self._is_decided:
            self._decide()
        self._start(early)

    def _decide(self) -> None:
        self._is_decided = True
        self._decision = self.service.decide(self.call)

    def _finish_recording(self, *, add: bool = True) -> None:
        self.call.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if add:
            self.service.ledger.add(self.call)

    def _look_at_upload(self, *, complete: bool = False) -> None:
        """Let a fault end the exchange in the middle of the request, or at its end if it is too short for that."""
        for effect in self._decision.effects if self._decision is not None else ():
            if isinstance(effect, Cut) and effect.part == "upload" and (complete or self._has_come(effect.offset)):
                self._interrupt((Cut(effect.how, seconds=effect.seconds),), Reply())
                return
            if isinstance(effect, Preempt) and (complete or self._has_come(effect.after)):
                self._interrupt((), effect.reply)
                self.stream.reset(_NO_ERROR, when_sent=True)  # RFC 9113 section 8.1: the rest is not needed
                return

    def _has_come(self, offset: float) -> bool:
        """Tell whether *offset* bytes of the body came in, or that fraction of it if its length is known."""
        if isinstance(offset, float):
            length = self.call.headers.get("content-length", "")
            return length.isdecimal() and self._size >= int(int(length) * offset)
        return self._size >= offset

    def _refuse(self, status: int, why: str) -> None:
        """Tell the client off, and that the rest of its request is not needed."""
        if not self._is_decided:
            self.service.recognise(self.call)
        self._interrupt((), Reply.of(status, text=f"{why}\n"), told_off=True)
        self.stream.reset(_NO_ERROR, when_sent=True)

    def _interrupt(self, effects: tuple[Effect, ...], reply: Reply, *, told_off: bool = False) -> None:
        """End the exchange before the request is complete, and look at no more of it."""
        self._is_complete = True
        self._finish_recording()
        exchange = self._exchange = Http2Exchange(self, self.call, None if told_off else self._decision)
        exchange.perform(Message.of(reply), effects)

    # -- the answer

    def _start(self, early: float) -> None:
        exchange = self._exchange = Http2Exchange(self, self.call, self._decision)
        for effect in self._decision.effects if self._decision is not None else ():
            if isinstance(effect, ResetStream):
                self.transport.reset_code = effect.code
                if effect.code == ERROR_CODES["REFUSED_STREAM"]:
                    self.call.passed_over = True
            elif isinstance(effect, Retire):
                self.stream.connection.goaway(effect.last, effect.code)
        if self._is_over:  # it is not among the streams that are processed
            return
        if early > 0:
            exchange.begin_later(early)
        else:
            exchange.begin()

    def is_current(self, exchange: Exchange) -> bool:
        """Tell whether the client still waits for this *exchange*."""
        return self._exchange is exchange and not self._is_over

    def exchange_done(self, *, keep: bool) -> None:
        """The answer has been given; without *keep* its end is to come."""
        exchange, self._exchange = self._exchange, None
        self._is_over = True
        if not keep or exchange is None:
            return
        self.transport.complete()
        if exchange.retires:
            self.stream.connection.goaway()
        for effect in exchange.decision.effects if exchange.decision is not None else ():
            if isinstance(effect, Expire):
                self._expire(effect, exchange.decision)

    def _expire(self, effect: Expire, decision: Decision | None) -> None:
        """Break the promise to keep the connection, now or at the next request."""
        if effect.how == "fin_idle":
            self.transport.finish()
        elif decision is not None:
            cut = Cut("reset") if effect.how == "reset_on_next" else Cut("close")
            self._owner.mishap = replace(decision, effects=(cut,))

    def switch(self, successor: WireProtocol) -> None:
        """Do nothing: a stream does not speak another protocol."""

    def closes_itself(self) -> None:
        """Record that the connection ends now, unless it is the stream alone that does."""
        if self.transport.reset_code is None:
            self.stream.connection.closes_itself()

    def cancel(self, code: int) -> None:
        """End the stream with *code*, and nothing else."""
        self._is_over = True
        self._exchange = None
        self.transport.let_go()
        self.stream.reset(code)

    # -- ends that come from elsewhere

    def drained(self) -> None:
        """All that was sent is on its way."""
        self.transport.drained()

    def reset_received(self, code: int) -> None:
        """The client has cancelled the request."""
        self.transport.let_go()
        self._lose("abandoned", by_client=True)

    def connection_lost(self) -> None:
        """The connection is over, or does not process this stream."""
        protocol = self.stream.connection
        by_client = self.connection.closed_by == "client"
        if by_client:
            self._lose("abandoned", by_client=True)
        elif self.stream.id > protocol.last_processed:
            self.call.passed_over = True
            self._lose("closed", by_client=False)
        else:
            outcomes: dict[str, Outcome] = {"finish": "closed", "abort": "reset", "": "abandoned"}
            self._lose(outcomes[protocol.end], by_client=False)

    def _lose(self, outcome: Outcome, *, by_client: bool) -> None:
        """Record how the exchange ends that is not to end by itself."""
        now = self.service.ledger.now()
        if self._pace is not None:
            self._pace.stop()
        if not self._is_complete:
            self._give_up()
        was_answered = self.call.outcome == "answered" and self.stream.unsent > 0
        if self.call.outcome == "open" or was_answered:
            self.call.outcome = outcome
            self.call.ended = None if outcome == "abandoned" else now
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.abandon(now, by_client=by_client)
        elif by_client and self.call.outcome == "abandoned":
            self.call.gone = now
        self._is_over = True

    def _give_up(self) -> None:
        """Record a request whose client left before it was complete: an attempt, though not a whole request."""
        self._is_complete = True
        if not self._is_decided:
            self.service.recognise(self.call)
        self._finish_recording()
        self.call.fault = self._decision.fault if self._decision is not None else None


def _recorded(service: HttpService, stream: Http2Stream) -> HttpCall:
    """Begin the record of the call that came on *stream*."""
    record = stream.connection.record
    call = service.record(service.name, record, head_of(stream.headers))
    record.calls += 1
    call.number = record.calls
    return call
