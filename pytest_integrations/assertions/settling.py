"""Whether the consumer settles what it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.settings import seconds

from .delivery_evidence import blame, counted, departures, must_be_messages, no_message_to_check
from .tolerance import tolerance_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_integrations.core.delivery import Delivery, Messages, QueueEvent, QueueMessage

__all__ = ["AUTOMATIC", "assert_all_settled", "is_automatic"]

AUTOMATIC = frozenset({"automatic", "popped", "noack"})
"""The reasons of an ack that no consumer sent: AMQP's `no_ack`, LPOP, XREADGROUP NOACK."""


def assert_all_settled(messages: Messages, *, within: float | None = None) -> None:
    """Assert that every delivery was settled, in time, and that no message was given back and forgotten.

    Definition: each delivery of each message was acked, requeued, dead-lettered or dropped, *within* so many seconds
    of the delivery if that is given (a tenth and 150 ms more still pass; on a virtual clock 0.1 ms).
    A message that was requeued, by the consumer or because the consumer was gone, was delivered again: what waits at
    the end was given back to nobody.

    Raises `NothingToCheck` if nothing was delivered, or if every message counted as acked when it was sent
    (`auto_ack=True`, LPOP): then nothing can stay open, and what a consumer had when it died is lost. Source:
    RabbitMQ's "Consumer Acknowledgements", where unsettled deliveries use up the prefetch until the consumer gets
    nothing any more.

    ```python
    import pika

    def test_the_consumer_settles_what_it_cannot_handle(fake_amqp, virtual_clock):
        orders = fake_amqp.queue("orders", dead_letter="orders.dead")
        orders.publish("17")
        orders.publish("poison")

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        for method, _, body in channel.consume("orders", inactivity_timeout=0.1):
            if method is None:
                break
            try:
                int(body)
                channel.basic_ack(method.delivery_tag)
            except ValueError:
                channel.basic_nack(method.delivery_tag, requeue=False)
        connection.close()

        assert_all_settled(orders.messages, within=5)
    ```
    """
    __tracebackhide__ = True
    limit = None if within is None else seconds("within", within)
    must_be_messages(messages)
    deliveries = messages.deliveries
    if not deliveries:
        no_message_to_check(
            "nothing was delivered", messages, hint="Does a consumer run on this queue, and had it time?"
        )
    if all(is_automatic(delivery) for delivery in deliveries):
        no_message_to_check(
            "every message counted as acked when it was sent, and then nothing can stay open",
            messages,
            hint="Let the consumer ack by itself, when it is done: what it had when it died is lost otherwise.",
        )
    unsettled = [delivery for delivery in deliveries if delivery.end is None]
    if unsettled:
        _blame_unsettled(messages, unsettled, len(deliveries))
    _must_not_wait_again(messages)
    if limit is not None:
        _must_be_in_time(messages, deliveries, limit)


def is_automatic(delivery: Delivery) -> bool:
    """Tell whether *delivery* counted as acked when it was sent."""
    return delivery.end is not None and delivery.end.reason in AUTOMATIC


def _blame_unsettled(messages: Messages, unsettled: Sequence[Delivery], total: int) -> None:
    __tracebackhide__ = True
    first = unsettled[0]
    about = _messages_of(unsettled)
    were = "was" if len(unsettled) == 1 else "were"
    blame(
        f"{len(unsettled)} of {counted(total, 'delivery')} {were} never settled: message {first.message.id} from "
        f"{first.queue} is in flight since {first.time:.3f} s",
        about,
        marks={delivery.event.seq: "never settled" for delivery in unsettled},
        notes=[*departures(messages, about), *_held_up(messages, unsettled)],
        why="A delivery that nobody settles is neither done nor tried again, and uses up the prefetch: enough of them, "
        "and the consumer gets nothing any more.",
        hint="Settle on every path: ack when it is done, nack or reject in the `except` that catches the rest, too.",
    )


def _held_up(messages: Messages, unsettled: Sequence[Delivery]) -> list[str]:
    """Return a note on the messages that wait behind those in flight."""
    queues = {delivery.queue for delivery in unsettled}
    waiting = [
        message for message in messages if not message.in_flight and any(queue in message.places for queue in queues)
    ]
    wait = f"{counted(len(waiting))} {'waits' if len(waiting) == 1 else 'wait'}"
    return [f"{wait} behind it in {', '.join(sorted(queues))}."] if waiting else []


def _must_not_wait_again(messages: Messages) -> None:
    __tracebackhide__ = True
    forgotten = [(message, event) for message in messages for event in _given_back(message)]
    if forgotten:
        first, event = forgotten[0]
        about = list({message.id: message for message, _ in forgotten}.values())
        others = f" ({len(about)} such messages)" if len(about) > 1 else ""
        blame(
            f"message {first.id} was given back to {event.queue}{f' ({event.reason})' if event.reason else ''} at "
            f"{event.time:.3f} s, and nobody took it again{others}",
            about,
            marks={event.seq: "nobody took it again" for _, event in forgotten},
            notes=departures(messages, about),
            why="A message that waits is not done, whoever had it before.",
            hint="Does the consumer connect and subscribe again after its connection was lost, and had it time to?",
        )


def _given_back(message: QueueMessage) -> Iterator[QueueEvent]:
    """Yield by which events *message* was given back to queues where nobody took it again."""
    places = message.places
    for queue, event in {event.queue: event for event in message.of("requeued")}.items():
        if queue in places and not any(each.seq > event.seq for each in message.of("delivered", queue=queue)):
            yield event


def _must_be_in_time(messages: Messages, deliveries: Sequence[Delivery], limit: float) -> None:
    __tracebackhide__ = True
    latest = tolerance_of(messages.ledger).latest(limit)
    late = [each for each in deliveries if each.settled is not None and each.settled - each.time > latest]
    if late:
        slowest = max(late, key=_took)
        blame(
            f"{len(late)} of {counted(len(deliveries), 'delivery')} took longer than {limit:g} s to be settled: "
            f"message {slowest.message.id} from {slowest.queue} took {_took(slowest):.3f} s",
            _messages_of([slowest, *late]),
            marks={each.end.seq: f"after {_took(each):.3f} s" for each in late if each.end is not None},
            why="Brokers take back what is not settled in time (RabbitMQ after 30 minutes, SQS after 30 seconds), and "
            "then two consumers work on it.",
            hint="A call without a timeout in the handler, a retry loop that sleeps in it, or a prefetch that makes "
            "deliveries wait for each other? Ask for more time if the work is long (ChangeMessageVisibility).",
        )


def _took(delivery: Delivery) -> float:
    return (delivery.time if delivery.settled is None else delivery.settled) - delivery.time


def _messages_of(deliveries: Sequence[Delivery]) -> list[QueueMessage]:
    return list({id(delivery.message): delivery.message for delivery in deliveries}.values())
