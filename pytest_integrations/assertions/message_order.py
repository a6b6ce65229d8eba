"""Whether messages that belong together are handled in the order in which they were sent."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pytest_integrations.core.settings import among

from .delivery_evidence import blame, counted, must_be_messages, no_message_to_check
from .publications import identity

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pytest_integrations.core.delivery import Messages, QueueEvent, QueueMessage

    from .publications import Per

__all__ = ["assert_ordered"]


def assert_ordered(
    messages: Messages, *, by: Literal["acked", "delivered"] = "acked", per: Per | None = None, queue: str | None = None
) -> None:
    """Assert that messages of one queue, or of one group in it, are handled in the order in which they came.

    Definition: among the messages of each queue (of one *queue*, if it is named) and each group (*per*:
    `"header:NAME"`, `"key"`, `"body"`, or a function of the message; not given, the queue is one group), each message
    is acked later than those that had come into the queue before it; with *by* `"delivered"`, it is delivered for the
    first time later. What is never acked, or delivered, is left out: it holds nobody up.

    Raises `NothingToCheck` if no group has two messages to compare. Source: the ordering guarantees of AMQP 0-9-1
    (section 4.7), of SQS's message groups and Kafka's partitions: each ends at the first requeue, at a second consumer,
    and at a consumer that works on several at a time.

    ```python
    import pika

    def test_orders_of_one_customer_are_handled_in_turn(fake_amqp, virtual_clock):
        orders = fake_amqp.queue("orders")
        for number in range(4):
            orders.publish(str(number), {"customer": "even" if number % 2 == 0 else "odd"})

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        for method, _, _ in channel.consume("orders", inactivity_timeout=0.1):
            if method is None:
                break
            channel.basic_ack(method.delivery_tag)
        connection.close()

        assert_ordered(orders.messages, per="header:customer")
    ```
    """
    __tracebackhide__ = True
    among("by", by, ("acked", "delivered"))
    must_be_messages(messages)
    groups = _groups(messages, by, per, queue)
    for group in groups.values():
        group.sort(key=_came)
        for earlier, later in pairwise(group):
            if later.done.seq < earlier.done.seq:
                _fail(group, later, by)
    if all(len(group) < 2 for group in groups.values()):
        no_message_to_check(
            f"no {'group' if per is not None else 'queue'} has two messages that were {by}",
            messages,
            hint="Publish several that belong together, and let the consumer finish.",
        )


@dataclass(frozen=True, slots=True)
class _Turn:
    """One message in one queue: when it came, and when it was done with."""

    message: QueueMessage
    came: QueueEvent
    done: QueueEvent


def _came(turn: _Turn) -> int:
    return turn.came.seq


def _groups(messages: Messages, by: str, per: Per | None, queue: str | None) -> dict[Hashable, list[_Turn]]:
    groups: dict[Hashable, list[_Turn]] = {}
    for message in messages:
        for place in dict.fromkeys(event.queue for event in message.of("routed", queue=queue)):
            came = message.of("routed", queue=place)
            done = message.of("acked", queue=place)[-1:] if by == "acked" else message.of("delivered", queue=place)[:1]
            if done:
                own = None if per is None else identity(message, per)
                groups.setdefault((message.fake, place, own), []).append(_Turn(message, came[0], done[0]))
    return groups


def _fail(group: list[_Turn], overtaker: _Turn, by: str) -> None:
    __tracebackhide__ = True
    overtaken = [turn for turn in group if turn.came.seq < overtaker.came.seq and turn.done.seq > overtaker.done.seq]
    first = overtaken[0]
    again = [turn for turn in overtaken if turn.message.of("requeued")]
    blame(
        f"message {overtaker.message.id} was {by} before message {first.message.id}, which had come into "
        f"{overtaker.came.queue} before it ({counted(len(overtaken))} overtaken)",
        [overtaker.message, *(turn.message for turn in overtaken)],
        marks={overtaker.done.seq: f"before message {first.message.id}", first.done.seq: "too late"},
        why="An update that overtakes the one before it is undone by it.",
        hint="A requeue puts a message behind those that were delivered meanwhile: handle one at a time "
        "(prefetch_count=1), and retry it where it is, or put the whole group aside."
        if again
        else "One consumer, one message at a time, for each group: several threads, a large prefetch or two consumers "
        "overtake each other. If the broker itself changed the order (a fault, priorities), number the messages.",
    )
