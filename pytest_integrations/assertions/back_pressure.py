"""Whether a full queue is felt by those who fill it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.settings import seconds, whole

from .delivery_evidence import blame, counted, must_be_messages, no_message_to_check
from .publications import publications
from .replay import replay
from .tolerance import tolerance_of

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import Messages, QueueEvent, QueueMessage

    from .publications import Sent

__all__ = ["assert_back_pressure"]


def assert_back_pressure(messages: Messages, queue: str, *, limit: int, pause: float | None = None) -> None:
    """Assert that *queue* never holds more than its *limit*, and that its producers are told, and slow down.

    Definition: at no time do more than *limit* messages wait in *queue* (those in flight do not count, as in RabbitMQ);
    none was dropped from it to make room; of each that it did not take, the producer was told (refused or returned);
    and if *pause* is given, a producer that was told leaves the queue alone for so many seconds: neither the same
    message (`publications`) nor another one over the same connection is published earlier.

    Raises `NothingToCheck` if the queue was never full: nobody had to be told. Source: the "Back Pressure" of Nygard's
    "Release It!"; RabbitMQ's overflow behaviours, of which drop-head, the default, tells nobody.

    ```python
    import pika, pika.exceptions

    def test_a_full_queue_is_told_to_the_producer(fake_amqp):
        orders = fake_amqp.queue("orders", max_length=2, overflow="reject-publish")

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        channel.confirm_delivery()
        kept_for_later = []
        for number in range(3):
            try:
                channel.basic_publish("", "orders", str(number))
            except pika.exceptions.NackError:
                kept_for_later.append(number)
        connection.close()

        assert kept_for_later == [2]
        assert_back_pressure(orders.messages, "orders", limit=2)
    ```
    """
    __tracebackhide__ = True
    whole("limit", limit, 1)
    rest = None if pause is None else seconds("pause", pause)
    must_be_messages(messages)
    _must_drop_nothing(messages, queue)
    most = _must_keep_the_limit(messages, queue, limit)
    turned_away = [(message, event) for message in messages for event in message.of("rejected", queue=queue)]
    refused = [
        message
        for message in messages
        if queue in {message.published_to, *message.kept_from} and message.of("refused", "returned")
    ]
    _must_tell(turned_away, queue)
    if not turned_away and not refused:
        no_message_to_check(
            f"{queue} turned nothing away: at most {counted(most)} waited in it",
            messages,
            hint="Publish more than it holds before a consumer takes any, or fake.inject(queue_full()).",
        )
    if rest is not None:
        _must_pause(messages, queue, rest)


def _must_keep_the_limit(messages: Messages, queue: str, limit: int) -> int:
    """Fail if too much ever waited; what makes room for the next one does so right after that has come."""
    __tracebackhide__ = True
    most, worst = 0, None
    waiting, last = 0, None
    for moment in replay(messages):
        if moment.event.queue != queue:
            continue
        makes_room = moment.event.kind in {"dropped", "dead_lettered"} and not moment.event.delivery
        if waiting > most and not makes_room:
            most, worst = waiting, last
        waiting, last = moment.queue.ready, moment
    if waiting > most:
        most, worst = waiting, last
    if worst is not None and most > limit:
        blame(
            f"{counted(most)} waited in {queue} at {worst.event.time:.3f} s, expected at most {limit}",
            [worst.message],
            marks={worst.event.seq: f"{most} wait"},
            why="A queue without an end hides that its consumers cannot keep up, until the memory is used up.",
            hint=f'Declare it with its limit: queue("{queue}", max_length={limit}, overflow="reject-publish").',
        )
    return most


def _must_drop_nothing(messages: Messages, queue: str) -> None:
    __tracebackhide__ = True
    dropped = [(message, event) for message in messages for event in message.of("dropped", queue=queue)]
    to_make_room = [(message, event) for message, event in dropped if not event.delivery]
    if to_make_room:
        message, event = to_make_room[0]
        others = f" ({len(to_make_room)} such messages)" if len(to_make_room) > 1 else ""
        blame(
            f"message {message.id} was dropped from {queue} to make room ({event.reason or 'no reason given'})"
            f"{others}, and nobody was told",
            [each for each, _ in to_make_room],
            marks={event.seq: "dropped to make room" for _, event in to_make_room},
            why="Who published it believes that it is safe, and goes on at full speed.",
            hint='overflow="reject-publish" tells the producer instead; drop-head, the default, loses the oldest.',
        )


def _must_tell(turned_away: list[tuple[QueueMessage, QueueEvent]], queue: str) -> None:
    __tracebackhide__ = True
    untold = [(message, event) for message, event in turned_away if not message.of("refused", "returned")]
    if untold:
        message, _ = untold[0]
        others = f" ({len(untold)} of {counted(len(turned_away))})" if len(untold) > 1 else ""
        blame(
            f"message {message.id} was not taken by {queue}, and its producer was not told{others}",
            [each for each, _ in untold],
            marks={event.seq: "the producer does not know" for _, event in untold},
            why="Without an answer, a full queue looks to the producer like an empty one.",
            hint="Turn on confirms in the producer: channel.confirm_delivery(), and handle NackError.",
        )


def _must_pause(messages: Messages, queue: str, pause: float) -> None:
    __tracebackhide__ = True
    earliest = tolerance_of(messages.ledger).earliest(pause)
    sent = [message for message in messages if message.published_to == queue and message.events[0].connection]
    again = {id(copy): one for one in publications(sent) for copy in one.copies}
    for message in sent:
        for told in message.of("refused", "returned")[-1:]:
            following = [other.events[0] for other in sent if _follows(other, message, told, again)]
            if following and following[0].time - told.time < earliest:
                _blame_haste(messages, message, told, following[0], pause)


def _follows(other: QueueMessage, message: QueueMessage, told: QueueEvent, again: dict[int, Sent]) -> bool:
    """Whether *other* is what the same producer sent next: the same message, or another over the same connection."""
    begin = other.events[0]
    is_same = again[id(other)] is again[id(message)] or begin.connection == message.events[0].connection
    return begin.seq > told.seq and is_same


def _blame_haste(
    messages: Messages, message: QueueMessage, told: QueueEvent, following: QueueEvent, pause: float
) -> None:
    __tracebackhide__ = True
    waited = following.time - told.time
    other = next(each for each in messages if each.events[0] is following)
    blame(
        f"the producer sent message {other.id} {waited:.3f} s after message {message.id} had been {told.kind}, "
        f"expected a pause of {pause:g} s",
        [message, other],
        marks={told.seq: told.kind, following.seq: f"{waited:.3f} s later"},
        why="A producer that sends on as fast as it can keeps the queue full, and the broker busy saying no.",
        hint="Wait before the next publication, longer each time, and let whoever asks for it wait as well.",
    )
