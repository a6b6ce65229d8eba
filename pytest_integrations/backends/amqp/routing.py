"""From an exchange to queues: bindings, exchanges behind exchanges, and alternates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.amqp.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_integrations.wire.amqp.properties import Properties

    from .queue import BrokerQueue
    from .vhost import VirtualHost

__all__ = ["extra_keys", "route"]


def route(vhost: VirtualHost, exchange: str, keys: tuple[str, ...], headers: Mapping[str, Any]) -> list[BrokerQueue]:
    """Return the queues that a message goes to, each once; none if the exchange is not there."""
    if not exchange:
        return [vhost.queues[key] for key in dict.fromkeys(keys) if key in vhost.queues]
    found: dict[str, BrokerQueue] = {}
    seen = {exchange}
    work = [exchange]
    while work:
        here = vhost.exchanges.get(work.pop())
        if here is None:
            continue
        bindings = list(here.matches(keys, headers))
        onward = [binding.destination for binding in bindings if binding.kind == "exchange"]
        if not bindings and here.alternate is not None:
            onward.append(here.alternate)
        for binding in bindings:
            if binding.kind == "queue" and binding.destination in vhost.queues:
                found[binding.destination] = vhost.queues[binding.destination]
        for name in onward:
            if name == "":
                found |= {key: vhost.queues[key] for key in keys if key in vhost.queues}
            elif name not in seen:
                seen.add(name)
                work.append(name)
    return list(found.values())


def extra_keys(properties: Properties) -> tuple[str, ...]:
    """Return the routing keys in the headers CC and BCC; raises `Refusal` where they are no lists."""
    if "CC" not in properties.table and "BCC" not in properties.table:
        return ()
    keys: list[str] = []
    for header in ("CC", "BCC"):
        value = properties.headers.get(header)
        if value is not None and not isinstance(value, list):
            kind = "longstr" if isinstance(value, str) else "signedint" if isinstance(value, int) else "table"
            raise Refusal(406, f'invalid message: {{unacceptable_type_in_header,"{header}",{kind}}}')
        keys += [key for key in value or () if isinstance(key, str)]
    return tuple(keys)
