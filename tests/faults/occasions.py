"""Occasions for faults to act on, and what they make of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from pytest_integrations.core.call import Connection, HttpCall
from pytest_integrations.core.effect import Answer, Tamper
from pytest_integrations.core.fault import Occasion
from pytest_integrations.core.message import Message
from pytest_integrations.core.reply import Reply
from pytest_integrations.core.seed import Seed

if TYPE_CHECKING:
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Fault

E = TypeVar("E", bound="Effect")

NAMES = Reply.of(json=["ada", "grace"])


@dataclass(frozen=True)
class StoppedClock:
    """A clock that stands still."""

    moment: datetime = datetime(2026, 11, 25, 12, 0, 0, 700_000, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def wall(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def call(target: str = "/users", method: str = "GET", **headers: str) -> HttpCall:
    fields = "".join(f"\r\n{name}: {value}" for name, value in {"Host": "127.0.0.1:80", **headers}.items())
    return HttpCall("fake", Connection(1, "fake", 0.0), f"{method} {target} HTTP/1.1{fields}".encode())


def occasion(seed: int = 0, on: HttpCall | None = None, clock: StoppedClock | None = None) -> Occasion:
    return Occasion(1, Seed(seed).stream("test"), on or call(), clock or StoppedClock())


def effect(fault: Fault, kind: type[E], seed: int = 0) -> E:
    """Return the first effect of this *kind* that *fault* yields."""
    return next(each for each in fault.effects(occasion(seed)) if isinstance(each, kind))


def tampered(fault: Fault, message: Message | None = None, *, seed: int = 0, on: HttpCall | None = None) -> Message:
    """Return *message*, the names as JSON by default, as *fault* changes it."""
    message = message or Message.of(NAMES)
    for each in fault.effects(occasion(seed, on)):
        if isinstance(each, Tamper):
            message = each.change(message)
    return message


def answered(fault: Fault, on: HttpCall | None = None, clock: StoppedClock | None = None) -> Reply:
    """Return what *fault* answers."""
    on = on or call()
    for each in fault.effects(occasion(0, on, clock)):
        if isinstance(each, Answer):
            return each.reply(on) if callable(each.reply) else each.reply
    raise AssertionError(fault)
