"""Publications: from the client, or the test, into queues, and what the producer is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Confirm, Fail, Full, Lose, Poison, Pretend
from pytest_integrations.wire.amqp import methods
from pytest_integrations.wire.amqp.frames import content as content_frames
from pytest_integrations.wire.amqp.refusal import Refusal

from . import reply_to
from .message import Copy
from .routing import extra_keys, route

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.wire.amqp.properties import Properties

    from .command import Command
    from .queue import BrokerQueue
    from .session import BrokerSession
    from .vhost import VirtualHost

__all__ = ["bring", "new_copy", "publish", "publish_now"]

_NOWHERE = (Lose, Pretend)


def publish(session: BrokerSession, command: Command) -> None:
    """Take `basic.publish`; raises `Refusal`."""
    number = session.confirms.next() if session.confirms is not None else 0
    _check(session, command)
    if session.transaction is not None:
        session.transaction.publications.append(command)
    else:
        publish_now(session, command, number)


def _check(session: BrokerSession, command: Command) -> None:
    name, content = command.text("exchange"), command.content
    session.link.require("write", "exchange", name)
    exchange = session.vhost.exchange(name)
    if exchange.internal:
        raise Refusal(403, f"cannot publish to internal {session.vhost.spoken('exchange', name)}")
    if command.flag("immediate"):
        raise Refusal(540, "immediate=true")
    if content is None:  # pragma: no cover -- the wire gives it one
        raise Refusal(505, "no content")
    user = content.properties.text("user_id")
    if user is not None and user != session.link.user.name:
        raise Refusal(406, f"user_id property set to '{user}' but authenticated user was '{session.link.user.name}'")
    expiration = content.properties.text("expiration")
    if expiration is not None and not expiration.isdecimal():
        raise Refusal(406, f"invalid expiration '{expiration}': {_what_is_wrong(expiration)}")
    extra_keys(content.properties)


def _what_is_wrong(expiration: str) -> str:
    """Say why *expiration* is no number of milliseconds, in Erlang's notation."""
    number = re.match(r"[+-]?[0-9]+", expiration)
    if number is None:
        return "no_integer"
    left = expiration[number.end() :]
    return f'{{leftover_string,"{left}"}}' if left else f"{{value_negative,{int(expiration)}}}"


def publish_now(session: BrokerSession, command: Command, number: int) -> QueueMessage | None:
    """Put a publication into its queues and tell the producer; *number* is that of its confirm, 0 for none.

    Returns the message if it was taken, as far as the producer is to know.
    """
    if command.content is None:  # pragma: no cover -- it was checked
        return None
    exchange, key = command.text("exchange"), command.text("routing_key")
    properties = reply_to.addressed(session, command.content.properties)
    poison = command.effect(Poison)
    body = command.content.body if poison is None else poison.body
    fault = None if poison is None else command.fault
    copy = new_copy(session.vhost, exchange, key, properties, body, connection=session.connection, fault=fault)
    taken = reply_to.deliver(session, exchange, copy) or _bring(session, copy, command)
    confirm = command.effect(Confirm)
    if session.confirms is not None and not (confirm is not None and confirm.how == "withhold"):
        session.confirms.resolve(number, copy.message, taken=taken, fault=None if taken else command.fault)
        session.has_refused = not taken
    return copy.message if taken else None


def new_copy(
    vhost: VirtualHost,
    exchange: str,
    key: str,
    properties: Properties,
    body: bytes,
    *,
    connection: int = 0,
    fault: Fault | None = None,
) -> Copy:
    """Begin the story of a message, and return the first copy of it."""
    broker = vhost.broker
    message = broker.ledger.publish(
        broker.name,
        body,
        properties.headers,
        to=f"{exchange}/{key}" if exchange else key,
        key=properties.text("message_id") or "",
        connection=connection,
        fault=fault,
    )
    keys = (key, *extra_keys(properties))
    if "BCC" in properties.table:
        properties = properties.with_table({name: each for name, each in properties.table.items() if name != "BCC"})
    return Copy(message, properties=properties, body=body, exchange=exchange, keys=keys, died=False)


def _bring(session: BrokerSession, copy: Copy, command: Command) -> bool:
    """Bring a copy to its queues, unless a fault takes it; return whether its producer may think it safe."""
    tell, fault, confirm = session.broker.tell, command.fault, command.effect(Confirm)
    queues = route(session.vhost, copy.exchange, copy.keys, copy.properties.headers)
    is_lost = any(isinstance(effect, _NOWHERE) for effect in command.effects)
    is_refused = confirm is not None and confirm.how == "refuse"
    is_unroutable = command.effect(Fail) is not None
    if is_lost or is_refused or is_unroutable:
        copy.message.kept_from = tuple(queue.name for queue in queues)
    if is_lost:
        tell(copy.message, "dropped", reason="lost", fault=fault)
        return True
    if is_refused:
        tell(copy.message, "dropped", reason="refused", fault=fault)
        return False
    if is_unroutable or not queues:
        _not_routed(session, copy, command)
        return True
    full = command.effect(Full)
    return (
        bring(copy, queues) if full is None or full.mode == "block" else _bring_to_full(copy, queues, full.mode, fault)
    )


def bring(copy: Copy, queues: list[BrokerQueue]) -> bool:
    """Put a copy into each of the *queues*; return whether all took it."""
    taken = [queue.put(copy if number == 0 else copy.again()) for number, queue in enumerate(queues)]
    return all(taken)


def _bring_to_full(copy: Copy, queues: list[BrokerQueue], mode: str, fault: Fault | None) -> bool:
    """Treat the *queues* as full, in one of the ways in which a queue can be."""
    tell = queues[0].vhost.broker.tell
    for number, queue in enumerate(queues):
        each = copy if number == 0 else copy.again()
        if mode == "drop-head":
            queue.put(each, fault)
            queue.drop_oldest(fault)
            continue
        tell(copy.message, "rejected", queue.name, reason="maxlen", fault=fault)
        if mode == "reject-publish-dlx":
            tell(copy.message, "routed", queue.name, reason="maxlen", fault=fault)
            queue.discard(each, "maxlen", fault=fault)
    return mode == "drop-head"


def _not_routed(session: BrokerSession, copy: Copy, command: Command) -> None:
    """Give a message back that no queue takes, or drop it."""
    message: QueueMessage = copy.message
    if not command.flag("mandatory"):
        session.broker.tell(message, "dropped", reason="unroutable", fault=command.fault)
        return
    session.broker.tell(message, "returned", reason="unroutable", connection=session.connection, fault=command.fault)
    reason = (
        methods.short(312),
        methods.shortstr("NO_ROUTE"),
        methods.shortstr(copy.exchange),
        methods.shortstr(copy.key),
    )
    session.send(methods.method(session.number, 60, 50, *reason))
    session.send(content_frames(session.number, copy.properties, copy.body, session.outlet.frame_max))
