"""Whether a consumer takes no more at a time than it said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_integrations.core.settings import among, whole

from .delivery_evidence import blame, counted, must_be_messages, no_message_to_check
from .replay import replay
from .settling import is_automatic

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from pytest_integrations.core.delivery import Messages, QueueEvent, QueueMessage

__all__ = ["assert_prefetch_respected"]


def assert_prefetch_respected(
    messages: Messages, prefetch: int, *, per: Literal["consumer", "connection"] = "consumer"
) -> None:
    """Assert that no consumer ever had more than *prefetch* messages that it had not settled.

    Definition: at no time are more than *prefetch* deliveries of these messages in flight to one consumer, or to one
    connection, whatever consumers it has.

    Raises `NothingToCheck` if there were never more than *prefetch* messages to be had at a time, since a consumer
    without any limit keeps it then, or if every message counted as acked when it was sent. Source: `basic.qos` of AMQP
    0-9-1, MaxNumberOfMessages of SQS, COUNT of XREADGROUP; without a limit, one consumer takes the whole queue into its
    memory, and what it has is tried again when it dies.

    ```python
    import pika

    def test_the_consumer_takes_two_at_a_time(fake_amqp, virtual_clock):
        orders = fake_amqp.queue("orders")
        for number in range(5):
            orders.publish(str(number))

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        channel.basic_qos(prefetch_count=2)
        for method, _, _ in channel.consume("orders", inactivity_timeout=0.1):
            if method is None:
                break
            channel.basic_ack(method.delivery_tag)
        connection.close()

        assert_prefetch_respected(orders.messages, 2)
    ```
    """
    __tracebackhide__ = True
    whole("prefetch", prefetch, 1)
    among("per", per, ("consumer", "connection"))
    must_be_messages(messages)
    held = list(_held(messages, per))
    most = max(held, key=_number, default=None)
    if most is not None and len(most.messages) > prefetch:
        _fail(most, prefetch, per)
    _must_be_limited(messages, held, prefetch)


def _must_be_limited(messages: Messages, held: Sequence[_Held], prefetch: int) -> None:
    """Fail if a consumer without a limit would have passed as well."""
    __tracebackhide__ = True
    deliveries = messages.deliveries
    if deliveries and all(is_automatic(delivery) for delivery in deliveries):
        no_message_to_check(
            "every message counted as acked when it was sent, and then there is no prefetch",
            messages,
            hint="A consumer with auto_ack=True gets all that the queue has, and loses it when it dies: let it ack.",
        )
    at_hand = max((each.at_hand for each in held), default=0)
    if at_hand <= prefetch:
        no_message_to_check(
            f"there were never more than {counted(at_hand)} to be had at a time, and then a consumer without a limit "
            "keeps it as well",
            messages,
            hint=f"Publish more than {prefetch} before the consumer begins.",
        )


@dataclass(frozen=True, slots=True)
class _Held:
    """What one consumer had in flight when it was given one more, and how much its queue had altogether."""

    event: QueueEvent
    messages: tuple[QueueMessage, ...]
    at_hand: int


def _number(held: _Held) -> int:
    return len(held.messages)


def _held(messages: Messages, per: str) -> Iterator[_Held]:
    """Yield what the consumer had in flight after each delivery."""
    asked = {message.id for message in messages}
    by_consumer: dict[Hashable, dict[tuple[int, int], QueueMessage]] = {}
    holder: dict[tuple[int, int], Hashable] = {}
    for moment in replay(messages):
        event, copy = moment.event, (moment.message.id, moment.event.delivery)
        if moment.message.id not in asked:
            continue
        if event.kind == "delivered":
            who = holder[copy] = (event.connection, event.who if per == "consumer" else "")
            own = by_consumer.setdefault(who, {})
            own[copy] = moment.message
            yield _Held(event, tuple(own.values()), moment.queue.ready + len(moment.queue.in_flight))
        elif copy in holder and copy not in moment.queue.in_flight:
            by_consumer[holder.pop(copy)].pop(copy, None)


def _fail(held: _Held, prefetch: int, per: str) -> None:
    __tracebackhide__ = True
    event = held.event
    who = (event.who or "the consumer") if per == "consumer" else f"connection {event.connection}"
    blame(
        f"{who} had {counted(len(held.messages))} in flight from {event.queue} at {event.time:.3f} s, expected at most "
        f"{prefetch}",
        list({message.id: message for message in reversed(held.messages)}.values()),
        marks={event.seq: f"{len(held.messages)} in flight"},
        why="What one consumer has taken, no other can work on, and all of it is tried again when that one dies.",
        hint="channel.basic_qos(prefetch_count=...) before basic_consume: without it AMQP has no limit. With Redis it "
        "is COUNT of XREADGROUP, with SQS MaxNumberOfMessages.",
    )
