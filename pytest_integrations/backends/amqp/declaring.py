"""Making, binding, emptying and deleting exchanges and queues, with RabbitMQ's refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.amqp import methods
from pytest_integrations.wire.amqp.refusal import Refusal

from . import reply_to
from .arguments import QueueArguments
from .exchange import TYPES, Binding, Exchange
from .queue import BrokerQueue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .command import Command
    from .link import BrokerLink
    from .session import BrokerSession
    from .vhost import VirtualHost

__all__ = [
    "bind_exchange",
    "bind_queue",
    "declare_exchange",
    "declare_queue",
    "delete_exchange",
    "delete_queue",
    "make_queue",
    "purge_queue",
    "unbind_exchange",
    "unbind_queue",
]


def _answer(session: BrokerSession, command: Command, ids: tuple[int, int], *arguments: bytes) -> None:
    if not command.flag("nowait"):
        session.send(methods.method(session.number, *ids, *arguments))


# -- exchanges


def declare_exchange(session: BrokerSession, command: Command) -> None:
    """Take `exchange.declare`; raises `Refusal`."""
    vhost, name = session.vhost, command.text("exchange")
    if command.flag("passive"):
        vhost.exchange(name)
    else:
        session.link.require("configure", "exchange", name)
        type_ = command.text("exchange_type")
        if type_ not in TYPES:
            raise Refusal(503, f"unknown exchange type '{type_}'")
        known = vhost.exchanges.get(name)
        wanted = Exchange(
            name,
            type_,
            durable=command.flag("durable"),
            auto_delete=command.flag("auto_delete"),
            internal=command.flag("internal"),
            arguments=command.arguments,
        )
        if known is not None:
            _must_equal(vhost, known, wanted)
        elif name.startswith("amq."):
            raise Refusal(403, f"exchange name '{name}' contains reserved prefix 'amq.*'")
        else:
            vhost.exchanges[name] = wanted
    _answer(session, command, (40, 11))


def _must_equal(vhost: VirtualHost, known: Exchange, wanted: Exchange) -> None:
    """Refuse to declare an exchange again as something else."""
    if not known.name:
        raise Refusal(403, "operation not permitted on the default exchange")
    whose = vhost.spoken("exchange", known.name)
    for name in ("type", "durable", "auto_delete", "internal"):
        have, want = getattr(known, name), getattr(wanted, name)
        if have != want:
            raise Refusal(
                406, f"inequivalent arg '{name}' for {whose}: received '{_said(want)}' but current is '{_said(have)}'"
            )
    _must_agree(whose, {"alternate-exchange": known.alternate}, {"alternate-exchange": wanted.alternate})


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _must_agree(whose: str, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse arguments that differ from those that are known."""
    for name in sorted(known.keys() | wanted.keys()):
        have, want = known.get(name), wanted.get(name)
        if have != want:
            both = have is not None and want is not None
            received, current = _told(want, typed=not both), _told(have, typed=not both)
            raise Refusal(406, f"inequivalent arg '{name}' for {whose}: received {received} but current is {current}")


def _told(value: object, *, typed: bool) -> str:
    if value is None:
        return "none"
    return f"the value '{value}' of type '{_type_of(value)}'" if typed else f"'{value}'"


def _type_of(value: object) -> str:
    names = {bool: "bool", int: "signedint", str: "longstr", float: "double", list: "array", dict: "table"}
    return names.get(type(value), "void")


def delete_exchange(session: BrokerSession, command: Command) -> None:
    """Take `exchange.delete`; raises `Refusal`."""
    name = command.text("exchange")
    if not name:
        raise Refusal(403, "operation not permitted on the default exchange")
    session.link.require("configure", "exchange", name)
    if name.startswith("amq."):
        raise Refusal(403, f"deletion of system {session.vhost.spoken('exchange', name)} not allowed")
    exchange = session.vhost.exchanges.get(name)
    if exchange is not None:
        if command.flag("if_unused") and exchange.bindings:
            raise Refusal(406, f"{session.vhost.spoken('exchange', name)} in use")
        session.vhost.delete_exchange(exchange)
    _answer(session, command, (40, 21))


def _exchange_binding(session: BrokerSession, command: Command) -> tuple[Exchange, Binding]:
    source, destination = command.text("source"), command.text("destination")
    if not source or not destination:
        raise Refusal(403, "operation not permitted on the default exchange")
    session.link.require("write", "exchange", destination)
    session.link.require("read", "exchange", source)
    binding = Binding("exchange", destination, command.text("routing_key"), command.arguments)
    session.vhost.exchange(destination)
    return session.vhost.exchange(source), binding


def bind_exchange(session: BrokerSession, command: Command) -> None:
    """Take `exchange.bind`; raises `Refusal`."""
    session.vhost.bind(*_exchange_binding(session, command))
    _answer(session, command, (40, 31))


def unbind_exchange(session: BrokerSession, command: Command) -> None:
    """Take `exchange.unbind`; raises `Refusal`."""
    session.vhost.unbind(*_exchange_binding(session, command))
    _answer(session, command, (40, 51))


# -- queues


def declare_queue(session: BrokerSession, command: Command) -> None:
    """Take `queue.declare`; raises `Refusal`."""
    name = command.text("queue")
    if command.flag("passive"):
        if reply_to.finds(session, name) is not None or name == reply_to.PSEUDO_QUEUE:
            _answer(session, command, (50, 11), methods.shortstr(name), methods.long(0), methods.long(1))
            return
        queue = session.queue(name)
    else:
        name = name or session.broker.invent("amq.gen-")
        session.link.require("configure", "queue", name)
        queue = _declared(session, command, name)
    queue.used()
    session.remember(queue)
    counts = methods.long(len(queue.ready)), methods.long(len(queue.consumers))
    _answer(session, command, (50, 11), methods.shortstr(queue.name), *counts)


def _declared(session: BrokerSession, command: Command, name: str) -> BrokerQueue:
    """Return the queue called *name*, which is as the client wants it."""
    arguments, exclusive = command.arguments, command.flag("exclusive")
    durable, auto_delete = command.flag("durable"), command.flag("auto_delete")
    if name in session.vhost.queues:
        queue = session.link.queue(name)
        whose = session.vhost.spoken("queue", name)
        if exclusive != (queue.owner is not None):
            raise session.link.locked(name)
        had = {"durable": queue.durable, "auto_delete": queue.auto_delete}
        wanted = {"durable": durable, "auto_delete": auto_delete}
        for key, want in wanted.items():
            if had[key] != want:
                said = f"received '{_said(want)}' but current is '{_said(had[key])}'"
                raise Refusal(406, f"inequivalent arg '{key}' for {whose}: {said}")
        _must_agree(whose, queue.declared, arguments)
        return queue
    if command.text("queue").startswith("amq."):
        raise Refusal(403, f"queue name '{name}' contains reserved prefix 'amq.*'")
    owner = session.link if exclusive else None
    return make_queue(session.vhost, name, arguments, durable=durable, auto_delete=auto_delete, owner=owner)


def make_queue(
    vhost: VirtualHost,
    name: str,
    arguments: Mapping[str, Any],
    *,
    durable: bool = True,
    auto_delete: bool = False,
    owner: BrokerLink | None = None,
) -> BrokerQueue:
    """Make a queue; raises `Refusal` in RabbitMQ's words where there can be no such queue."""
    whose = vhost.spoken("queue", name)
    understood = QueueArguments.of(arguments, whose)
    if understood.quorum:
        unfit = {"non-durable": not durable, "exclusive-owner": owner is not None, "auto-delete": auto_delete}
        for wrong, is_so in unfit.items():
            if is_so:
                raise Refusal(406, f"invalid property '{wrong}' for {whose}")
    queue = vhost.queues[name] = BrokerQueue(
        vhost,
        name,
        understood=understood,
        arguments=arguments,
        durable=durable,
        auto_delete=auto_delete,
        owner=owner,
    )
    return queue


def delete_queue(session: BrokerSession, command: Command) -> None:
    """Take `queue.delete`; raises `Refusal`."""
    name = session.known(command.text("queue"))
    session.link.require("configure", "queue", name)
    count = 0
    if name in session.vhost.queues:
        queue = session.link.queue(name)
        if command.flag("if_unused") and len(queue.consumers):
            raise Refusal(406, f"{session.vhost.spoken('queue', name)} in use")
        if command.flag("if_empty") and queue.ready:
            raise Refusal(406, f"{session.vhost.spoken('queue', name)} not empty")
        count = session.vhost.delete_queue(queue)
    _answer(session, command, (50, 41), methods.long(count))


def purge_queue(session: BrokerSession, command: Command) -> None:
    """Take `queue.purge`; raises `Refusal`."""
    queue = session.queue(command.text("queue"))
    session.link.require("read", "queue", queue.name)
    _answer(session, command, (50, 31), methods.long(queue.purge()))


def _queue_binding(session: BrokerSession, command: Command) -> tuple[Exchange, Binding]:
    queue, exchange = session.known(command.text("queue")), command.text("exchange")
    if not exchange:
        raise Refusal(403, "operation not permitted on the default exchange")
    key = command.text("routing_key")
    if not key and not command.text("queue"):
        key = queue  # the queue that was declared last, under its own name
    session.link.require("write", "queue", queue)
    session.link.require("read", "exchange", exchange)
    session.link.queue(queue)
    return session.vhost.exchange(exchange), Binding("queue", queue, key, command.arguments)


def bind_queue(session: BrokerSession, command: Command) -> None:
    """Take `queue.bind`; raises `Refusal`."""
    session.vhost.bind(*_queue_binding(session, command))
    _answer(session, command, (50, 21))


def unbind_queue(session: BrokerSession, command: Command) -> None:
    """Take `queue.unbind`, which has no `nowait`; to take away what is not there is no error since RabbitMQ 3.2."""
    queue = session.known(command.text("queue"))
    exchange = session.vhost.exchanges.get(command.text("exchange"))
    if exchange is not None and queue in session.vhost.queues:
        session.vhost.unbind(*_queue_binding(session, command))
    session.send(methods.method(session.number, 50, 51))
