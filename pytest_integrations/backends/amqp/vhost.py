"""A virtual host: its exchanges, queues and bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.wire.amqp.refusal import Refusal

from .exchange import Exchange

if TYPE_CHECKING:
    from .broker import Broker
    from .exchange import Binding
    from .queue import BrokerQueue

__all__ = ["VirtualHost"]

_OWN = {
    "": "direct",
    "amq.direct": "direct",
    "amq.fanout": "fanout",
    "amq.topic": "topic",
    "amq.headers": "headers",
    "amq.match": "headers",
    "amq.rabbitmq.trace": "topic",
}


class VirtualHost:
    """A world of its own inside the broker."""

    def __init__(self, broker: Broker, name: str) -> None:
        """Begin with the exchanges that every virtual host has."""
        self.broker: Broker = broker
        self.name: str = name
        self.exchanges: dict[str, Exchange] = {
            own: Exchange(own, kind, internal=own == "amq.rabbitmq.trace") for own, kind in _OWN.items()
        }
        self.queues: dict[str, BrokerQueue] = {}

    def spoken(self, kind: str, name: str) -> str:
        """Name a thing in here as RabbitMQ's errors do."""
        return f"{kind} '{name}' in vhost '{self.name}'"

    def exchange(self, name: str) -> Exchange:
        """Return the exchange called *name*; raises `Refusal` if there is none."""
        found = self.exchanges.get(name)
        if found is None:
            raise Refusal(404, f"no {self.spoken('exchange', name)}")
        return found

    def queue(self, name: str) -> BrokerQueue:
        """Return the queue called *name*; raises `Refusal` if there is none."""
        found = self.queues.get(name)
        if found is None:
            raise Refusal(404, f"no {self.spoken('queue', name)}")
        return found

    def bind(self, source: Exchange, binding: Binding) -> None:
        """Add a binding, once."""
        if binding not in source.bindings:
            source.bindings.append(binding)

    def unbind(self, source: Exchange, binding: Binding) -> None:
        """Take a binding away; an exchange that was only there for its bindings goes with the last."""
        if binding in source.bindings:
            source.bindings.remove(binding)
            self._leave_alone(source)

    def _leave_alone(self, exchange: Exchange) -> None:
        if exchange.auto_delete and not exchange.bindings and exchange.name in self.exchanges:
            self.delete_exchange(exchange)

    def _unbind_all(self, kind: str, name: str) -> None:
        """Take away the bindings that lead to what is gone."""
        for exchange in tuple(self.exchanges.values()):
            left = [each for each in exchange.bindings if (each.kind, each.destination) != (kind, name)]
            if len(left) != len(exchange.bindings):
                exchange.bindings = left
                self._leave_alone(exchange)

    def delete_exchange(self, exchange: Exchange) -> None:
        """Delete an exchange, and the bindings from it and to it."""
        self.exchanges.pop(exchange.name, None)
        self._unbind_all("exchange", exchange.name)

    def delete_queue(self, queue: BrokerQueue) -> int:
        """Delete a queue and tell its consumers; return how many messages waited in it."""
        if self.queues.pop(queue.name, None) is None:
            return 0
        count = queue.end()
        self._unbind_all("queue", queue.name)
        for consumer in queue.consumers:
            consumer.session.dismiss(consumer)
        queue.stop()
        return count

    def stop(self) -> None:
        """Leave no timer behind."""
        for queue in self.queues.values():
            queue.stop()
