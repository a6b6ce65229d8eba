"""What a fault is: a tiny frozen thing whose fields are its settings and which yields effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from .errors import ScriptingError

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from .call import Call
    from .effect import Effect

__all__ = ["Fault", "Occasion", "Scope", "Together"]

Scope = Literal["call", "upload", "connection", "listener"]
"""When a fault is decided: at the whole request, at its head, at the accept, or by the clock alone."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a fault may know when it acts.

    *ordinal* counts the times that this fault has acted before, plus one (per key, if the script says `per=`);
    *random* is a generator of its own for this occasion, the same for the same seed; *call* is None for what happens
    before a request.
    """

    ordinal: int
    random: random.Random
    call: Call | None = None


class Fault:
    """Something that can go wrong.

    Subclasses are frozen dataclasses named by a word that reads well in a script; their fields are their settings,
    seconds and bytes where nothing else is said. They check the settings in `__post_init__` and yield effects. Faults
    add up:

    >>> from pytest_integrations.faults import latency, status
    >>> latency(0.5) + status(503)
    latency(0.5) + status(503)
    """

    __slots__ = ()
    scope: ClassVar[Scope] = "call"

    @property
    def name(self) -> str:
        """The word that the fault is called by in scripts, profiles and reports."""
        return type(self).__name__

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield what the wire is to do on this *occasion*."""
        raise NotImplementedError(type(self))

    def __add__(self, other: Fault) -> Together:
        """Let both happen to the same call."""
        return Together((*_parts(self), *_parts(other)))


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
        for fault in self.faults:
            yield from fault.effects(occasion)

    def __repr__(self) -> str:
        """Show the sum as it is written."""
        return " + ".join(map(repr, self.faults))


def _parts(fault: Fault) -> tuple[Fault, ...]:
    return fault.faults if isinstance(fault, Together) else (fault,)
