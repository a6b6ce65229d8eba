"""Whether what is delivered twice is done once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.settings import whole

from .delivery_evidence import blame, counted, must_be_messages, no_message_to_check
from .effects import effects_of
from .publications import publications

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import Messages

    from .effects import Effect, Effects
    from .publications import Per, Sent

__all__ = ["assert_duplicates_bounded"]


def assert_duplicates_bounded(
    messages: Messages, effects: Effects, *, allowed: int = 0, per: Per | None = None
) -> None:
    """Assert that no message takes effect more often than once, or than *allowed* times more.

    Definition: of each message, however often it was delivered, and however often its producer published it until that
    was confirmed (`publications` tells which are one message; *per* overrules it), there are at most 1 + *allowed*
    effects. *effects* is a list of what was handled, a count of it, or a function of the message that returns one.
    What a function returns is added up over the publications of one message that have ids of their own, as SQS and
    streams of Redis give each one. Where the consumer goes by what is in the body, count by that:
    `{message.body: count(message) for message in messages}`.

    Raises `NothingToCheck` if no message was published or delivered more than once. Source: the idempotent receiver
    of Hohpe and Woolf's "Enterprise Integration Patterns"; kombu and Celery on Redis deliver twice by design
    (visibility_timeout).

    ```python
    import pika
    from pytest_integrations.faults import duplicate

    def test_an_order_that_comes_twice_is_charged_once(fake_amqp, virtual_clock):
        orders = fake_amqp.queue("orders")
        orders.publish("o-17")
        fake_amqp.inject(duplicate())

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        charged = []
        for method, _, body in channel.consume("orders", inactivity_timeout=0.1):
            if method is None:
                break
            if body not in charged:
                charged.append(body)
            channel.basic_ack(method.delivery_tag)
        connection.close()

        assert_duplicates_bounded(orders.messages, charged)
    ```
    """
    __tracebackhide__ = True
    whole("allowed", allowed)
    must_be_messages(messages)
    sent = publications(messages, per=per)
    done = [_Done(one, effect) for one, effect in zip(sent, effects_of(effects, sent), strict=True)]
    broken = [each for each in done if each.effect.most > 1 + allowed]
    if broken:
        _fail(broken, done, allowed, is_told=callable(effects))
    if not any(each.came_again for each in done):
        no_message_to_check(
            "no message came twice, and then a consumer that knows nothing of duplicates keeps it as well",
            messages,
            hint="Let one come again: fake.inject(duplicate()), redeliver(), lost_ack() or, for the producer, "
            "lost_confirm().",
        )


@dataclass(frozen=True, slots=True)
class _Done:
    """One message and its effects."""

    sent: Sent
    effect: Effect

    @property
    def deliveries(self) -> int:
        return sum(len(copy.deliveries) for copy in self.sent.copies)

    @property
    def came_again(self) -> bool:
        return self.deliveries > 1


def _fail(broken: list[_Done], done: list[_Done], allowed: int, *, is_told: bool) -> None:
    __tracebackhide__ = True
    first = broken[0]
    message = first.sent.copies[0]
    others = f" ({len(broken)} of {counted(len(done))})" if len(broken) > 1 else ""
    times = len(first.sent.copies)
    published = f"published {times} times, " if times > 1 else ""
    blame(
        f"message {message.id} to {message.published_to} took effect {first.effect} times, expected at most "
        f"{1 + allowed}: it was {published}delivered {counted(first.deliveries, 'time')}{others}",
        [copy for each in broken for copy in each.sent.copies],
        notes=[_ADDED_UP] if is_told and len({copy.key for copy in first.sent.copies}) > 1 else [],
        why="Brokers deliver at least once: after a lost ack, a lost connection or a lost confirm the same message "
        "comes again, and a charge that is made twice is a charge too many.",
        hint="Remember what has been done, by an id that the producer gives before it first publishes, in the same "
        "transaction as the effect."
        if times == 1
        else "The producer sent it again, as it should: give it an id before the first attempt (message_id), so that "
        "the consumer can tell, and remember what has been done.",
    )


_ADDED_UP = (
    "Its publications have ids of their own, so that what the function in effects= returned for each was added up. If "
    "it goes by what is in the body, it has told the same effects again: give "
    "{message.body: count(message) for message in messages} instead."
)
