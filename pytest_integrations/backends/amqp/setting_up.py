"""What a test makes in the broker by itself: queues, exchanges, bindings, messages. Called on the loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import among
from pytest_integrations.wire.amqp.properties import NAMES, Properties

from .declaring import make_queue
from .exchange import TYPES, Exchange
from .publishing import bring, new_copy
from .routing import route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_integrations.core.delivery import QueueMessage

    from .broker import Broker
    from .exchange import Binding
    from .queue import BrokerQueue
    from .vhost import VirtualHost

__all__ = ["put", "set_up_binding", "set_up_exchange", "set_up_queue"]


def _place(broker: Broker, vhost: str) -> VirtualHost:
    among("vhost", vhost, broker.vhosts)
    return broker.vhosts[vhost]


def set_up_queue(broker: Broker, vhost: str, name: str, arguments: dict[str, Any], dead_letter: str | None) -> None:
    """Declare a queue, and the one for its dead letters, unless they are there."""
    place = _place(broker, vhost)
    if dead_letter is not None and dead_letter not in place.queues:
        make_queue(place, dead_letter, {})
    known = place.queues.get(name)
    if known is None or _is_untouched(known):
        make_queue(place, name, arguments)
    elif known.declared != arguments:
        msg = f"queue {name!r} is there already, with {known.declared}; it cannot become one with {arguments}"
        raise ScriptingError(msg)


def _is_untouched(queue: BrokerQueue) -> bool:
    """Tell whether it is as it was made for somebody's dead letters: in a circle of queues one has to be the first."""
    return not (queue.declared or queue.ready or queue.consumers)


def set_up_exchange(
    broker: Broker,
    vhost: str,
    name: str,
    type: str,  # noqa: A002 -- as AMQP calls it
    alternate: str | None,
    *,
    internal: bool,
) -> None:
    """Declare an exchange, unless it is there."""
    among("type", type, TYPES)
    arguments = {"alternate-exchange": alternate} if alternate is not None else {}
    exchanges = _place(broker, vhost).exchanges
    known = exchanges.get(name)
    if known is None:
        exchanges[name] = Exchange(name, type, internal=internal, arguments=arguments)
    elif (known.type, known.arguments) != (type, arguments):
        msg = f"exchange {name!r} is there already: {known.type}, {known.arguments}"
        raise ScriptingError(msg)


def set_up_binding(broker: Broker, vhost: str, exchange: str, binding: Binding) -> None:
    """Bind a queue to an exchange; both must be there."""
    place = _place(broker, vhost)
    place.queue(binding.destination)
    place.bind(place.exchange(exchange), binding)


def put(
    broker: Broker, key: str, body: bytes | str, headers: Mapping[str, Any] | None, properties: dict[str, Any]
) -> QueueMessage:
    """Publish a message, as a producer would who is not told what became of it."""
    exchange, place = properties.pop("exchange", ""), _place(broker, properties.pop("vhost", "/"))
    for word in properties:
        among("property", word, NAMES)
    told = Properties.of(headers, **properties)
    if exchange:
        place.exchange(exchange)
    else:
        place.queue(key)
    copy = new_copy(place, exchange, key, told, body.encode() if isinstance(body, str) else bytes(body))
    queues = route(place, exchange, copy.keys, told.headers)
    if queues:
        bring(copy, queues)
    else:
        broker.tell(copy.message, "dropped", reason="unroutable")
    return copy.message
