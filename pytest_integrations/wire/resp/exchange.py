"""One command whose reply does not go out at once: it waits, or a fault is performed on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Cut, Expire
from pytest_integrations.core.message import Message
from pytest_integrations.wire.answering import Answering
from pytest_integrations.wire.perform import garbled, is_done, perform

from .service import Answer

if TYPE_CHECKING:
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.queue_call import QueueCall
    from pytest_integrations.core.script import Decision

    from .protocol import RespProtocol

__all__ = ["Exchange"]


class Exchange(Answering["RespProtocol", "QueueCall"]):
    """Executes one command and sends its reply; the connection's further commands wait meanwhile."""

    __slots__ = ("_answer", "_decision", "_effects")

    _answer: Answer

    def __init__(self, protocol: RespProtocol, call: QueueCall, decision: Decision | None) -> None:
        """Answer *call* on *protocol*'s connection, as *decision* says."""
        super().__init__(protocol, call)
        self._decision = decision
        self._effects: tuple[Effect, ...] = () if decision is None else tuple(map(_at_answer, decision.effects))
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
        data, self.call.spoiled = garbled(answer.data, self._effects)
        if self.call.spoiled:
            answer = Answer(data)
        self._answer = answer
        self.call.reply = data
        self.call.error = answer.error
        performance = perform(Message(b"", content=data), self._effects)
        if answer.closes and performance.end == "keep":
            performance = replace(performance, end="finish")
        self._protocol.flush()
        self._play(performance)

    def _conclude(self, now: float) -> None:
        """Record how the exchange ends, and what its client knows by having the whole reply."""
        super()._conclude(now)
        if self._sent and self._sent >= len(self.call.reply) and self._answer.told is not None:
            self._answer.told()

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


def _at_answer(effect: Effect) -> Effect:
    """A command is short and comes in whole: what is to end in the middle of it ends before it is executed."""
    return replace(effect, part="answer", offset=0) if isinstance(effect, Cut) and effect.part == "upload" else effect
