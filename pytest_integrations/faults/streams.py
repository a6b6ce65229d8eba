"""What faults of streams have in common: they happen on some transports, to operations whose results come by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import Disrupt
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

__all__ = ["EVENTS", "STREAMS", "WEBSOCKETS", "LaterFault", "StreamFault"]

WEBSOCKETS = frozenset({"graphql-transport-ws", "graphql-ws"})
EVENTS = frozenset({"sse", "sse-single"})
STREAMS = WEBSOCKETS | EVENTS | {"multipart"}


class StreamFault(Fault):
    """A fault of an operation whose results come over time."""

    __slots__ = ()
    kinds: ClassVar[frozenset[str]] = frozenset({"subscription", "query", "mutation"})
    transports: ClassVar[frozenset[str]] = STREAMS
    """Where it can happen (`GraphQLCall.transport`); operations that come otherwise do not count."""
    does: ClassVar[str] = ""
    """The kind of disruption that it is."""

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* is an operation whose results come by one of its transports."""
        return Fault.acts_on(self, call) and getattr(call, "transport", "") in self.transports

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield it."""
        yield Disrupt(self.does)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class LaterFault(StreamFault):
    """A fault of a stream that happens once *after* events went out."""

    after: int = 0

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("after", self.after)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield it."""
        yield Disrupt(self.does, self.after)
