"""What the broker keeps of a channel, and the way from a method to what does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.wire.amqp import methods
from pytest_integrations.wire.amqp.frames import content as content_frames
from pytest_integrations.wire.amqp.refusal import Refusal

from . import consuming, declaring, publishing, settling, transaction
from .command import Command, kind_of
from .confirms import Confirms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pamqp.base import Frame as Method

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.queue_call import Kind
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.amqp.channel import Content
    from pytest_integrations.wire.amqp.properties import Properties
    from pytest_integrations.wire.amqp.service import Outlet
    from pytest_integrations.wire.loop import Timer

    from .broker import Broker
    from .consumers import Consumer
    from .held import Held
    from .link import BrokerLink
    from .message import Copy
    from .queue import BrokerQueue
    from .vhost import VirtualHost

__all__ = ["BrokerSession"]


class BrokerSession:
    """One channel: its consumers, what they have not settled, and the modes that it is in."""

    def __init__(self, link: BrokerLink, number: int) -> None:
        """Begin the channel with this *number*."""
        self.link: BrokerLink = link
        self.number: int = number
        self.broker: Broker = link.broker
        self.vhost: VirtualHost = link.vhost
        self.outlet: Outlet = link.outlet
        self.connection: int = link.outlet.connection.id
        self.consumers: dict[str, Consumer] = {}
        self.unacked: dict[int, Held] = {}
        """By their tags, in the order of these."""
        self.taken_back: set[int] = set()
        """The tags of deliveries that a fault has given to somebody else: to settle them does nothing."""
        self.in_flight: int = 0
        """How many deliveries to consumers are not settled; those of `basic.get` do not count."""
        self.prefetch: int = 0
        """What consumers to come may have at a time; 0 for any number."""
        self.limit: int = 0
        """What all consumers of the channel may have together; 0 for any number."""
        self.is_closed: bool = False
        self.confirms: Confirms | None = None
        self.transaction: transaction.Transaction | None = None
        self.has_refused: bool = False
        """Whether the producer is told by a confirm that what it published last was not taken."""
        self.reply_tag: str | None = None
        """The consumer that waits for direct answers."""
        self._last_queue = ""
        self._tags = 0
        self._deadline: Timer | None = None

    # -- what the client asks

    def concerns(self, method: Method) -> tuple[Kind, str]:
        """Return what *method* is for, and which queue."""
        kind = kind_of(method)
        if kind == "publish":
            exchange, key = str(method["exchange"] or ""), str(method["routing_key"] or "")
            return kind, f"{exchange}/{key}" if exchange else key
        if method.name in {"Basic.Ack", "Basic.Nack", "Basic.Reject"}:
            held = self.unacked.get(Command(method).number("delivery_tag"))
            return kind, held.queue.name if held is not None else ""
        for argument in ("queue", "exchange", "destination"):
            if argument in method:
                return kind, str(method[argument] or (self._last_queue if argument == "queue" else ""))
        return kind, ""

    def execute(self, method: Method, content: Content | None, decision: Decision | None) -> str:
        """Do what the client asks, and return `"nack"` if its publication is refused by a confirm; raises `Refusal`."""
        handler = _HANDLERS.get(method.name)
        if handler is None:
            raise Refusal(540, f"{methods.spoken(method)} not implemented")
        if decision is None:
            command = Command(method, content)
        else:
            command = Command(method, content, decision.effects, decision.fault)
        self.has_refused = False
        self.broker.do(lambda: handler(self, command))
        if decision is not None and self.confirms is not None:
            self.confirms.flush()  # a fault happens to the answer of this command, not to those of a turn
        return "nack" if self.has_refused else ""

    def queue(self, name: str) -> BrokerQueue:
        """Return a queue; `""` is the one that the channel declared last. Raises `Refusal`."""
        return self.link.queue(self.known(name))

    def known(self, name: str) -> str:
        """Return *name*, or that of the queue that the channel declared last; raises `Refusal` if there is none."""
        if not name and not self._last_queue:
            raise Refusal(404, "no previously declared queue")
        return name or self._last_queue

    def remember(self, queue: BrokerQueue) -> None:
        """Note the queue that was declared last."""
        self._last_queue = queue.name

    # -- deliveries

    def next_tag(self) -> int:
        """Return the tag of the next delivery."""
        self._tags += 1
        return self._tags

    def hold(self, held: Held) -> None:
        """Keep a delivery until it is settled."""
        self.unacked[held.tag] = held
        held.queue.held.add(held)
        if held.consumer is not None:
            held.consumer.in_flight += 1
            self.in_flight += 1
        self._watch()

    def _watch(self) -> None:
        """Come back when the oldest delivery should have been settled, where the broker minds that."""
        limit = self.broker.consumer_timeout
        if limit is None or self._deadline is not None or not self.unacked or self.is_closed:
            return
        oldest = next(iter(self.unacked.values()))
        self._deadline = self.broker.later(oldest.since + limit - self.broker.now(), self._time_is_up)

    def _time_is_up(self) -> None:
        self._deadline = None
        limit = self.broker.consumer_timeout
        oldest = next(iter(self.unacked.values()), None)
        if limit is None or oldest is None or self.is_closed:
            return
        if oldest.since + limit > self.broker.now() + 1e-6:
            self._watch()
            return
        text = (
            f"delivery acknowledgement on channel {self.number} timed out. "
            f"Timeout value used: {round(limit * 1000)} ms. "
            "This timeout value can be configured, see consumers doc guide to learn more"
        )
        self.outlet.refuse(Refusal(406, text), self.number, None)

    def hold_again(self, undone: Iterable[Held]) -> None:
        """Keep deliveries again whose settling was rolled back."""
        self.unacked |= {held.tag: held for held in undone}
        self.unacked = dict(sorted(self.unacked.items()))

    def release(self, done: Iterable[Held]) -> None:
        """Keep deliveries no more: what becomes of them is decided."""
        for held in done:
            self.unacked.pop(held.tag, None)

    def take_back(self, tag: int, fault: Fault | None) -> None:
        """Give a message to somebody else although its consumer is at work on it."""
        held = self.unacked.get(tag)
        if held is None or held not in held.queue.held:
            return
        self.release([held])
        self.taken_back.add(tag)
        settling.take_back(self, held, fault)

    def serve(self, consumer: Consumer) -> None:
        """Deliver what is first in its queue to *consumer*."""
        consuming.serve(consumer)

    def send(self, data: bytes) -> None:
        """Send whole frames to the client."""
        self.outlet.send(data)

    def send_delivery(self, consumer: str, copy: Copy, properties: Properties, tag: int | None = None) -> None:
        """Send `basic.deliver` to the *consumer* with this tag."""
        number = self.next_tag() if tag is None else tag
        place = methods.shortstr(copy.exchange), methods.shortstr(copy.key)
        told = methods.shortstr(consumer), methods.longlong(number), methods.flag(copy.redelivered), *place
        self.send(methods.method(self.number, 60, 60, *told))
        self.send(content_frames(self.number, properties, copy.body, self.outlet.frame_max))

    # -- the end

    def dismiss(self, consumer: Consumer) -> None:
        """Tell a client that its consumer is gone, by the broker's own doing."""
        self.consumers.pop(consumer.tag, None)
        if not self.is_closed and self.outlet.knows("consumer_cancel_notify"):
            self.send(methods.method(self.number, 60, 30, methods.shortstr(consumer.tag), methods.flag(True)))

    def close(self, why: str) -> None:
        """End: consumers are gone, and what they had goes back, with *why* as the reason."""
        if self.is_closed:
            return
        if self.confirms is not None:
            self.confirms.flush()
        self.is_closed = True
        if self._deadline is not None:
            self._deadline.cancel()
        self.reply_tag = None
        self.link.sessions.pop(self.number, None)
        if self.broker.is_stopped:
            return

        def end() -> None:
            done = list(self.unacked.values())
            if self.transaction is not None:
                done = sorted((*done, *self.transaction.settled), key=lambda held: held.tag)
            self.release(done)
            for consumer in tuple(self.consumers.values()):
                consumer.queue.consumers.remove(consumer)
            settling.give_back(self, done, why)
            for consumer in tuple(self.consumers.values()):
                consumer.queue.forget(consumer)
                consumer.queue.go_on()
            self.consumers.clear()

        self.broker.do(end)


def _flow(session: BrokerSession, command: Command) -> None:
    if not command.flag("active"):
        raise Refusal(540, "active=false")
    session.send(methods.method(session.number, 20, 21, methods.flag(True)))


def _confirm(session: BrokerSession, command: Command) -> None:
    if session.transaction is not None:
        raise Refusal(406, "cannot switch from tx to confirm mode")
    session.confirms = session.confirms or Confirms(session)
    if not command.flag("nowait"):
        session.send(methods.method(session.number, 85, 11))


_HANDLERS: dict[str, Callable[[BrokerSession, Command], None]] = {
    "Channel.Flow": _flow,
    "Exchange.Declare": declaring.declare_exchange,
    "Exchange.Delete": declaring.delete_exchange,
    "Exchange.Bind": declaring.bind_exchange,
    "Exchange.Unbind": declaring.unbind_exchange,
    "Queue.Declare": declaring.declare_queue,
    "Queue.Delete": declaring.delete_queue,
    "Queue.Bind": declaring.bind_queue,
    "Queue.Unbind": declaring.unbind_queue,
    "Queue.Purge": declaring.purge_queue,
    "Basic.Qos": consuming.qos,
    "Basic.Consume": consuming.consume,
    "Basic.Cancel": consuming.cancel,
    "Basic.Get": consuming.get,
    "Basic.Publish": publishing.publish,
    "Basic.Ack": settling.ack,
    "Basic.Nack": settling.nack,
    "Basic.Reject": settling.reject,
    "Basic.Recover": settling.recover,
    "Basic.RecoverAsync": settling.recover,
    "Confirm.Select": _confirm,
    "Tx.Select": transaction.select,
    "Tx.Commit": transaction.commit,
    "Tx.Rollback": transaction.rollback,
}
