"""Whether a message that failed waits, as it should, before it is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from .chance import improbable, not_by_chance, share
from .copies import origins
from .delivery_evidence import blame, must_be_messages, no_message_to_check
from .known_schedules import looks_like
from .publications import identity
from .tolerance import span, tolerance_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from pytest_integrations.core.delivery import Delivery, Messages, QueueMessage

    from .publications import Per
    from .schedules import Schedule
    from .tolerance import Tolerance

__all__ = ["assert_redelivery_backoff"]


def assert_redelivery_backoff(
    messages: Messages,
    schedule: Schedule,
    *,
    queue: str | None = None,
    tolerance: float | None = None,
    per: Per | None = None,
) -> None:
    """Assert that the waits between the deliveries of each message are those of *schedule*.

    Definition: wait k, from the moment when delivery k was settled (or began, if the broker took it back by itself, as
    SQS does) to delivery k+1 of the same message, is in the range that *schedule* has for it; 5 ms below it and a tenth
    and 150 ms above it still pass, on a virtual clock 0.1 ms. *tolerance*, in seconds, replaces the
    lateness that is allowed. Deliveries from one *queue* count, or from all; where a message waits in another queue
    meanwhile and comes back as the same message, that is one wait, and of one that was routed to several queues each
    copy waits for itself. Where a consumer publishes it again instead, *per*
    says which messages are one (`"key"`, `"body"`, `"header:NAME"`, or a function). As in `assert_backoff`, waits that
    are too short for chance fail where the schedule has jitter.

    Raises `NothingToCheck` if no message was delivered twice. Source: the retry ladders of RabbitMQ (dead-lettering
    with a TTL), SQS's ChangeMessageVisibility, and Celery's `retry_backoff`.

    ```python
    import pika
    from pytest_integrations.assertions import listed

    def test_a_message_that_failed_waits_before_it_comes_again(fake_amqp, virtual_clock):
        back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders"}
        fake_amqp.queue("orders.wait", ttl=30, arguments=back)
        orders = fake_amqp.queue("orders", dead_letter="orders.wait")
        orders.publish("poison")

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        for method, _, _ in channel.consume("orders", inactivity_timeout=60):
            if len(orders.messages[0].deliveries) == 3:
                channel.basic_ack(method.delivery_tag)
                break
            channel.basic_reject(method.delivery_tag, requeue=False)
        connection.close()

        assert_redelivery_backoff(orders.messages, listed(30))
    ```
    """
    __tracebackhide__ = True
    must_be_messages(messages)
    allowed = tolerance_of(messages.ledger, tolerance)
    waits = [wait for series in _series(messages, queue, per) for wait in _waits(series, schedule, allowed)]
    if not waits:
        no_message_to_check(
            "no message was delivered twice",
            messages,
            hint="Let a handler fail, or redeliver: fake.inject(redeliver()).",
        )
    broken = [wait for wait in waits if not wait.is_right]
    if broken:
        _fail(broken, waits, schedule, allowed)
    _must_be_by_chance(waits, schedule, allowed)


@dataclass(frozen=True, slots=True)
class _Wait:
    """One wait, what was due, and what passes for it."""

    number: int
    after: Delivery
    seen: float
    due: tuple[float, float]
    passes: tuple[float, float]
    share: float | None
    """Where it lies in what was due, if it was drawn from that."""

    @property
    def message(self) -> QueueMessage:
        return self.after.message

    @property
    def is_right(self) -> bool:
        return self.passes[0] <= self.seen <= self.passes[1]

    @property
    def mark(self) -> str:
        allowed = f"wait {self.number} was {self.seen:.3f} s: {span(*self.passes)} allowed"
        return allowed if self.is_right else f"{allowed}: TOO {'EARLY' if self.seen < self.passes[0] else 'LATE'}"


def _series(messages: Messages, queue: str | None, per: Per | None) -> list[list[Delivery]]:
    """Return the deliveries of each message, or of each copy of it, in order."""
    found: dict[Hashable, list[Delivery]] = {}
    begun = {(message.fake, message.id): origins(message) for message in messages}
    for delivery in messages.deliveries:
        if queue in {None, delivery.queue}:
            message = delivery.message
            known = None if per is None else identity(message, per)
            copy = message.id, begun[message.fake, message.id].get(delivery.queue, delivery.queue)
            found.setdefault((message.fake, copy if known is None else ("by", known)), []).append(delivery)
    return list(found.values())


def _waits(series: Sequence[Delivery], schedule: Schedule, tolerance: Tolerance) -> Iterator[_Wait]:
    previous: float | None = None
    for number, (before, after) in enumerate(pairwise(series), start=1):
        seen = after.time - min(_let_go(before), after.time)
        low, high = schedule.allowed(number, previous)
        drawn = share(seen, low, high, is_cut=schedule.is_cut(number, previous))
        yield _Wait(number, after, seen, (low, high), (tolerance.earliest(low), tolerance.latest(high)), drawn)
        previous = seen


def _let_go(delivery: Delivery) -> float:
    """Return when the consumer was done with *delivery*; if it never said so, when it got it."""
    end = delivery.end
    took_back = end is None or (end.kind == "requeued" and (not end.connection or end.reason == "claimed"))
    return delivery.time if end is None or took_back else end.time


def _fail(broken: Sequence[_Wait], waits: Sequence[_Wait], schedule: Schedule, tolerance: Tolerance) -> None:
    __tracebackhide__ = True
    first = broken[0]
    low, high = first.due
    due = f"{low:g} s" if low == high else f"{low:g} to {high:g} s"
    more = f" ({len(broken)} of {len(waits)} waits are wrong)" if len(broken) > 1 else ""
    likeness = looks_like([wait.seen for wait in waits if wait.message is first.message], tolerance)
    blame(
        f"wait {first.number} of message {first.message.id} was {first.seen:.3f} s, {due} was due by {schedule!r}"
        f"{more}",
        list({wait.message.id: wait.message for wait in broken}.values()),
        marks={wait.after.event.seq: wait.mark for wait in broken},
        why="What failed a moment ago fails again: the message uses up its deliveries before the cause has had time to "
        "pass."
        if first.seen < low
        else "The message waits longer than was agreed.",
        notes=[f"The waits look like {likeness}."] if likeness is not None else [],
        hint="A requeue comes back at once. Let it wait outside its queue: a queue with a TTL that dead-letters back, "
        "DelaySeconds, ChangeMessageVisibility, or a countdown of the framework.",
    )


def _must_be_by_chance(waits: Sequence[_Wait], schedule: Schedule, tolerance: Tolerance) -> None:
    __tracebackhide__ = True
    shares = [wait.share for wait in waits if wait.share is not None]
    extreme = improbable(shares, tolerance)
    if extreme is not None:
        blame(
            not_by_chance(len(shares), extreme, schedule),
            list({wait.message.id: wait.message for wait in waits}.values()),
            marks={wait.after.event.seq: wait.mark for wait in waits},
            why="Each wait alone is in range, but such waits come up less than once in a million runs: nothing drew.",
            hint="If the test switches chance off (a patched random, say), expect the schedule without jitter.",
        )
