"""One request and its answer: what is sent for it, and what the ledger says of that."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from pytest_integrations.core.effect import Answer, Cut
from pytest_integrations.core.message import Message
from pytest_integrations.core.reply import Reply
from pytest_integrations.wire.answering import Answered, Answering
from pytest_integrations.wire.perform import is_done, perform, tampered

from .service import Prepared, Streamed, Switched
from .stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.performance import End, Performance
    from pytest_integrations.wire.transport import WireProtocol

    from .service import Answers, HttpService

__all__ = ["Exchange", "Exchanging"]


class Exchanging(Answered, Protocol):
    """The connection that an answer goes out on, of whichever version of HTTP; of HTTP/2, one stream of it."""

    @property
    def service(self) -> HttpService:
        """The fake behind it."""
        ...

    def is_current(self, exchange: Exchange) -> bool:
        """Tell whether the client still waits for this *exchange*."""
        ...

    def switch(self, successor: WireProtocol) -> None:
        """Hand the connection over to *successor*."""


class Exchange(Answering["Exchanging", "HttpCall"]):
    """Finds the answer to one call, and sends it."""

    __slots__ = ("_body_cut", "_keep_alive", "_sequel", "_status", "_stream", "_told", "_when_sent", "decision")

    _status: int | None
    _told: int
    """How many bytes the client must have to know the status."""

    def __init__(self, protocol: Exchanging, call: HttpCall, decision: Decision | None, *, keep_alive: bool) -> None:
        """Answer *call* on *protocol*'s connection, as *decision* says."""
        super().__init__(protocol, call)
        self.decision: Decision | None = decision
        self._keep_alive = keep_alive
        self._when_sent: Callable[[], object] | None = None
        self._sequel: Streamed | Switched | None = None
        """What follows the head, if that goes out as it should."""
        self._stream: Stream | None = None
        self._body_cut: Cut | None = None
        if decision is not None:
            call.fault = decision.fault

    # -- finding the answer

    def begin_later(self, seconds: float) -> None:
        """Begin when the request would have been read; until then it is not in the ledger."""
        self._timer = self._protocol.loop.call_later(seconds, self._begin_late)

    def _begin_late(self) -> None:
        self._protocol.service.ledger.add(self.call)
        self.begin()

    def begin(self) -> None:
        """Find the answer and send it; what raises on the way is an answer too."""
        try:
            self._begin(self.decision.effects if self.decision is not None else ())
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to whom the service tells it
            self._fail(error)

    def _begin(self, effects: Sequence[Effect]) -> None:
        if effects and not is_done(effects):
            self._take(Prepared(Reply()))
            return
        source = self._protocol.service.answer(self.call)
        if self.call.outcome != "open":  # the connection is gone: what answers has stopped its own fake
            return
        if not isinstance(source, Prepared):
            if isinstance(source, Streamed | Switched):
                self._take(source)
            else:
                source(self.hand_over)
        elif effects or source.closes or not self._keep_alive or self.call.head.startswith(b"HEAD "):
            self._take(source)
        else:
            self._send_prepared(source)

    def _send_prepared(self, prepared: Prepared) -> None:
        """The fast path: one send of bytes that are ready."""
        call = self.call
        protocol = self._protocol
        call.reply = wire = prepared.kept()
        call.status = prepared.reply.status
        call.first_byte = call.ended = protocol.service.ledger.now()
        call.outcome = "answered"
        if prepared.when_sent is not None:
            prepared.when_sent()
        protocol.connection.sent += len(wire)
        protocol.transport.write(wire)
        protocol.exchange_done(keep=True)

    def hand_over(self, answer: Answers) -> None:
        """Take the handler's answer; a client that has left meanwhile gets nothing."""
        if not self._protocol.is_current(self):
            return
        try:
            self._take(answer)
        except BaseException as error:  # noqa: BLE001 -- raised by a fault of the test's own
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Answer that something raised; no fault is performed on that, since it may be the one that raised."""
        self.perform(self._framed(self._protocol.service.failed(self.call, error)), ())

    def _take(self, answer: Answers) -> None:
        """Send *answer*, or what a fault answers instead."""
        effects = self.decision.effects if self.decision is not None else ()
        for effect in effects:
            if isinstance(effect, Answer):
                answer = Prepared(effect.reply(self.call) if callable(effect.reply) else effect.reply)
        if isinstance(answer, Prepared):
            self._when_sent = answer.when_sent
            self.perform(self._framed(answer), effects)
        elif isinstance(answer, Switched):
            self._sequel = answer
            self.perform(answer.message(), effects)
        else:
            self._take_stream(answer, effects)

    def _take_stream(self, streamed: Streamed, effects: Sequence[Effect]) -> None:
        """Send the head of an answer that goes on; what cuts its body is kept for that."""
        if self.call.head.startswith(b"HEAD "):
            self.perform(Message.of(streamed.reply, head_only=True, persistent=self._keep_alive), effects)
            return
        self._sequel = streamed
        head = streamed.message(framed=not self._is_http_1_0, persistent=self._keep_alive)
        self._body_cut = next((cut for cut in map(partial(_in_body, len(head.head)), effects) if cut is not None), None)
        self.perform(head, [effect for effect in effects if _in_body(len(head.head), effect) is None])

    def _framed(self, prepared: Prepared) -> Message:
        if prepared.reply.chunks is not None and self._is_http_1_0:
            prepared = Prepared(replace(prepared.reply, chunks=None))  # a coding that its client may not know
        return prepared.message(head_only=self.call.head.startswith(b"HEAD "), persistent=self._keep_alive)

    @property
    def _is_http_1_0(self) -> bool:
        return self.call.head.partition(b"\r\n")[0].endswith(b" HTTP/1.0")

    # -- sending it

    def perform(self, message: Message, effects: Sequence[Effect]) -> None:
        """Send *message* as *effects* want it."""
        before = message
        message, self.call.spoiled = tampered(message, effects)
        if not _goes_on(before, message) or any(isinstance(effect, Cut) for effect in effects):
            self._sequel = None
        message = self._on_wire(message)
        self.call.reply = message.wire
        self._told = len(message.preface) + len(message.start)
        self._play(perform(message, effects))

    def _on_wire(self, message: Message) -> Message:
        """Return *message* as this version of HTTP has it, and take notice of its status."""
        self._status = int(message.start[9:12]) if message.start[9:12].isdigit() else None
        return message

    def _step(self, data: bytes, last: bool) -> None:  # noqa: FBT001 -- called back
        """Record that *data* goes out now, and with it the status, if all of that is out."""
        if self._sent + len(data) >= self._told:
            self.call.status = self._status
        super()._step(data, last and not isinstance(self._sequel, Streamed))

    def _end(self, end: End) -> None:
        """Go on with what follows the head, or do with the connection what the performance ends with."""
        sequel, self._sequel = self._sequel, None
        if isinstance(sequel, Switched):
            self._protocol.switch(sequel.begin())
        elif sequel is not None:
            framed = b"\r\ntransfer-encoding: chunked" in self.call.reply.lower()
            self._stream = Stream(self, framed=framed, keep=end == "keep", cut=self._body_cut)
            try:
                sequel.begin(self._stream)
            except BaseException:
                self._stream.break_off("reset")  # nobody may wait for what will not come
                raise
        else:
            super()._end(end)

    def _conclude(self, now: float) -> None:
        """Record how the exchange ends, and tell whoever waits for the answer to be out."""
        super()._conclude(now)
        if self.call.outcome == "answered" and self._when_sent is not None and not self.call.spoiled:
            self._when_sent()

    def abandon(self, now: float, *, by_client: bool) -> None:
        """Stop: the connection is gone; what was to begin later is recorded now."""
        if not self.call.seq:
            self._protocol.service.ledger.add(self.call)
        super().abandon(now, by_client=by_client)
        if self._stream is not None:
            self._stream.gone(by_client=by_client)

    # -- what follows the head of an answer that goes on

    @property
    def unsent(self) -> int:
        """How many bytes of its connection the client has not taken."""
        return self._protocol.transport.unsent

    def more(self, wire: bytes) -> None:
        """Send some of the body, as it goes on the wire."""
        self.call.reply += wire
        super()._step(wire, last=False)
        self._protocol.transport.write(wire)

    def finish_with(self, wire: bytes, lost: bytes, performance: Performance) -> None:
        """Send the last of the body and do what *performance* ends with; *lost* was to come and is cut off."""
        self.call.reply += wire + lost
        self._performance = performance
        super()._step(wire, last=True)
        self._protocol.transport.write(wire)
        super()._end(performance.end)


def _in_body(head: int, effect: Effect) -> Cut | None:
    """Return the *effect* counted from the beginning of the body, if it cuts a stream beyond its *head*."""
    if not isinstance(effect, Cut) or effect.part not in {"answer", "body"} or not effect.offset:
        return None
    if effect.part == "answer" and isinstance(effect.offset, int):
        return replace(effect, part="body", offset=effect.offset - head) if effect.offset > head else None
    return effect


def _goes_on(before: Message, after: Message) -> bool:
    """Tell whether *after*, which faults made of *before*, is still the head of something that follows."""
    coding = b"Transfer-Encoding"
    return (
        after.start == before.start and after.content == before.content and after.field(coding) == before.field(coding)
    )
