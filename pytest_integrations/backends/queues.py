"""What all fakes with queues have in common: queues by name, the messages in them, and faults for some operations.

fake.queue("orders", max_length=10, dead_letter="orders.dead")   a queue with its limits, in one line
fake.publish("orders", b"...")                                   what a producer would send
fake.on("publish", queue="orders").inject(...)                   faults for some operations only
fake.messages, fake.dead_letters                                 what became of each message
fake.outage(30), fake.drop_all()                                 the broker goes away
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, get_args

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.queue_call import Kind
from pytest_integrations.core.script import decide
from pytest_integrations.core.settings import among
from pytest_integrations.faults.connection import connection_refused
from pytest_integrations.wire.loop import shared_loop

from .listening import ListeningFake

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_integrations.core.delivery import Messages, QueueMessage
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Calls
    from pytest_integrations.core.queue_call import QueueCall
    from pytest_integrations.core.script import Decision, Rule

__all__ = ["Operations", "Queue", "QueueFake"]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The `where=` of a script that is for some operations only."""

    kind: str
    queue: str
    where: Callable[[Any], object] | None

    def __call__(self, call: Any) -> bool:
        """Tell whether *call*, a `QueueCall`, is one of them."""
        return (
            self.kind in {"*", call.kind}
            and fnmatchcase(getattr(call, "queue", ""), self.queue)
            and (self.where is None or bool(self.where(call)))
        )

    def __repr__(self) -> str:
        """Show what was chosen."""
        return f"<{self.kind} {self.queue}>"


def _must_suit(fault: Fault, kind: str) -> None:
    """Refuse a fault that never happens to the operations of this *kind*: the test would pass without it."""
    __tracebackhide__ = True
    kinds: frozenset[str] = getattr(fault, "kinds", frozenset())  # what is no fault is refused by its own error
    if kind != "*" and kinds and kind not in kinds:
        msg = f"{fault!r} never happens to {kind!r}: valid are {', '.join(map(repr, sorted(kinds)))}, or on() for all"
        raise ScriptingError(msg)


class Operations:
    """Some of the operations of a fake, by kind and queue; made by `fake.on(...)`."""

    def __init__(self, fake: QueueFake, kind: str, queue: str) -> None:
        """Choose the operations of *kind* on the queues whose names match *queue*."""
        among("kind", kind, ("*", *get_args(Kind)))
        self.fake = fake
        self.kind = kind
        self.queue = queue

    def inject(self, *faults: Fault, **when: Any) -> Rule:
        """Script *faults* for these operations only; see `Fake.inject`."""
        __tracebackhide__ = True
        for fault in faults:
            _must_suit(fault, self.kind)
        chosen = _Chosen(self.kind, self.queue, when.pop("where", None))
        return self.fake.inject(*faults, where=chosen, **when)

    @property
    def received(self) -> Calls:
        """The calls of this kind so far."""
        return self.fake.calls.where(_Chosen(self.kind, self.queue, None))

    def __repr__(self) -> str:
        """Show what was chosen."""
        return f"<{self.kind} {self.queue} of {self.fake.name}>"


class Queue:
    """One queue of a fake, as the test sees it; made by `fake.queue(...)`."""

    def __init__(self, fake: QueueFake, name: str, dead_letter: str | None = None) -> None:
        """Look at the queue called *name* of *fake*, whose dead letters go to the queue called *dead_letter*."""
        self.fake = fake
        self.name = name
        self.dead_letter: str | None = dead_letter

    def publish(self, body: bytes | str, headers: Mapping[str, Any] | None = None, **properties: Any) -> QueueMessage:
        """Put a message into the queue, as a producer would, and return it as the ledger has it."""
        return self.fake.publish(self.name, body, headers, **properties)

    def inject(self, *faults: Fault, **when: Any) -> Rule:
        """Script *faults* for the operations on this queue only; see `Fake.inject`."""
        __tracebackhide__ = True
        return self.fake.on(queue=self.name).inject(*faults, **when)

    @property
    def messages(self) -> Messages:
        """All messages that were ever sent to it or put into it, also those that it did not get."""
        return self.fake.messages.through(self.name)

    @property
    def ready(self) -> Messages:
        """The messages that wait in it now."""
        return self.messages.where(lambda message: message.places.get(self.name, 0) > self._taken(message))

    @property
    def in_flight(self) -> Messages:
        """The messages that a consumer has now and has not settled."""
        return self.messages.where(self._taken)

    @property
    def dead_letters(self) -> Messages:
        """The messages that were dead-lettered out of it so far."""
        return self.messages.where(lambda message: message.of("dead_lettered", queue=self.name))

    def _taken(self, message: QueueMessage) -> int:
        return sum(each.end is None and each.queue == self.name for each in message.deliveries)

    def __repr__(self) -> str:
        """Show name and length."""
        return f"<Queue {self.name} of {self.fake.name}: {len(self.ready)} ready, {len(self.in_flight)} in flight>"


class QueueFake(ListeningFake):
    """A fake message broker or queue service."""

    # -- queues and messages

    def queue(self, name: str, **settings: Any) -> Queue:
        """Declare a queue with its limits; what *settings* there are is the protocol's."""
        raise NotImplementedError(type(self))

    def publish(
        self, queue: str, body: bytes | str, headers: Mapping[str, Any] | None = None, **properties: Any
    ) -> QueueMessage:
        """Put a message into *queue*, as a producer would, and return it as the ledger has it."""
        raise NotImplementedError(type(self))

    @property
    def messages(self) -> Messages:
        """Every message that was published so far, oldest first, with its story."""
        return self.ledger.messages_of(self.name)

    @property
    def dead_letters(self) -> Messages:
        """The messages that were dead-lettered so far, from any queue."""
        return self.messages.where(lambda message: message.of("dead_lettered"))

    # -- what goes wrong

    def on(self, kind: str = "*", *, queue: str = "*") -> Operations:
        """Choose operations by *kind* (see `core.queue_call.Kind`) and by the name of their *queue*, a pattern.

        ```python
        fake_amqp.queue("orders")
        rule = fake_amqp.on("publish", queue="orders*").inject(latency(2.0))
        assert fake_amqp.on("publish").received == []
        fake_amqp.heal(rule)
        ```
        """
        return Operations(self, kind, queue)

    def outage(self, seconds: float) -> Rule:
        """Let the broker be gone for so many *seconds*: connections are cut, new ones are refused."""
        return self.inject(connection_refused(), during=seconds)

    def drop_all(self) -> None:
        """Cut every connection now, by RST; new ones are accepted."""
        self._must_run()
        for server in self._servers:
            shared_loop().call(server.abort_connections)

    def decide(self, call: QueueCall) -> Decision | None:
        """Decide what goes wrong with *call*; called on the loop."""
        if self.script.rules:
            return decide((self.script,), call, call.connection.id)
        return decide((self.profile,), call, call.connection.id) if self.profile.rules else None
