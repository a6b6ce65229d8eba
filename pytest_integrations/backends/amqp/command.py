"""One thing that a client asks of a channel, with what a fault makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_integrations.core.effect import Effect
from pytest_integrations.wire.amqp.methods import spoken

if TYPE_CHECKING:
    from pamqp.base import Frame as Method

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.queue_call import Kind
    from pytest_integrations.wire.amqp.channel import Content

__all__ = ["Command", "kind_of"]

E_ = TypeVar("E_", bound=Effect)

_KINDS: dict[str, Kind] = {
    "basic.publish": "publish",
    "basic.get": "receive",
    "basic.consume": "subscribe",
    "basic.ack": "ack",
    "basic.nack": "nack",
    "basic.reject": "nack",
    "basic.recover": "nack",
    "basic.recover-async": "nack",
    "exchange.declare": "declare",
    "exchange.delete": "declare",
    "exchange.bind": "declare",
    "exchange.unbind": "declare",
    "queue.declare": "declare",
    "queue.delete": "declare",
    "queue.bind": "declare",
    "queue.unbind": "declare",
    "queue.purge": "declare",
}


def kind_of(method: Method) -> Kind:
    """Return what a method is for."""
    return _KINDS.get(spoken(method), "other")


@dataclass(frozen=True, slots=True)
class Command:
    """A method, its content, and the effects of the fault that happens to it."""

    method: Method
    content: Content | None = None
    effects: tuple[Effect, ...] = ()
    fault: Fault | None = None

    def text(self, name: str) -> str:
        """Return an argument of the method that is a text."""
        value = self.method[name]
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """Return an argument of the method that is a number."""
        value = self.method[name]
        return value if isinstance(value, int) else 0

    def flag(self, name: str) -> bool:
        """Return an argument of the method that is a bit."""
        return bool(self.method[name])

    @property
    def arguments(self) -> dict[str, Any]:
        """The table that many methods end with."""
        value = self.method["arguments"]
        return value if isinstance(value, dict) else {}

    def effect(self, kind: type[E_]) -> E_ | None:
        """Return the first effect of this *kind*."""
        return next((effect for effect in self.effects if isinstance(effect, kind)), None)
