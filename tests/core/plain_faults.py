"""Faults with nothing to them, one for each moment at which a fault is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import Answer, Cut, Effect, Refuse, Tamper
from pytest_integrations.core.fault import Fault, Scope
from pytest_integrations.core.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_integrations.core.fault import Occasion


@dataclass(frozen=True, slots=True, repr=False)
class say(Fault):  # noqa: N801 -- faults are called by a word
    """Answers with a status, and remembers what it was told."""

    code: int = 503
    listen: Callable[[Occasion], object] | None = None

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        if self.listen is not None:
            self.listen(occasion)
        yield Answer(Reply(self.code))


@dataclass(frozen=True, slots=True, repr=False)
class mark(Fault):  # noqa: N801 -- as above
    """Does no harm: its effects are not the fault happening."""

    value: str = "seen"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        yield Tamper(lambda message: message.with_field(b"X-Mark", self.value.encode()), spoils=False)

    def bites(self, effects: Sequence[Effect]) -> bool:
        return False


@dataclass(frozen=True, slots=True, repr=False)
class idle(Fault):  # noqa: N801 -- as above
    """Does nothing at all."""

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        return ()


@dataclass(frozen=True, slots=True, repr=False)
class endless(Fault):  # noqa: N801 -- as above
    """Acts on every call until it is healed."""

    standing: ClassVar[bool] = True

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        yield Answer(Reply(302))


@dataclass(frozen=True, slots=True, repr=False)
class stop_upload(Fault):  # noqa: N801 -- as above
    """Is decided at the head of a request."""

    after: int = 0
    scope: ClassVar[Scope] = "upload"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        yield Cut("reset", "upload", self.after)


@dataclass(frozen=True, slots=True, repr=False)
class turn_away(Fault):  # noqa: N801 -- as above
    """Is decided at the accept of a connection."""

    scope: ClassVar[Scope] = "connection"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        yield Refuse("reset")


@dataclass(frozen=True, slots=True, repr=False)
class take_down(Fault):  # noqa: N801 -- as above
    """Is decided by the clock alone."""

    scope: ClassVar[Scope] = "listener"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        yield Refuse("refuse")
