"""Getting messages: `basic.get`, `basic.consume` and what goes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Copies, Fail, Hide, TakeBack
from pytest_integrations.core.queue_call import QueueCall
from pytest_integrations.wire.amqp import methods, table
from pytest_integrations.wire.amqp.frames import content as content_frames
from pytest_integrations.wire.amqp.refusal import Refusal

from . import reply_to
from .consumers import Consumer
from .held import Held

if TYPE_CHECKING:
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.amqp.properties import Properties

    from .command import Command
    from .message import Copy
    from .queue import BrokerQueue
    from .session import BrokerSession

__all__ = ["cancel", "consume", "get", "qos", "serve"]


def qos(session: BrokerSession, command: Command) -> None:
    """Take `basic.qos`: for consumers to come, or, global, for the channel as a whole."""
    if command.number("prefetch_size"):
        raise Refusal(540, f"prefetch_size!=0 ({command.number('prefetch_size')})")
    count = command.number("prefetch_count")
    if command.flag("global_"):
        session.limit = count
        for queue in {consumer.queue for consumer in session.consumers.values()}:
            queue.go_on()
    else:
        session.prefetch = count
    session.send(methods.method(session.number, 60, 11))


def consume(session: BrokerSession, command: Command) -> None:
    """Take `basic.consume`; raises `Refusal`."""
    tag = command.text("consumer_tag") or session.broker.invent("amq.ctag-")
    if tag in session.consumers or tag == session.reply_tag:
        raise Refusal(530, f"attempt to reuse consumer tag '{tag}'")
    if command.text("queue") == reply_to.PSEUDO_QUEUE:
        reply_to.consume(session, tag, command)
        _consuming(session, tag, command)
        return
    queue = session.queue(command.text("queue"))
    session.link.require("read", "queue", queue.name)
    exclusive = command.flag("exclusive")
    if any(consumer.exclusive for consumer in queue.consumers) or (exclusive and len(queue.consumers)):
        raise Refusal(403, f"{session.vhost.spoken('queue', queue.name)} in exclusive use")
    priority = command.arguments.get("x-priority", 0)
    consumer = Consumer(
        session,
        queue,
        tag,
        no_ack=command.flag("no_ack"),
        exclusive=exclusive,
        prefetch=session.prefetch,
        priority=priority if isinstance(priority, int) else 0,
    )
    session.consumers[tag] = consumer
    queue.consumers.add(consumer)
    queue.used()
    _consuming(session, tag, command)
    queue.run()


def _consuming(session: BrokerSession, tag: str, command: Command) -> None:
    if not command.flag("nowait"):
        session.send(methods.method(session.number, 60, 21, methods.shortstr(tag)))


def cancel(session: BrokerSession, command: Command) -> None:
    """Take `basic.cancel`; what the consumer has stays with it."""
    tag = command.text("consumer_tag")
    if tag == session.reply_tag:
        session.reply_tag = None
    consumer = session.consumers.pop(tag, None)
    if consumer is not None:
        consumer.queue.forget(consumer)
        consumer.queue.go_on()
    if not command.flag("nowait"):
        session.send(methods.method(session.number, 60, 31, methods.shortstr(tag)))


def get(session: BrokerSession, command: Command) -> None:
    """Take `basic.get`; raises `Refusal`."""
    queue = session.queue(command.text("queue"))
    session.link.require("read", "queue", queue.name)
    queue.used()
    copy = None if command.effect(Hide) is not None else queue.take(command.effects)
    if copy is None:
        session.send(methods.method(session.number, 60, 72, methods.shortstr("")))
        return
    tag = _hand_out(session, queue, copy, None, no_ack=command.flag("no_ack"), fault=command.fault)
    _repeat(queue, copy, command.effects, command.fault)
    properties = _shown(queue, copy, always=True)
    place = methods.shortstr(copy.exchange), methods.shortstr(copy.key), methods.long(len(queue.ready))
    told = methods.longlong(tag), methods.flag(copy.redelivered), *place
    session.send(methods.method(session.number, 60, 71, *told))
    session.send(content_frames(session.number, properties, copy.body, session.outlet.frame_max))
    _take_back_later(session, tag, command.effects, command.fault)


def serve(consumer: Consumer) -> None:
    """Deliver what is first in the queue to *consumer*, unless a fault has it otherwise."""
    session, queue = consumer.session, consumer.queue
    decision = session.broker.decide(_delivery_call(session, queue)) if session.broker.has_faults() else None
    if decision is None:
        _deliver(consumer, (), None)
        return
    failure = next((effect for effect in decision.effects if isinstance(effect, Fail)), None)
    if failure is None:
        _suffer(consumer, decision)
    else:
        _fail(consumer, failure)


def _fail(consumer: Consumer, failure: Fail) -> None:
    """End a consumer in place of a delivery, or all of its connection; the message stays in its queue."""
    session = consumer.session
    session.consumers.pop(consumer.tag, None)
    consumer.queue.forget(consumer)
    if failure.ends == "connection":
        refusal = Refusal(int(failure.code), failure.text, "connection")
        session.broker.later(0, lambda: session.outlet.refuse(refusal, 0, None))  # no consumer goes while one is served
    else:
        session.dismiss(consumer)


def _suffer(consumer: Consumer, decision: Decision) -> None:
    """Deliver as a fault has it: its wire's part is done by the connection."""
    session = consumer.session
    call = _delivery_call(session, consumer.queue)
    session.outlet.suffer(call, decision, lambda: _deliver(consumer, decision.effects, decision.fault))


def _delivery_call(session: BrokerSession, queue: BrokerQueue) -> QueueCall:
    connection = session.outlet.connection
    return QueueCall(session.broker.name, connection, "basic.deliver", kind="deliver", queue=queue.name)


def _deliver(consumer: Consumer, effects: tuple[Effect, ...], fault: Fault | None) -> None:
    session, queue = consumer.session, consumer.queue
    copy = queue.take(effects)
    if copy is None:
        return
    copies = [copy]
    for effect in effects:
        if isinstance(effect, Copies):
            copies += _again(queue, copy, effect.count, fault)
    for number, each in enumerate(copies):
        if number and not consumer.may_take:  # a duplicate does not go beyond the prefetch: it is the next in the queue
            _put_first(queue, copies[number:])
            return
        tag = _hand_out(session, queue, each, consumer, no_ack=consumer.no_ack, fault=fault)
        session.send_delivery(consumer.tag, each, _shown(queue, each), tag)
        _take_back_later(session, tag, effects, fault)


def _again(queue: BrokerQueue, copy: Copy, count: int, fault: Fault | None) -> list[Copy]:
    """Return more copies of *copy*, which are in the queue from now on."""
    copies = [copy.again() for _ in range(count)]
    for each in copies:
        each.position, each.priority = copy.position, copy.priority
        queue.vhost.broker.tell(each.message, "routed", queue.name, reason="duplicate", fault=fault)
    return copies


def _repeat(queue: BrokerQueue, copy: Copy, effects: tuple[Effect, ...], fault: Fault | None) -> None:
    """Let the next who asks get *copy* too, where a fault makes more of it."""
    for effect in effects:
        if isinstance(effect, Copies):
            _put_first(queue, _again(queue, copy, effect.count, fault))


def _put_first(queue: BrokerQueue, copies: list[Copy]) -> None:
    queue.ready.extendleft(copies)
    queue.bytes += sum(len(each.body) for each in copies)


def _hand_out(
    session: BrokerSession,
    queue: BrokerQueue,
    copy: Copy,
    consumer: Consumer | None,
    *,
    no_ack: bool,
    fault: Fault | None,
) -> int:
    """Write a delivery down and return its tag."""
    tag = session.next_tag()
    tell, who = session.broker.tell, consumer.tag if consumer is not None else "basic.get"
    event = tell(
        copy.message,
        "delivered",
        queue.name,
        who=who,
        connection=session.connection,
        redelivered=copy.redelivered,
        fault=fault,
        body=copy.body,
        headers=copy.properties.headers,
    )
    if no_ack:
        details = {"who": who, "connection": session.connection, "reason": "automatic"}
        tell(copy.message, "acked", queue.name, delivery=event.delivery, **details)
        return tag
    session.hold(Held(tag, queue, copy, consumer, event.delivery))
    return tag


def _shown(queue: BrokerQueue, copy: Copy, *, always: bool = False) -> Properties:
    """Return the properties as the client sees them: a quorum queue tells how often a message came back.

    Where it never did, RabbitMQ tells so in the answer to `basic.get`, *always*, and leaves it out of deliveries.
    """
    if not queue.arguments.quorum or not (always or copy.attempts):
        return copy.properties
    fields = {**copy.properties.table, "x-delivery-count": table.long(copy.failures)}
    if queue.vhost.broker.version.counts_failures:
        fields["x-acquired-count"] = table.long(copy.attempts)
    return copy.properties.with_table(dict(sorted(fields.items())))


def _take_back_later(session: BrokerSession, tag: int, effects: tuple[Effect, ...], fault: Fault | None) -> None:
    """Give a message to somebody else after a while, where a fault wants that."""
    for effect in effects:
        if isinstance(effect, TakeBack):
            session.broker.later(effect.after, lambda: session.take_back(tag, fault))
