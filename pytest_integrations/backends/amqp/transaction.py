"""Transactions: what a channel does between `tx.select` and `tx.commit` happens then, or not at all."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_integrations.wire.amqp import methods
from pytest_integrations.wire.amqp.refusal import Refusal

from .publishing import publish_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from .command import Command
    from .held import Held
    from .session import BrokerSession

__all__ = ["Transaction", "commit", "rollback", "select"]


class Transaction:
    """What waits for the commit."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.publications: list[Command] = []
        self.settled: list[Held] = []
        self.settlements: list[Callable[[], object]] = []

    def settle(self, done: list[Held], action: Callable[[], object]) -> None:
        """Settle deliveries at the commit."""
        self.settled += done
        self.settlements.append(action)


def select(session: BrokerSession, _command: Command) -> None:
    """Take `tx.select`; raises `Refusal`."""
    if session.confirms is not None:
        raise Refusal(406, "cannot switch from confirm to tx mode")
    session.transaction = session.transaction or Transaction()
    session.send(methods.method(session.number, 90, 11))


def commit(session: BrokerSession, _command: Command) -> None:
    """Take `tx.commit`; raises `Refusal`."""
    done = _of(session)
    session.transaction = Transaction()
    taken = [publish_now(session, publication, 0) for publication in done.publications]
    is_whole = None not in taken
    for message in taken if is_whole else ():
        if message is not None:
            session.outlet.when_sent(partial(session.broker.tell, message, "confirmed", connection=session.connection))
    for settle in done.settlements:
        settle()
    if not is_whole:
        raise Refusal(406, "partial tx completion")
    session.send(methods.method(session.number, 90, 21))


def rollback(session: BrokerSession, _command: Command) -> None:
    """Take `tx.rollback`: publications are forgotten, deliveries unsettled again; raises `Refusal`."""
    undone = _of(session)
    session.transaction = Transaction()
    session.hold_again(undone.settled)
    session.send(methods.method(session.number, 90, 31))


def _of(session: BrokerSession) -> Transaction:
    if session.transaction is None:
        raise Refusal(406, "channel is not transactional")
    return session.transaction
