"""One command that something goes wrong with: when its answer goes out, how much of it, and how that ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Fail, Garble
from pytest_integrations.core.message import Message
from pytest_integrations.wire.perform import perform
from pytest_integrations.wire.performance import Player

from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.queue_call import QueueCall
    from pytest_integrations.wire.loop import Loop, Timer
    from pytest_integrations.wire.performance import End
    from pytest_integrations.wire.transport import Transport

    from .outbox import Outbox

__all__ = ["Mishap", "refusal_in"]


def refusal_in(effects: Sequence[Effect]) -> Refusal | None:
    """Return the refusal that a fault wants; of what ends neither channel nor connection the broker thinks itself."""
    for effect in effects:
        if isinstance(effect, Fail) and effect.ends in {"channel", "connection"}:
            return Refusal(int(effect.code), effect.text, "channel" if effect.ends == "channel" else "connection")
    return None


class Mishap:
    """Sends the *answer* to *call* as the effects of its fault want it, and nothing else meanwhile."""

    def __init__(
        self,
        loop: Loop,
        transport: Transport,
        outbox: Outbox,
        call: QueueCall,
        *,
        now: Callable[[], float],
        done: Callable[[End], object],
    ) -> None:
        """Prepare; *done* is told how it ended: the connection goes on, or ends now."""
        self._loop = loop
        self._transport = transport
        self._outbox = outbox
        self._now = now
        self._done = done
        self._player: Player | None = None
        self._timer: Timer | None = None
        self._sent = 0
        self._end: End = "keep"
        self.call: QueueCall = call

    def perform(self, answer: bytes, effects: Sequence[Effect]) -> None:
        """Begin to send."""
        for effect in effects:
            if isinstance(effect, Garble):
                answer = effect.data
                self.call.spoiled = True
        self.call.reply = answer
        performance = perform(Message(b"", content=answer), effects)
        self._end = performance.end
        self._outbox.hold()
        self._player = Player(self._loop, self._transport, performance, self._step, self._over)
        if performance.end == "stall" and performance.patience is not None:
            self._timer = self._loop.call_later(performance.patience, self._release)
        self._player.play()

    def _step(self, data: bytes, last: bool) -> None:  # noqa: FBT001 -- called back
        call = self.call
        if data and call.first_byte is None:
            call.first_byte = self._now()
        self._sent += len(data)
        call.connection.sent += len(data)
        if last:
            self._conclude()

    def _conclude(self) -> None:
        """Record how it ends, before the client can see that."""
        if self._end == "stall":
            self.call.outcome = "hung"
            return
        self.call.ended = self._now()
        if self._end == "reset":
            self.call.outcome = "reset"
        elif self._end == "finish" and self._sent < len(self.call.reply):
            self.call.outcome = "truncated"
        else:
            self.call.outcome = "closed" if self._end == "finish" and not self._sent else "answered"

    def _over(self, end: End) -> None:
        if self.call.outcome == "open":
            self._conclude()
        if end != "stall":
            self._done(end)

    def _release(self) -> None:
        self.call.ended = self._now()
        self._done("finish")

    def abandon(self, *, by_client: bool) -> None:
        """Stop: the connection is gone."""
        if self._player is not None:
            self._player.cancel()
        if self._timer is not None:
            self._timer.cancel()
        if self.call.outcome == "open":
            self.call.outcome = "abandoned"
        if by_client:
            self.call.gone = self._now()
