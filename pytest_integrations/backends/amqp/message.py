"""One copy of a message, in one queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage
    from pytest_integrations.wire.amqp.properties import Properties

__all__ = ["Copy"]


class Copy:
    """What a queue holds: the message as it was published or dead-lettered, and what became of it here."""

    __slots__ = (
        "attempts",
        "body",
        "died",
        "exchange",
        "expires",
        "failures",
        "keys",
        "message",
        "position",
        "priority",
        "properties",
        "redelivered",
    )

    def __init__(
        self,
        message: QueueMessage,
        *,
        properties: Properties,
        body: bytes,
        exchange: str,
        keys: tuple[str, ...],
        died: bool,
    ) -> None:
        """Make a copy of *message* that came by *exchange*, with the routing key and those of CC and BCC as *keys*."""
        self.message: QueueMessage = message
        self.properties: Properties = properties
        self.body: bytes = body
        self.exchange: str = exchange
        self.keys: tuple[str, ...] = keys
        self.died: bool = died
        """Whether the `x-death` in its headers is a broker's word."""
        self.priority: int = 0
        self.position: int = 0
        """Its place in the order of arrival, to which it goes back."""
        self.expires: float | None = None
        """When its time is up, on the loop's clock."""
        self.redelivered: bool = False
        self.attempts: int = 0
        """How often it came back into its queue."""
        self.failures: int = 0
        """How often it did so because something was wrong with it, as far as its release tells that apart."""

    @property
    def key(self) -> str:
        """The routing key."""
        return self.keys[0]

    def again(self) -> Copy:
        """Return one for another queue."""
        return Copy(
            self.message,
            properties=self.properties,
            body=self.body,
            exchange=self.exchange,
            keys=self.keys,
            died=self.died,
        )
