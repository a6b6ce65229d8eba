"""One request and its answer: what is sent for it, and what the ledger says of that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Answer
from pytest_integrations.core.reply import Reply
from pytest_integrations.wire.perform import is_done, perform, tampered
from pytest_integrations.wire.performance import Player

from .service import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.message import Message
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.loop import Timer
    from pytest_integrations.wire.performance import End, Performance

    from .protocol import Http1Protocol

__all__ = ["Exchange"]


class Exchange:
    """Answers one call; writes the ledger *before* the bytes go out, so that whoever has read them can look at it."""

    __slots__ = (
        "_keep_alive",
        "_performance",
        "_player",
        "_protocol",
        "_sent",
        "_status",
        "_timer",
        "_told",
        "_when_sent",
        "call",
        "decision",
    )

    _performance: Performance
    _status: int | None
    _told: int
    """How many bytes the client must have to know the status."""

    def __init__(self, protocol: Http1Protocol, call: HttpCall, decision: Decision | None, *, keep_alive: bool) -> None:
        """Answer *call* on *protocol*'s connection, as *decision* says."""
        self._protocol = protocol
        self.call: HttpCall = call
        self.decision: Decision | None = decision
        self._keep_alive = keep_alive
        self._player: Player | None = None
        self._timer: Timer | None = None
        self._sent = 0
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
        if not is_done(effects):
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
        self._performance = perform(message, effects)
        self._player = Player(self._protocol.loop, self._protocol.transport, self._performance, self._step, self._end)
        self._player.play()

    def _step(self, data: bytes, last: bool) -> None:  # noqa: FBT001 -- called back
        """Record that *data* goes out now."""
        now = self._protocol.service.ledger.now()
        if data and self.call.first_byte is None:
            self.call.first_byte = now
        self._sent += len(data)
        self._protocol.connection.sent += len(data)
        if self._sent >= self._told:
            self.call.status = self._status
        if last:
            self._conclude(now)

    def _conclude(self, now: float) -> None:
        """Record how the exchange ends, before the client can see that it has."""
        call, end = self.call, self._performance.end
        if end == "reset":
            call.outcome = "reset"
        elif end == "stall":
            call.outcome = "hung"
        elif self._sent >= len(call.reply):
            call.outcome = "answered"
            if self._when_sent is not None and not call.spoiled:
                self._when_sent()
        else:
            call.outcome = "truncated" if self._sent else "closed"
        if end != "stall":
            call.ended = now
        if end in {"finish", "reset"}:
            self._protocol.closes_itself()

    def _end(self, end: End) -> None:
        """Do with the connection what the performance ends with."""
        protocol = self._protocol
        if self.call.outcome == "open":
            self._conclude(protocol.service.ledger.now())
        if end == "stall":
            if self._performance.patience is not None:
                self._timer = protocol.loop.call_later(self._performance.patience, self._release)
            return
        protocol.exchange_done(keep=end == "keep")
        if end == "reset":
            protocol.transport.abort()
        elif end == "finish":
            protocol.transport.finish()

    def _release(self) -> None:
        """End a stall whose time has come."""
        self.call.ended = self._protocol.service.ledger.now()
        self._protocol.closes_itself()
        self._protocol.exchange_done(keep=False)
        self._protocol.transport.finish()

    def abandon(self, now: float, *, by_client: bool) -> None:
        """Stop: the connection is gone."""
        if self._player is not None:
            self._player.cancel()
        if self._timer is not None:
            self._timer.cancel()
        if not self.call.seq:
            self._protocol.service.ledger.add(self.call)
        if self.call.outcome == "open":
            self.call.outcome = "abandoned"
        if by_client:
            self.call.gone = now
