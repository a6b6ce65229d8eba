"""Answers that take turns: the first call gets the first, the second call the second, faults among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_integrations.core.script import Rule, Script

__all__ = ["Then", "Turns"]

Then = Literal["last", "cycle", "unexpected"]
"""How it goes on after the last answer: with that one, with the first again, or with a call that fails the test."""

T = TypeVar("T")


class Turns(Generic[T]):
    """The answers of one `replies(...)`, and how many of them were given."""

    def __init__(
        self,
        answers: Sequence[Any],
        then: Then,
        prepare: Callable[[Any], T],
        healthy: T,
        inject: Callable[..., Rule],
    ) -> None:
        """Take turns with *answers*, each made ready by *prepare*; faults among them are scripted by *inject*.

        A fault with no answer after it plays on *healthy*.
        """
        __tracebackhide__ = True
        if not answers:
            msg = "replies() needs at least one answer, such as replies(503, 503, {'id': 1})"
            raise ScriptingError(msg)
        if then not in get_args(Then):
            msg = f"then={then!r} is not a way to go on: valid are 'last', 'cycle', 'unexpected'"
            raise ScriptingError(msg)
        ready = [prepare(answer) for answer in answers if not isinstance(answer, Fault)]
        if not ready and then != "unexpected":
            ready = [healthy]
        self._answers: tuple[T, ...] = tuple(ready)
        self._healthy = healthy
        self._then: Then = then
        self._given = 0
        self._rules = _script_faults(answers, then, inject)

    def end(self, script: Script) -> None:
        """Take the faults out of *script*: something else was declared."""
        for rule in self._rules:
            script.remove(rule)

    def next(self, fault: Fault | None) -> T | None:
        """Return the answer whose turn it is; None when they have come to their end.

        A *fault* whose own turn it is is played on the answer after it, and does not use that up.
        """
        number = self._given
        has_turn = any(fault is each for rule in self._rules for each in rule.faults)
        if not has_turn:
            self._given += 1
        if number < len(self._answers):
            return self._answers[number]
        if self._then == "unexpected":
            return self._healthy if has_turn else None
        return self._answers[-1 if self._then == "last" else number % len(self._answers)]


def _script_faults(answers: Sequence[Any], then: Then, inject: Callable[..., Rule]) -> list[Rule]:
    """Script the faults among *answers* for the calls whose turn they are, and return the rules for that."""
    numbers = [number for number, answer in enumerate(answers, 1) if isinstance(answer, Fault)]
    if not numbers:
        return []
    if then == "cycle":
        msg = "a fault in replies(..., then='cycle') has no number of its own: script it by inject(fault, every=n)"
        raise ScriptingError(msg)
    repeats = then == "last" and numbers[-1] == len(answers)
    once = numbers[:-1] if repeats else numbers
    rules = [inject(*(answers[number - 1] for number in once), at=once, times=1)] if once else []
    if repeats:
        rules.append(inject(answers[-1], every=1, skip=len(answers) - 1 - len(once)))
    return rules
