"""What faults of streams have in common: they happen on some transports, to operations whose results come by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.fault import Fault

if TYPE_CHECKING:
    from pytest_integrations.core.call import Call

__all__ = ["EVENTS", "STREAMS", "WEBSOCKETS", "StreamFault"]

WEBSOCKETS = frozenset({"graphql-transport-ws", "graphql-ws"})
EVENTS = frozenset({"sse", "sse-single"})
STREAMS = WEBSOCKETS | EVENTS | {"multipart"}


class StreamFault(Fault):
    """A fault of an operation whose results come over time."""

    __slots__ = ()
    kinds: ClassVar[frozenset[str]] = frozenset({"subscription", "query", "mutation"})
    transports: ClassVar[frozenset[str]] = STREAMS
    """Where it can happen (`GraphQLCall.transport`); operations that come otherwise do not count."""

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* is an operation whose results come by one of its transports."""
        return Fault.acts_on(self, call) and getattr(call, "transport", "") in self.transports
