"""What a client asks for, whichever protocol it speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_integrations.core.effect import Effect

from .errors import invalid_value, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.script import Decision

__all__ = ["Request"]

E = TypeVar("E", bound=Effect)


@dataclass(frozen=True, slots=True)
class Request:
    """The *parameters* of one action, who sent it, and what goes wrong with it.

    *connection* is 0 and *who* `"test"` for what the test does itself. *decide* is asked about each message that is
    handed out. *told* is filled with what is to be done once the client has the whole answer.
    """

    parameters: Mapping[str, Any]
    connection: int = 0
    who: str = "test"
    effects: tuple[Effect, ...] = ()
    fault: Fault | None = None
    decide: Callable[[], Decision | None] = lambda: None
    told: list[Callable[[], object]] = field(default_factory=list)

    def effect(self, kind: type[E]) -> E | None:
        """Return the effect of this *kind*, if there is one."""
        return next((each for each in self.effects if isinstance(each, kind)), None)

    def text(self, name: str) -> str:
        """Return a parameter that has to be there."""
        value = self.parameters.get(name)
        if not isinstance(value, str) or not value:
            raise missing(name)
        return value

    def optional(self, name: str) -> str:
        """Return a parameter, `""` if it is not there."""
        value = self.parameters.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid_value(value, name, "it is not text")
        return value or ""

    def words(self, name: str) -> list[str]:
        """Return a list of text, empty if it is not there."""
        value = self.parameters.get(name) or []
        if not isinstance(value, list):
            raise invalid_value(value, name, "it is not a list")
        return [str(each) for each in value]

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a map, empty if it is not there."""
        value = self.parameters.get(name) or {}
        if not isinstance(value, dict):
            raise invalid_value(value, name, "it is not a map")
        return value

    def number(self, name: str, least: int, most: int, default: int) -> int:
        """Return a whole number between *least* and *most*."""
        value = self.parameters.get(name)
        if value is None or value == "":
            return default
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            raise invalid_value(value, name, "it is not a number") from None
        if not least <= number <= most:
            raise invalid_value(value, name, f"Must be between {least} and {most}, if provided")
        return number
