"""What a fault is: a tiny frozen thing whose fields are its settings and which yields effects."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from .clock import IN_FORCE
from .errors import ScriptingError

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from .call import Call
    from .clock import Clock
    from .effect import Effect

__all__ = ["Acting", "Fault", "Occasion", "Scope", "Together"]

Scope = Literal["call", "upload", "connection", "listener"]
"""When a fault is decided: at the whole request, at its head, at the accept, or by the clock alone."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a fault may know when it acts.

    *ordinal* counts the times that this fault has acted before, plus one (per key, if the script says `per=`);
    *random* is a generator of its own for this occasion, the same for the same seed; *call* is None for what happens
    before a request; *clock* is the one in force, for faults that tell a date.
    """

    ordinal: int
    random: random.Random
    call: Call | None = None
    clock: Clock = IN_FORCE


class Acting(Protocol):
    """What acts for a fault in one script."""

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield what the wire is to do on this *occasion*."""
        ...


class Fault:
    """Something that can go wrong.

    Subclasses are dataclasses, `@dataclass(frozen=True, slots=True, repr=False)`, named by a word that reads well in
    a script; their fields are their settings, seconds and bytes where nothing else is said. They check the settings
    in `__post_init__` and yield effects. Faults add up:

    >>> from pytest_integrations.faults import latency, status
    >>> latency(0.5) + status(503)
    latency(0.5) + status(503)
    """

    __slots__ = ()
    scope: ClassVar[Scope] = "call"
    standing: ClassVar[bool] = False
    """Whether it acts on every matching call, where the script does not say how often: a loop, an expiry."""
    kinds: ClassVar[frozenset[str]] = frozenset()
    """The kinds of operations that it can happen to (`Call.kind`): `"publish"`, `"deliver"`, …; none named: to all."""
    only_on: ClassVar[str] = ""
    """How the version of the protocol begins that it has a meaning in (`Call.version`): `"HTTP/1"`, `"HTTP/2"`."""

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* is something that it can happen to; what is not is not counted either."""
        if self.only_on and not call.version.startswith(self.only_on):
            return False
        return not self.kinds or call.kind in self.kinds

    @property
    def name(self) -> str:
        """The word that the fault is called by in scripts, profiles and reports."""
        return type(self).__name__

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield what the wire is to do on this *occasion*."""
        raise NotImplementedError(type(self))

    def begin(self, clock: Clock) -> Acting:
        """Return what acts for this fault in one script; those with a memory (a rate limit) return something new."""
        return self

    def bites(self, effects: Sequence[Effect]) -> bool:
        """Tell whether *effects* are this fault happening, rather than the server going about its business."""
        return bool(effects)

    def __add__(self, other: Fault) -> Together:
        """Let both happen to the same call."""
        return Together((*_parts(self), *_parts(other)))

    def __repr__(self) -> str:
        """Show the fault as it is written in a script: what was set, no defaults."""
        shown, by_position = [], True
        for field in fields(self):  # type: ignore[arg-type]  # subclasses are dataclasses
            value: Any = getattr(self, field.name)
            if value == field.default and type(value) is type(field.default):
                by_position = False
            else:
                by_position = by_position and not field.kw_only
                shown.append(repr(value) if by_position else f"{field.name}={value!r}")
        return f"{self.name}({', '.join(shown)})"


@dataclass(frozen=True, slots=True, repr=False)
class Together(Fault):
    """Several faults in one call, in order."""

    faults: tuple[Fault, ...]

    def __post_init__(self) -> None:
        """Refuse faults that are decided at different moments."""
        scopes = {fault.scope for fault in self.faults}
        if len(scopes) > 1 and not scopes <= {"call", "upload"}:
            listed = ", ".join(f"{fault.name} ({fault.scope})" for fault in self.faults)
            msg = f"these faults are decided at different moments and cannot be added: {listed}; inject them one by one"
            raise ScriptingError(msg)

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* is something that all parts can happen to."""
        return all(fault.acts_on(call) for fault in self.faults)

    @property
    def standing(self) -> bool:  # type: ignore[override]  # a property here: it depends on the parts
        """Whether one of the parts acts on every matching call."""
        return any(fault.standing for fault in self.faults)

    @property
    def kinds(self) -> frozenset[str]:  # type: ignore[override]  # a property here: it depends on the parts
        """The kinds of operations that one of the parts is for."""
        return frozenset().union(*(fault.kinds for fault in self.faults))

    @property
    def name(self) -> str:
        """The names of the parts, joined."""
        return "+".join(fault.name for fault in self.faults)

    @property
    def scope(self) -> Scope:  # type: ignore[override]  # a property here: it depends on the parts
        """The earliest moment that one of the parts needs."""
        scopes = {fault.scope for fault in self.faults}
        return "upload" if "upload" in scopes else self.faults[0].scope

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the effects of all parts."""
        return _Parts(self.faults).effects(occasion)

    def begin(self, clock: Clock) -> Acting:
        """Return what acts for the parts."""
        return _Parts(tuple(fault.begin(clock) for fault in self.faults))

    def __repr__(self) -> str:
        """Show the sum as it is written."""
        return " + ".join(map(repr, self.faults))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What acts for the parts of a sum, in order."""

    parts: tuple[Acting, ...]

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        for part in self.parts:
            yield from part.effects(occasion)


def _parts(fault: Fault) -> tuple[Fault, ...]:
    return fault.faults if isinstance(fault, Together) else (fault,)
