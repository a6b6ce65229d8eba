"""The answer to a command, or a delivery, that something goes wrong with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.message import Message
from pytest_integrations.wire.answering import Answering
from pytest_integrations.wire.perform import garbled, perform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.queue_call import QueueCall

    from .connection import AmqpProtocol

__all__ = ["FaultyAnswer"]


class FaultyAnswer(Answering["AmqpProtocol", "QueueCall"]):
    """Sends what answers a call as the effects of its fault want it, and nothing else meanwhile."""

    __slots__ = ("_effects", "_told")

    def __init__(self, protocol: AmqpProtocol, call: QueueCall, effects: Sequence[Effect]) -> None:
        """Answer *call* on *protocol*'s connection as *effects* want it."""
        super().__init__(protocol, call)
        self._effects = effects
        self._told = protocol.outbox.told()

    def begin(self, answer: bytes) -> None:
        """Begin to send *answer*."""
        self.call.reply, self.call.spoiled = garbled(answer, self._effects)
        self._protocol.outbox.hold()
        self._play(perform(Message(b"", content=self.call.reply), self._effects))

    def _step(self, data: bytes, last: bool) -> None:  # noqa: FBT001 -- called back
        """Record that *data* goes out now, and what the client learns by it once it has all of the answer."""
        super()._step(data, last)
        if self._sent and self._sent >= len(self.call.reply) and not self.call.spoiled:
            told, self._told = self._told, []
            for tell in told:
                tell()
