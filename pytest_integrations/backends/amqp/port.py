"""The broker's port: what the wire asks of it, and the limits that clients are held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Full

from .link import BrokerLink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.queue_call import QueueCall
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.amqp.service import Outlet

    from .broker import Broker

__all__ = ["BrokerPort"]


class BrokerPort:
    """Serves the connections of one broker; called on the loop."""

    def __init__(self, broker: Broker, *, heartbeat: int, channel_max: int, frame_max: int, max_body: int) -> None:
        """Offer these limits to clients; see `FakeAmqp`."""
        self.broker: Broker = broker
        self.name: str = broker.name
        self.ledger: Ledger = broker.ledger
        self.release: str = broker.version.release
        self.heartbeat: int = heartbeat
        self.channel_max: int = channel_max
        self.frame_max: int = frame_max
        self.max_body: int = max_body
        self.alarm: str | None = None
        """Why producers are blocked now, if they are."""

    def decide(self, call: QueueCall) -> Decision | None:
        """Decide what goes wrong with *call*."""
        return self.broker.decide(call)

    def log_in(self, mechanism: str, user: str, password: str) -> None:
        """Check a login; raises `Refusal`."""
        self.broker.log_in(mechanism, user, password)

    def enter(self, outlet: Outlet, user: str, vhost: str) -> BrokerLink:
        """Open a connection to a virtual host; raises `Refusal`."""
        return BrokerLink(self.broker, outlet, self.broker.users[user], self.broker.vhost(user, vhost))

    def blocks(self, effects: Sequence[Effect]) -> bool:
        """Tell whether *effects* are those of a broker that blocks its producers."""
        return any(isinstance(effect, Full) and effect.mode == "block" for effect in effects)
