"""What the wire asks of a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pamqp.base import Frame as Method

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.queue_call import Kind, QueueCall
    from pytest_integrations.core.script import Decision

    from .channel import Content
    from .refusal import Refusal

__all__ = ["AmqpService", "Link", "Outlet", "Session"]


class Outlet(Protocol):
    """A connection, as the broker writes to it."""

    frame_max: int
    connection: Connection
    """Its record in the ledger."""

    def send(self, data: bytes) -> None:
        """Send whole frames, in this order, at the end of the present turn."""

    def when_sent(self, action: Callable[[], object]) -> None:
        """Do something as what was sent goes out; never, where a fault keeps it from the client."""

    def suffer(self, call: QueueCall, decision: Decision, run: Callable[[], object]) -> None:
        """Send what *run* sends as the effects of *decision* want it, of a delivery that is no answer to anything."""

    def unblock(self) -> None:
        """Take the publication that had to wait, if one had."""

    def refuse(self, refusal: Refusal, channel: int, method: Method | None) -> None:
        """Close the connection, or the *channel* of this number, and tell the client why."""

    def knows(self, capability: str) -> bool:
        """Tell whether the client said that it has this *capability*."""
        ...


class Session(Protocol):
    """What the broker keeps of a channel."""

    def concerns(self, method: Method) -> tuple[Kind, str]:
        """Return what *method* is for, and which queue."""
        ...

    def execute(self, method: Method, content: Content | None, decision: Decision | None) -> str:
        """Do what the client asks, as the effects of *decision* leave it, and return the word for a soft no.

        Raises `Refusal` where the no ends a channel or the connection.
        """

    def close(self, why: str) -> None:
        """End: consumers are gone, what they had goes back."""


class Link(Protocol):
    """What the broker keeps of a connection that is open."""

    def open_channel(self, number: int) -> Session:
        """Begin a channel."""
        ...

    def close(self) -> None:
        """End; the channels have ended before."""


class AmqpService(Protocol):
    """A broker, as the wire sees it."""

    name: str
    ledger: Ledger
    heartbeat: int
    """The interval that the broker proposes, in seconds; 0 for none."""
    channel_max: int
    frame_max: int
    max_body: int
    release: str
    """Its version, as it tells its clients."""
    alarm: str | None
    """Why producers are blocked now, if they are."""

    def decide(self, call: QueueCall) -> Decision | None:
        """Decide what goes wrong with *call*."""

    def log_in(self, mechanism: str, user: str, password: str) -> None:
        """Check a login; raises `Refusal`."""

    def enter(self, outlet: Outlet, user: str, vhost: str) -> Link:
        """Open a connection to a virtual host; raises `Refusal`."""
        ...

    def blocks(self, effects: Sequence[Effect]) -> bool:
        """Tell whether *effects* are those of a broker that blocks its producers."""
        ...
