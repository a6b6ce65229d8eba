"""One request and its answer: what is sent for it, and what the ledger says of that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Answer
from pytest_integrations.core.reply import Reply
from pytest_integrations.wire.answering import Answering
from pytest_integrations.wire.perform import is_done, perform, tampered

from .service import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.message import Message
    from pytest_integrations.core.script import Decision

    from .protocol import Http1Protocol

__all__ = ["Exchange"]


class Exchange(Answering["Http1Protocol", "HttpCall"]):
    """Finds the answer to one call, and sends it."""

    __slots__ = ("_keep_alive", "_status", "_told", "_when_sent", "decision")

    _status: int | None
    _told: int
    """How many bytes the client must have to know the status."""

    def __init__(self, protocol: Http1Protocol, call: HttpCall, decision: Decision | None, *, keep_alive: bool) -> None:
        """Answer *call* on *protocol*'s connection, as *decision* says."""
        super().__init__(protocol, call)
        self.decision: Decision | None = decision
        self._keep_alive = keep_alive
        self._when_sent: Callable[[], object] | None = None
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

    def hand_over(self, prepared: Prepared) -> None:
        """Take the handler's answer; a client that has left meanwhile gets nothing."""
        if not self._protocol.is_current(self):
            return
        try:
            self._take(prepared)
        except BaseException as error:  # noqa: BLE001 -- raised by a fault of the test's own
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Answer that something raised; no fault is performed on that, since it may be the one that raised."""
        self.perform(self._framed(self._protocol.service.failed(self.call, error)), ())

    def _take(self, prepared: Prepared) -> None:
        """Send *prepared*, or what a fault answers instead."""
        effects = self.decision.effects if self.decision is not None else ()
        for effect in effects:
            if isinstance(effect, Answer):
                prepared = Prepared(effect.reply(self.call) if callable(effect.reply) else effect.reply)
        self._when_sent = prepared.when_sent
        self.perform(self._framed(prepared), effects)

    def _framed(self, prepared: Prepared) -> Message:
        head = self.call.head
        if prepared.reply.chunks is not None and head.partition(b"\r\n")[0].endswith(b" HTTP/1.0"):
            prepared = Prepared(replace(prepared.reply, chunks=None))  # a coding that its client may not know
        return prepared.message(head_only=head.startswith(b"HEAD "), persistent=self._keep_alive)

    # -- sending it

    def perform(self, message: Message, effects: Sequence[Effect]) -> None:
        """Send *message* as *effects* want it."""
        message, self.call.spoiled = tampered(message, effects)
        self.call.reply = message.wire
        self._told = len(message.preface) + len(message.start)
        self._status = int(message.start[9:12]) if message.start[9:12].isdigit() else None
        self._play(perform(message, effects))

    def _step(self, data: bytes, last: bool) -> None:  # noqa: FBT001 -- called back
        """Record that *data* goes out now, and with it the status, if all of that is out."""
        if self._sent + len(data) >= self._told:
            self.call.status = self._status
        super()._step(data, last)

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
