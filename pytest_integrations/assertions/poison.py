"""Whether one message that cannot be handled keeps all others waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.settings import whole

from .copies import times_delivered
from .delivery_evidence import blame, counted, must_be_messages, no_message_to_check
from .replay import replay

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import Messages, QueueEvent, QueueMessage

__all__ = ["assert_no_poison_loop"]


def assert_no_poison_loop(messages: Messages, *, in_a_row: int = 3, in_all: int | None = None) -> None:
    """Assert that no message comes again and again at the head of its queue while others wait behind it.

    Definition: no message is delivered from one queue more than *in_a_row* times running while another message waits
    in that queue, whichever consumers get them; nor, if *in_all* is given, more than so many times altogether, whether
    others wait or not.

    Raises `NothingToCheck` if no message was delivered twice. Source: the poison message of every broker's
    documentation; RabbitMQ's quorum queues give up after 20 since 4.0, for this reason.

    ```python
    import pika

    def test_poison_does_not_hold_up_the_others(fake_amqp, virtual_clock):
        orders = fake_amqp.queue("orders", dead_letter="orders.dead")
        orders.publish("poison")
        orders.publish("17")

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        for method, _, body in channel.consume("orders", inactivity_timeout=0.1):
            if method is None:
                break
            if body == b"poison":
                channel.basic_nack(method.delivery_tag, requeue=not method.redelivered)
            else:
                channel.basic_ack(method.delivery_tag)
        connection.close()

        assert_no_poison_loop(orders.messages, in_a_row=3, in_all=5)
    ```
    """
    __tracebackhide__ = True
    whole("in_a_row", in_a_row, 1)
    if in_all is not None:
        whole("in_all", in_all, 1)
    must_be_messages(messages)
    _must_let_others_pass(messages, in_a_row)
    if in_all is not None:
        _must_end(messages, in_all)
    if all(times_delivered(message) < 2 for message in messages):
        no_message_to_check(
            "no message was delivered twice",
            messages,
            hint="Publish one that the consumer cannot handle, and one behind it.",
        )


@dataclass
class _Run:
    """Deliveries of one message from one queue, one after the other, at each of which others waited."""

    message: QueueMessage
    last: QueueEvent
    length: int = 0
    behind: int = 0

    def add(self, event: QueueEvent, others: int) -> None:
        self.last = event
        self.length += 1
        self.behind = max(self.behind, others)


def _must_let_others_pass(messages: Messages, in_a_row: int) -> None:
    __tracebackhide__ = True
    asked = {message.id for message in messages}
    loops = [run for run in _runs(messages) if run.length > in_a_row and run.message.id in asked]
    if loops:
        longest = max(loops, key=_length)
        others = f" ({counted(len(loops), 'such run')})" if len(loops) > 1 else ""
        blame(
            f"message {longest.message.id} was delivered {longest.length} times in a row from {longest.last.queue} "
            f"while {counted(longest.behind)} waited behind it{others}",
            list({run.message.id: run.message for run in [longest, *loops]}.values()),
            marks={run.last.seq: f"{run.length} times in a row" for run in loops},
            why="One message that nobody can handle stops all the others, and keeps a consumer busy for nothing.",
            hint=_HINT,
        )


def _runs(messages: Messages) -> list[_Run]:
    runs: list[_Run] = []
    latest: dict[tuple[str, str], _Run | None] = {}
    for moment in replay(messages):
        if moment.event.kind != "delivered":
            continue
        place = moment.message.fake, moment.event.queue
        others = moment.queue.others_waiting(moment.message)
        run = latest.get(place)
        if others and (run is None or run.message is not moment.message):
            run = _Run(moment.message, moment.event)
            runs.append(run)
        latest[place] = run if others else None
        if run is not None and others:
            run.add(moment.event, others)
    return runs


def _length(run: _Run) -> int:
    return run.length


_HINT = (
    "Do not nack with requeue=True whatever happens: that puts it back to the head. Count the deliveries, wait longer "
    "each time in another queue (assert_redelivery_backoff), and dead-letter it at a limit (assert_dead_lettered)."
)


def _must_end(messages: Messages, in_all: int) -> None:
    __tracebackhide__ = True
    too_often = sorted(
        (message for message in messages if times_delivered(message) > in_all), key=times_delivered, reverse=True
    )
    if too_often:
        first = too_often[0]
        others = f" ({len(too_often)} such messages)" if len(too_often) > 1 else ""
        blame(
            f"message {first.id} to {first.published_to} was delivered {times_delivered(first)} times, expected "
            f"at most {in_all}{others}",
            too_often,
            why="A message that is tried for ever is work without end, and nobody learns that it fails.",
            hint=_HINT,
        )
