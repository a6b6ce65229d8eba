"""One command whose reply does not go out at once: it waits, or a fault is performed on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Cut, Expire, Garble
from pytest_integrations.core.message import Message
from pytest_integrations.wire.perform import is_done, perform
from pytest_integrations.wire.performance import Player

from .service import Answer

if TYPE_CHECKING:
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.queue_call import QueueCall
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.loop import Timer
    from pytest_integrations.wire.performance import End, Performance

    from .protocol import RespProtocol

__all__ = ["Exchange"]


class Exchange:
    """Answers one command; writes the ledger *before* the bytes go out, so that whoever has read them can look at it.

    The connection's further commands wait meanwhile.
    """

    __slots__ = ("_answer", "_decision", "_effects", "_performance", "_player", "_protocol", "_sent", "_timer", "call")

    _performance: Performance
    _answer: Answer

    def __init__(self, protocol: RespProtocol, call: QueueCall, decision: Decision | None) -> None:
        """Answer *call* on *protocol*'s connection, as *decision* says."""
        self._protocol = protocol
        self.call: QueueCall = call
        self._decision = decision
        self._effects: tuple[Effect, ...] = () if decision is None else tuple(map(_at_answer, decision.effects))
        self._player: Player | None = None
        self._timer: Timer | None = None
        self._sent = 0
        if decision is not None:
            call.fault = decision.fault

    @property
    def is_playing(self) -> bool:
        """Whether bytes of the answer are going out, or are held back by a fault."""
        return self._player is not None

    def begin(self, fields: list[bytes]) -> None:
        """Execute the command, unless a fault forbids it, and send the reply."""
        if not is_done(self._effects):
            self.take(Answer(b""))
            return
        fault = self._decision.fault if self._decision is not None else None
        answer = self._protocol.session.execute(self.call, fields, self._effects, fault)
        if answer is not None:
            self.take(answer)

    def take(self, answer: Answer) -> None:
        """Send *answer*, as effects want it."""
        for effect in self._effects:
            if isinstance(effect, Garble):
                answer = Answer(effect.data)
                self.call.spoiled = True
        self._answer = answer
        self.call.reply = answer.data
        self.call.error = answer.error
        performance = perform(Message(b"", content=answer.data), self._effects)
        if answer.closes and performance.end == "keep":
            performance = replace(performance, end="finish")
        self._performance = performance
        self._protocol.flush()
        protocol = self._protocol
        self._player = Player(protocol.loop, protocol.transport, performance, self._step, self._end)
        self._player.play()

    def _step(self, data: bytes, last: bool) -> None:  # noqa: FBT001 -- called back
        """Record that *data* goes out now."""
        now = self._protocol.service.ledger.now()
        if data and self.call.first_byte is None:
            self.call.first_byte = now
        self._sent += len(data)
        self._protocol.connection.sent += len(data)
        if last:
            self._conclude(now)

    def _conclude(self, now: float) -> None:
        """Record how the exchange ends, before the client can see that it has."""
        call, end = self.call, self._performance.end
        whole = self._sent >= len(call.reply)
        if end == "reset":
            call.outcome = "reset"
        elif end == "stall":
            call.outcome = "hung"
        elif whole and self._sent:
            call.outcome = "answered"
        else:
            call.outcome = "truncated" if self._sent else ("answered" if end == "keep" else "closed")
        if whole and self._sent and self._answer.told is not None:
            self._answer.told()
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
        keep = end == "keep" and self._is_kept()
        protocol.exchange_done(keep=keep)
        if end == "reset":
            protocol.transport.abort()
        elif not keep:
            protocol.transport.finish()

    def _is_kept(self) -> bool:
        """Break the promise to keep the connection, now or at the next command, if that is the fault."""
        for effect in self._effects:
            if isinstance(effect, Expire):
                if effect.how == "fin_idle":
                    self._protocol.closes_itself()
                    return False
                cut = Cut("reset") if effect.how == "reset_on_next" else Cut("close")
                self._protocol.mishap = replace(self._decision, effects=(cut,)) if self._decision else None
        return True

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
        if self.call.outcome == "open":
            self.call.outcome = "abandoned"
        if by_client:
            self.call.gone = now


def _at_answer(effect: Effect) -> Effect:
    """A command is short and comes in whole: what is to end in the middle of it ends before it is executed."""
    return replace(effect, part="answer", offset=0) if isinstance(effect, Cut) and effect.part == "upload" else effect
