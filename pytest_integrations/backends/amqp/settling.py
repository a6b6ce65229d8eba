"""Settling deliveries: ack, nack, reject, recover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Pretend
from pytest_integrations.wire.amqp import methods
from pytest_integrations.wire.amqp.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_integrations.core.fault import Fault

    from .command import Command
    from .held import Held
    from .queue import BrokerQueue
    from .session import BrokerSession

__all__ = ["accept", "ack", "give_back", "nack", "put_back", "recover", "reject", "take_back", "throw_out"]


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
    for queue, group in _groups(done):
        for held in group:
            details = {"who": _who(held), "connection": session.connection}
            session.broker.tell(held.copy.message, "acked", queue.name, delivery=held.delivery, **details)
        queue.go_on()
    _free(session, done)


def put_back(session: BrokerSession, done: Iterable[Held], reason: str) -> None:
    """Put copies back into their queues."""
    for queue, group in _groups(done):
        for held in group:
            queue.requeue(held.copy, held.delivery, reason, who=_who(held), connection=session.connection)
        queue.settle()
    _free(session, done)


def throw_out(session: BrokerSession, done: Iterable[Held]) -> None:
    """Let copies die that their consumers do not want."""
    for queue, group in _groups(done):
        for held in group:
            queue.discard(held.copy, "rejected", delivery=held.delivery)
        queue.go_on()
    _free(session, done)


def give_back(session: BrokerSession, done: Iterable[Held], reason: str) -> None:
    """Put all copies back into their queues that a channel has when it ends; nobody is told before all are there."""
    queues: dict[BrokerQueue, None] = {}
    for queue, group in _groups(done):
        for held in group:
            queue.requeue(held.copy, held.delivery, reason, who=_who(held), connection=session.connection)
        queues[queue] = None
    for queue in queues:
        queue.settle()


def take_back(session: BrokerSession, held: Held, fault: Fault | None) -> None:
    """Put a copy back that a fault takes from its consumer."""
    for queue, group in _groups([held]):
        for each in group:
            queue.requeue(each.copy, each.delivery, "taken back", fault=fault)
        queue.settle()
    _free(session, [held])


def _groups(done: Iterable[Held]) -> Iterator[tuple[BrokerQueue, list[Held]]]:
    """Yield what is still the queue's to settle, by queue and consumer, as RabbitMQ's channels tell their queues.

    A consumer has room again once its own group is dealt with, not before.
    """
    groups: dict[tuple[str, bool, str], list[Held]] = {}
    for held in done:
        tag = held.consumer.tag if held.consumer is not None else ""
        groups.setdefault((held.queue.name, held.consumer is not None, tag), []).append(held)
    for _, group in sorted(groups.items()):
        queue = group[0].queue
        for held in group:
            if held.consumer is not None:
                held.consumer.in_flight -= 1
        owned = [held for held in group if held in queue.held]
        queue.held.difference_update(owned)
        yield queue, owned


def _free(session: BrokerSession, done: Iterable[Held]) -> None:
    """Let the consumers of the channel go on that were at its common limit."""
    session.in_flight -= sum(held.consumer is not None for held in done)
    if session.limit:
        for queue in {consumer.queue: None for consumer in session.consumers.values()}:
            queue.go_on()


def _who(held: Held) -> str:
    return held.consumer.tag if held.consumer is not None else "basic.get"
