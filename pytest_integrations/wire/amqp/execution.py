"""Commands, one after the other: written into the ledger, carried out by the broker, or spoiled by a fault."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Cut, Delay, Fail, Garble, Trickle, Withhold
from pytest_integrations.core.queue_call import Kind, QueueCall
from pytest_integrations.wire.perform import is_done

from . import methods
from .faulty_answer import FaultyAnswer
from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pamqp.base import Frame as Method

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.loop import Timer

    from .connection import AmqpProtocol

__all__ = ["Asked", "Execution"]

_IN_TIME = (Cut, Delay, Garble, Trickle)
"""What the wire does to an answer; the other effects are the broker's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that a client asks for: *run* does it, and raises `Refusal` where it may not be."""

    channel: int
    method: Method
    run: Callable[[Decision | None], object]
    kind: Kind = "other"
    queue: str = ""
    body: bytes = b""


class Execution:
    """Carries out the commands of one connection."""

    def __init__(self, protocol: AmqpProtocol) -> None:
        """Begin with nothing to do."""
        self._protocol = protocol
        self._service = protocol.service
        self._faulty: FaultyAnswer | None = None
        """What a fault is still sending."""
        self._blocked: Callable[[], object] | None = None
        """The publication that waits until producers are free again."""
        self._timer: Timer | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the next command has to wait for the present one."""
        return self._faulty is not None or self._blocked is not None

    def begin(self, asked: Asked) -> None:
        """Write a command into the ledger and carry it out, unless it has to wait."""
        service, connection = self._service, self._protocol.connection
        name = methods.spoken(asked.method)
        call = QueueCall(service.name, connection, name, kind=asked.kind, queue=asked.queue)
        connection.calls += 1
        call.number = connection.calls
        call.body = asked.body
        service.ledger.add(call)
        decision = service.decide(call)
        effects = tuple(map(_whole, decision.effects)) if decision is not None else ()
        if asked.kind == "publish" and (service.alarm is not None or service.blocks(effects)):
            self._block(partial(self._act, call, asked, decision), effects, _window(decision))
        else:
            self._act(call, asked, decision, effects)

    def _act(self, call: QueueCall, asked: Asked, decision: Decision | None, effects: Sequence[Effect]) -> None:
        """Carry a command out, as the *effects* of its fault leave it."""
        protocol = self._protocol
        if decision is None:
            self._run(call, asked, None)
            call.first_byte = call.ended = self._service.ledger.now()
            call.outcome = "answered"
            if protocol.state == "closed":
                protocol.finish()
            return
        call.fault = decision.fault
        if any(isinstance(effect, Withhold) and effect.what == "heartbeat" for effect in effects):
            protocol.fall_silent()
        answer = protocol.outbox.collect(lambda: self._run(call, asked, decision)) if is_done(effects) else b""
        self._perform(call, answer, effects)

    def _run(self, call: QueueCall, asked: Asked, decision: Decision | None) -> None:
        try:
            refusal = _refusal_in(decision.effects) if decision is not None else None
            if refusal is not None:
                raise refusal
            told = asked.run(decision)
            call.error = told if isinstance(told, str) else ""
            call.handled = True
        except Refusal as refused:
            call.error = str(refused.code)
            self._protocol.refuse(refused, asked.channel, asked.method)

    # -- what goes wrong

    def suffer(self, call: QueueCall, decision: Decision, run: Callable[[], object]) -> None:
        """Send a delivery as its fault wants it; *call* stands in no list, since no client has asked."""
        effects = decision.effects
        if self.is_busy or not any(isinstance(effect, _IN_TIME) for effect in effects):
            run()
            return
        self._perform(call, self._protocol.outbox.collect(run) if is_done(effects) else b"", effects)

    def _perform(self, call: QueueCall, answer: bytes, effects: Sequence[Effect]) -> None:
        self._faulty = FaultyAnswer(self._protocol, call, effects)
        self._faulty.begin(answer)

    def exchange_done(self) -> None:
        """Take the next command, now that a fault has sent all that it sends."""
        self._faulty = None

    # -- blocked producers

    def _block(self, act: Callable[[Sequence[Effect]], object], effects: Sequence[Effect], window: float) -> None:
        """Let a publication, and all that comes after it, wait: for the seconds of a fault, or until it is released.

        *window* is for how many seconds its rule goes on, 0 if it has no end.
        """
        protocol = self._protocol
        seconds = sum(effect.seconds for effect in effects if isinstance(effect, Delay)) or window
        left = tuple(effect for effect in effects if not isinstance(effect, Delay))
        self._blocked = partial(act, left)
        if protocol.knows("connection.blocked"):
            protocol.send(methods.method(0, 10, 60, methods.shortstr(self._service.alarm or "low on memory")))
        if seconds:
            self._timer = protocol.loop.call_later(seconds, self.unblock)

    def unblock(self) -> None:
        """Take the publication that had to wait, if one had, and go on."""
        act, self._blocked = self._blocked, None
        if act is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        if self._protocol.knows("connection.blocked"):
            self._protocol.send(methods.method(0, 10, 61))
        act()
        if not self.is_busy:
            self._protocol.go_on()

    def abandon(self, *, by_client: bool) -> None:
        """Stop: the connection is gone."""
        faulty, self._faulty, self._blocked = self._faulty, None, None
        if faulty is not None:
            faulty.abandon(self._service.ledger.now(), by_client=by_client)
        if self._timer is not None:
            self._timer.cancel()


def _whole(effect: Effect) -> Effect:
    """Return *effect* as it is here: a command is heard whole or not at all, so that one cut short is not heard."""
    return Cut(effect.how, seconds=effect.seconds) if isinstance(effect, Cut) and effect.part == "upload" else effect


def _refusal_in(effects: Sequence[Effect]) -> Refusal | None:
    """Return the refusal that a fault wants; of what ends neither channel nor connection the broker thinks itself."""
    for effect in effects:
        if isinstance(effect, Fail) and effect.ends in {"channel", "connection"}:
            return Refusal(int(effect.code), effect.text, "channel" if effect.ends == "channel" else "connection")
    return None


def _window(decision: Decision | None) -> float:
    """Return for how many seconds the rule behind *decision* goes on, 0 if it has no end."""
    if decision is None or decision.rule.when.during is None:
        return 0.0
    rule = decision.rule
    return rule.injected + (rule.when.after or 0.0) + decision.rule.when.during - rule.clock.monotonic()
