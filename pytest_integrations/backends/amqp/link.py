"""What the broker keeps of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.wire.amqp.refusal import Refusal

from .session import BrokerSession

if TYPE_CHECKING:
    from pytest_integrations.wire.amqp.service import Outlet

    from .broker import Broker
    from .queue import BrokerQueue
    from .users import Right, User
    from .vhost import VirtualHost

__all__ = ["BrokerLink"]


class BrokerLink:
    """A connection of a user to a virtual host."""

    def __init__(self, broker: Broker, outlet: Outlet, user: User, vhost: VirtualHost) -> None:
        """Begin without channels."""
        self.broker: Broker = broker
        self.outlet: Outlet = outlet
        self.user: User = user
        self.vhost: VirtualHost = vhost
        self.sessions: dict[int, BrokerSession] = {}
        broker.links.append(self)

    def open_channel(self, number: int) -> BrokerSession:
        """Begin a channel."""
        session = self.sessions[number] = BrokerSession(self, number)
        return session

    def close(self) -> None:
        """End: the queues that only this connection may use go with it."""
        if self in self.broker.links:
            self.broker.links.remove(self)
        if self.broker.is_stopped:
            return
        for vhost in self.broker.vhosts.values():
            for queue in tuple(vhost.queues.values()):
                if queue.owner is self:
                    vhost.delete_queue(queue)

    def require(self, right: Right, kind: str, name: str) -> None:
        """Raise `Refusal` if the user has not this *right*."""
        if not self.user.may(right, name):
            what = self.vhost.spoken(kind, name or "amq.default")
            raise Refusal(403, f"access to {what} refused for user '{self.user.name}'")

    def queue(self, name: str) -> BrokerQueue:
        """Return a queue that this connection may use; raises `Refusal`."""
        queue = self.vhost.queue(name)
        if queue.owner is not None and queue.owner is not self:
            raise self.locked(name)
        return queue

    def locked(self, name: str) -> Refusal:
        """Return the refusal for a queue that is exclusive, or that is not and was asked for as such."""
        return Refusal(
            405,
            f"cannot obtain exclusive access to locked {self.vhost.spoken('queue', name)}. It could be originally "
            "declared on another connection or the exclusive property value does not match that of the original "
            "declaration.",
        )
