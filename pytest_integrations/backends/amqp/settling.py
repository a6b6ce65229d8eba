"""Settling deliveries: ack, nack, reject, recover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Pretend
from pytest_integrations.wire.amqp import methods
from pytest_integrations.wire.amqp.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .command import Command
    from .held import Held
    from .queue import BrokerQueue
    from .session import BrokerSession

__all__ = ["accept", "ack", "nack", "put_back", "recover", "reject", "throw_out"]


def ack(session: BrokerSession, command: Command) -> None:
    """Take `basic.ack`; raises `Refusal`."""
    if command.effect(Pretend) is not None:
        return
    done = _chosen(session, command.number("delivery_tag"), multiple=command.flag("multiple"))
    if session.transaction is not None:
        session.transaction.settle(done, lambda: accept(session, done))
    else:
        accept(session, done)


def nack(session: BrokerSession, command: Command) -> None:
    """Take `basic.nack`; raises `Refusal`."""
    _give_up(session, command, "nack", multiple=command.flag("multiple"))


def reject(session: BrokerSession, command: Command) -> None:
    """Take `basic.reject`; raises `Refusal`."""
    _give_up(session, command, "reject", multiple=False)


def _give_up(session: BrokerSession, command: Command, why: str, *, multiple: bool) -> None:
    if command.effect(Pretend) is not None:
        return
    done = _chosen(session, command.number("delivery_tag"), multiple=multiple)
    requeue = command.flag("requeue")

    def settle() -> None:
        if requeue:
            put_back(session, done, why)
        else:
            throw_out(session, done)

    if session.transaction is not None:
        session.transaction.settle(done, settle)
    else:
        settle()


def recover(session: BrokerSession, command: Command) -> None:
    """Take `basic.recover` and its silent twin; raises `Refusal`."""
    if not command.flag("requeue"):
        raise Refusal(540, "requeue=false")
    done = list(session.unacked.values())
    session.release(done)
    put_back(session, done, "recover")
    if command.method.name == "Basic.Recover":
        session.send(methods.method(session.number, 60, 111))


def _chosen(session: BrokerSession, tag: int, *, multiple: bool) -> list[Held]:
    """Return the deliveries that *tag* is about, oldest first, and hold them no more; raises `Refusal`."""
    unacked = session.unacked
    if multiple and tag == 0:
        chosen = list(unacked.values())
    elif tag in session.taken_back:
        session.taken_back.discard(tag)
        chosen = [held for held in unacked.values() if held.tag < tag] if multiple else []
    elif tag not in unacked:
        raise Refusal(406, f"unknown delivery tag {tag}")
    else:
        chosen = [held for held in unacked.values() if held.tag <= tag] if multiple else [unacked[tag]]
    session.release(chosen)
    return chosen


def accept(session: BrokerSession, done: Iterable[Held]) -> None:
    """Let copies go whose consumers are done with them."""
    queues: dict[BrokerQueue, None] = {}
    for held in done:
        queue = held.queue
        if held in queue.held:
            queue.held.discard(held)
            details = {"who": _who(held), "connection": session.connection}
            session.broker.tell(held.copy.message, "acked", queue.name, delivery=held.delivery, **details)
        queues[queue] = None
    _go_on(session, queues)


def put_back(session: BrokerSession, done: Iterable[Held], reason: str) -> None:
    """Put copies back into their queues."""
    queues = _by_queue(done)
    for queue, group in queues.items():
        for held in group:
            who, connection = _who(held), session.connection
            queue.requeue([(held.copy, held.delivery)], reason, who, connection)
    _go_on(session, queues)


def throw_out(session: BrokerSession, done: Iterable[Held]) -> None:
    """Let copies die that their consumers do not want."""
    queues = _by_queue(done)
    for queue, group in queues.items():
        for held in group:
            queue.discard(held.copy, "rejected", delivery=held.delivery)
    _go_on(session, queues)


def _by_queue(done: Iterable[Held]) -> dict[BrokerQueue, list[Held]]:
    """Return what is still the queue's to settle, by queue."""
    queues: dict[BrokerQueue, list[Held]] = {}
    for held in done:
        group = queues.setdefault(held.queue, [])
        if held in held.queue.held:
            held.queue.held.discard(held)
            group.append(held)
    return queues


def _go_on(session: BrokerSession, queues: Iterable[BrokerQueue]) -> None:
    """Let the queues go on, and those too whose consumers here were at the channel's limit."""
    others = {consumer.queue: None for consumer in session.consumers.values()} if session.limit else {}
    for queue in (*queues, *(queue for queue in others if queue not in set(queues))):
        queue.settle()


def _who(held: Held) -> str:
    return held.consumer.tag if held.consumer is not None else "basic.get"
