"""What the faults of queues mean to a service that speaks HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Confirm, Cut, Fail, Full, Garble, Tamper, Work
from pytest_integrations.core.message import Message

if TYPE_CHECKING:
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.script import Decision

__all__ = ["translated"]


def translated(decision: Decision, kind: str) -> Decision:
    """Return *decision* with the effects that the wire of HTTP, or the store, can perform on this *kind* of call."""
    return replace(decision, effects=tuple(new for old in decision.effects for new in _translated(old, kind)))


def _translated(effect: Effect, kind: str) -> tuple[Effect, ...]:
    if isinstance(effect, Confirm):  # to be silent is all that a service can do instead of its answer
        return (Work(True), Cut("stall")) if effect.how == "withhold" else (Fail("InternalError", ""),)
    if isinstance(effect, Full):
        return (Fail("OverLimit" if kind == "receive" else "RequestThrottled", ""),)
    if isinstance(effect, Garble):
        return Work(False), Tamper(lambda message: _raw(message, effect.data))
    return (effect,)


def _raw(message: Message, data: bytes) -> Message:
    return Message(b"", content=data, persistent=message.persistent)
