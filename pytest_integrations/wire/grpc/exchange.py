"""One call of gRPC on its stream: what comes in, what is sent for it, and what the ledger says of that."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Answer, Cut
from pytest_integrations.core.grpc_effect import Abort, Conclude
from pytest_integrations.core.grpc_message import Uncompressed
from pytest_integrations.core.grpc_status import CODES, code_name
from pytest_integrations.core.http2_codes import error_name
from pytest_integrations.core.reply import Reply

from . import fields
from .compression import compressed
from .framing import framed
from .outbox import Outbox
from .plan import HEALTHY, Plan
from .refusal import Refusal
from .request import RequestReader
from .sender import Sender

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import Outcome
    from pytest_integrations.core.grpc_call import GrpcCall
    from pytest_integrations.core.grpc_metadata import Metadata
    from pytest_integrations.core.http2_effect import Retire
    from pytest_integrations.wire.loop import Timer

    from .fields import Head
    from .plan import Stop
    from .service import Conversation, GrpcService
    from .stream import GrpcStream

__all__ = ["Exchange"]

_DEADLINE_EXCEEDED = 4


class Exchange:
    """Reads the request, lets the fake answer it, and performs what is to go wrong meanwhile."""

    def __init__(self, service: GrpcService, stream: GrpcStream, call: GrpcCall, head: Head) -> None:
        """Serve *call*, whose *head* came in on *stream*; `open` begins, where its request is not waited for."""
        self.call: GrpcCall = call
        self._service = service
        self._stream = stream
        self._loop = stream.connection.loop
        self._outbox = Outbox(self._loop)
        self._head = head
        self._reader = RequestReader(head.encoding, service)
        call.compressed = self._reader.compressed
        is_compressed = service.compression != "identity" and head.accepts(service.compression)
        encoding = service.compression if is_compressed else "identity"
        self._sender = Sender(stream, head, encoding, self._answered_first)
        self._plan: Plan = HEALTHY
        self._conversation: Conversation | None = None
        self._timers: list[Timer] = []
        self._sent = self._sent_bytes = 0
        self._has_begun = self._is_over = self._is_complete = False

    # -- the request

    @property
    def _waits_for_request(self) -> bool:
        return self.call.method is not None and not self.call.method.streams_requests

    def data_received(self, data: bytes) -> None:
        """Some of the request came in."""
        if self._is_over:
            return
        try:
            messages = self._reader.feed(data)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        self.call.raw_requests += messages
        if self._conversation is not None:
            for message in messages:
                self._conversation.received(message)

    def end_received(self) -> None:
        """The request is complete."""
        call = self.call
        self._is_complete = True
        call.body = b"".join(call.raw_requests)
        if self._is_over:
            return
        if not self._reader.is_between:
            self._refuse(Refusal(code="INTERNAL", text="the request ends in the middle of a message"))
        elif not self._has_begun and len(call.raw_requests) != 1:
            self._refuse(Refusal(code="UNIMPLEMENTED", text=f"one message is expected, {len(call.raw_requests)} came"))
        elif not self._has_begun:
            self.begin()
        elif self._conversation is not None:
            self._conversation.half_closed()

    def _refuse(self, refusal: Refusal) -> None:
        """End a call that cannot be taken."""
        self._record()
        self._conclude(CODES.index(refusal.code), refusal.text, ())

    # -- beginning

    def open(self) -> None:
        """Begin, unless the request has to be complete first."""
        encoding = self._head.encoding
        if not self._head.is_grpc:
            self._record()
            self._answer_http(Reply.of(415, text=f"{self._service.name} speaks gRPC: content-type application/grpc"))
        elif encoding not in fields.SUPPORTED:
            text = f"the message encoding {encoding!r} is not supported: {', '.join(fields.SUPPORTED)}"
            self._refuse(Refusal(code="UNIMPLEMENTED", text=text))
        elif not self._waits_for_request:
            self.begin()

    def begin(self) -> None:
        """Decide what goes wrong, and answer."""
        self._record()
        try:
            decision = self._service.decide(self.call)
            if decision is not None:
                self.call.fault = decision.fault
                self._plan = Plan(decision.effects, self._stream.id)
            self._begin()
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to whom the service tells it
            self._conclude(CODES.index("INTERNAL"), self._service.failed(self.call, error), ())

    def _record(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._service.ledger.add(self.call)

    def _begin(self) -> None:
        self._watch_deadline()
        if self._plan.delay:
            self._outbox.put(self._plan.delay, _nothing)
        if not self._plan.is_done:
            self._outbox.put(0.0, self._stop_if_due)
            return
        retires = self._plan.retires
        if retires is not None:
            self._outbox.put(0.0, partial(self._stream.connection.goaway, retires.last, retires.code))
        self._conversation = conversation = self._service.converse(self)
        for message in tuple(self.call.raw_requests):
            conversation.received(message)
        if self._is_complete and not self._is_over:
            conversation.half_closed()

    def _watch_deadline(self) -> None:
        """Answer at the deadline, where it is virtual time that passes: stock clients wait for it in real time."""
        timeout = self.call.timeout
        if timeout is not None and getattr(self._service.ledger.clock, "exact", False):
            self._timers.append(self._loop.call_later(timeout, self._expire))

    def _expire(self) -> None:
        """Do what a client does at its deadline, which cannot tell the difference; it is recorded as its doing."""
        if self._is_over:
            return
        self._left()
        self.call.cancelled = True
        self._sender.status(_DEADLINE_EXCEEDED, "Deadline Exceeded", ())

    # -- what the conversation sends

    @property
    def unsent(self) -> int:
        """How many bytes the client has not taken yet."""
        return self._sender.unsent

    def headers(self, metadata: Metadata) -> None:
        """Send *metadata* with the headers."""
        self._sender.add_metadata(metadata)

    def send(self, message: bytes, pause: float = 0.0) -> None:
        """Send a message, *pause* seconds after what came before it."""
        if not self._is_over:
            self._outbox.put(pause, partial(self._send, message))

    def end(self, code: int, text: str = "", trailing: Metadata = ()) -> None:
        """Send the status, after all messages."""
        if not self._is_over:
            self._outbox.put(0.0, partial(self._end, code, text, trailing))

    # -- what it sends that passes a call on

    @property
    def stream(self) -> GrpcStream:
        """The stream that the call came in on."""
        return self._stream

    def start(self, metadata: Metadata, encoding: str) -> None:
        """Send the headers now, with *metadata*; messages are in this *encoding*, where the client takes that."""
        if not self._is_over:
            self._sender.encoding = encoding if self._head.accepts(encoding) else "identity"
            self._sender.add_metadata(metadata)
            self._outbox.put(0.0, self._start)

    def _start(self) -> None:
        if self._plan.stop(self._sent) is None:  # else what stops the call waits for the answer itself
            self._sender.headers()

    def then(self, action: Callable[[], object]) -> None:
        """Call *action* when all that was given so far has been sent."""
        if not self._is_over:
            self._outbox.put(0.0, action)

    def stop(self, stop: Stop) -> None:
        """End the call as *stop* says."""
        self.then(partial(self._stop, stop))

    def drained(self) -> None:
        """What was sent is on its way."""
        if self._is_over:
            self.call.ended = self._service.ledger.now()
        elif self._conversation is not None and self._outbox.is_empty:
            self._conversation.drained()

    # -- sending it

    def _send(self, message: bytes) -> None:
        if self._is_over or self._stop_if_due():
            return
        number = self._sent + 1
        encoding = "identity" if isinstance(message, Uncompressed) else self._sender.encoding
        frame = framed(compressed(encoding, message), flag=int(encoding != "identity"))
        sent = self._plan.reframed(frame, number)
        if sent != frame:
            self.call.spoiled = True
        self.call.raw_replies.append(message)
        cut = self._plan.cut(self._sent_bytes, sent)
        if cut is not None:
            if self._plan.half:
                self._sender.half(self._plan.half, sent)
            else:
                self._put(sent[: cut[1]])
            self._stop(cut[0])
            return
        pieces = self._plan.pieces(sent)
        self._sent = number
        if len(pieces) == 1 and not pieces[0][0]:
            self._put(sent)
        else:
            self._outbox.put_first((pause, partial(self._put, piece)) for pause, piece in pieces)

    def _put(self, data: bytes) -> None:
        """Send some bytes of messages."""
        if not self._is_over:
            self._sent_bytes += len(data)
            self._sender.put(data)

    def _answered_first(self) -> None:
        if self.call.first_byte is None:
            self.call.first_byte = self._service.ledger.now()

    def _end(self, code: int, text: str, trailing: Metadata) -> None:
        """Send the status, or what a fault ends the call with."""
        if self._is_over or self._stop_if_due():
            return
        ending = self._plan.ending
        if ending is not None:
            self._stop(ending)
        elif self._plan.is_unended:
            self._end_without_status()
        else:
            self._conclude(code, text, trailing)

    # -- endings

    def _stop_if_due(self) -> bool:
        """Let a fault end the call, if its time has come; tell whether it did."""
        stop = self._plan.stop(self._sent)
        if stop is None:
            return False
        self._stop(stop)
        return True

    def _stop(self, stop: Stop) -> None:
        if isinstance(stop, Conclude):
            if stop.headers:
                self._sender.headers()
            self.call.spoiled = self.call.spoiled or stop.spoils
            self._conclude(stop.code, stop.text, stop.trailing)
        elif isinstance(stop, Abort):
            self._abort(stop.error)
        elif isinstance(stop, Answer):
            self._answer_http(stop.reply(self.call) if callable(stop.reply) else stop.reply)
        elif isinstance(stop, Cut):
            self._cut(stop)
        else:
            self._depart(stop)

    def _conclude(self, code: int, text: str, trailing: Metadata) -> None:
        """Send the status and record that the client has its answer."""
        call = self.call
        call.code, call.details, call.trailers = code_name(code), text, tuple(trailing)
        self._finish("answered")
        self._sender.status(code, text, trailing)

    def _end_without_status(self) -> None:
        self.call.spoiled = True
        self._finish("answered")
        self._sender.end_without_status()

    def _abort(self, error: int) -> None:
        self.call.reset = error_name(error)
        self.call.untouched = self.call.reset == "REFUSED_STREAM"
        self._finish("reset")
        # What was given before goes out first: a reset throws away what waits.
        self._loop.call_soon(partial(self._stream.reset, error))

    def _answer_http(self, reply: Reply) -> None:
        """Answer as something that does not speak gRPC does."""
        self.call.status = reply.status
        self._finish("answered")
        self._sender.http(reply)

    def _cut(self, cut: Cut) -> None:
        connection = self._stream.connection
        if self._plan.half in {"headers", "trailers"}:
            self._sender.half(self._plan.half)
        elif cut.part == "body" and cut.how != "stall":
            self._sender.headers()
        if cut.how == "stall":
            self.call.outcome = "hung"
            self._silence()
            if cut.seconds is not None:
                self._timers.append(self._loop.call_later(cut.seconds, self._release))
            return
        if self._plan.resets is not None and cut.how == "reset":
            self._abort(self._plan.resets)
            return
        self._finish("reset" if cut.how == "reset" else "truncated" if self._sender.has_headers else "closed")
        self._loop.call_soon(connection.abort if cut.how == "reset" else connection.finish)

    def _depart(self, retire: Retire) -> None:
        self.call.untouched = True
        self._finish("closed")
        self._stream.connection.goaway(retire.last, retire.code)

    def _silence(self) -> None:
        """Send nothing more than what has been said so far."""
        self._sender.flush()
        self._outbox.clear()
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation.over()

    def _release(self) -> None:
        """End a stall whose time has come."""
        if not self._is_over:
            self._finish("hung")
            self._stream.connection.finish()

    def _finish(self, outcome: Outcome) -> None:
        """Record how the call ends, before the client can see that it has, and send nothing more."""
        self.call.outcome = outcome
        self.call.ended = self._service.ledger.now()
        self._close()

    def _close(self) -> None:
        self._is_over = True
        for timer in self._timers:
            timer.cancel()
        self._silence()

    # -- the client, or the connection, goes

    def reset_received(self, code: int) -> None:
        """The client has cancelled the call."""
        self._record()
        if not self._is_over or self._stream.unsent:
            self.call.reset = error_name(code)
            self.call.cancelled = self.call.reset == "CANCEL"
            self._left()

    def connection_lost(self) -> None:
        """The connection ended before the call did."""
        self._record()
        by_client = self._stream.connection.record.closed_by == "client"
        if by_client and (not self._is_over or self._stream.unsent):
            self._left()
        elif not self._is_over:
            self._finish("closed" if self.call.outcome == "open" else self.call.outcome)

    def _left(self) -> None:
        """Record that the client left before it had all of its answer."""
        call = self.call
        call.gone = self._service.ledger.now()
        if call.outcome != "hung":
            call.outcome = "abandoned"
        self._close()


def _nothing() -> None:
    """Do nothing: the pause before it is what is wanted."""
