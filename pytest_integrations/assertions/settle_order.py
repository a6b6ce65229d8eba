"""Whether a message is let go of only when its dead letter is safe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError

from .copies import of_one_copy
from .dead_letters import by_broker, by_consumer, letters_to
from .delivery_evidence import blame, counted, must_be_messages, no_message_to_check

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import Messages, QueueEvent, QueueMessage

    from .dead_letters import DeadLetter
    from .publications import Per

__all__ = ["assert_settle_order"]


def assert_settle_order(messages: Messages, *, dead_letter: str, per: Per | None = None) -> None:
    """Assert that a consumer that publishes dead letters itself acks a message only when its dead letter is safe.

    Definition: for each of *messages* that the consumer published to the queue *dead_letter* (`dead_letters` tells how
    the two are recognised; *per* overrules it) and then acked, the ack came after the producer's side of the consumer
    was told that one such dead letter is safe. One that the consumer moved there itself, which takes it out of the one
    queue as it puts it into the other (`LMOVE`, a transaction of Redis), is right. What the broker moved is not judged:
    the consumer has no part in it.

    Raises `NothingToCheck` if no message was both dead-lettered by the consumer and let go of. Source: RabbitMQ's
    "Reliability Guide" (publisher confirms and consumer acknowledgements in this order); the way in between is what
    tears when a connection is lost.

    ```python
    import pika

    def test_the_dead_letter_is_safe_before_the_ack(fake_amqp):
        orders = fake_amqp.queue("orders")
        fake_amqp.queue("orders.dead")
        orders.publish("poison")

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        channel.confirm_delivery()
        method, _, body = channel.basic_get("orders")
        channel.basic_publish("", "orders.dead", body)
        channel.basic_ack(method.delivery_tag)
        connection.close()

        assert_settle_order(orders.messages, dead_letter="orders.dead")
    ```
    """
    __tracebackhide__ = True
    if not isinstance(dead_letter, str) or not dead_letter:
        msg = f"dead_letter={dead_letter!r} is not the name of a queue"
        raise ScriptingError(msg)
    must_be_messages(messages)
    steps = _steps(by_consumer(messages, dead_letter, per))
    judged = [step for step in steps if step.ack is not None]
    moved = [letter for letter in by_broker(messages, dead_letter) if letter.is_one_step]
    wrong = [step for step in judged if not step.is_right]
    if wrong:
        _fail(wrong, len(judged) + len(moved), dead_letter)
    if not judged and not moved:
        _nothing(messages, steps, dead_letter)


@dataclass(frozen=True, slots=True)
class _Step:
    """One copy of a message, its dead letters, and the ack."""

    source: QueueMessage
    letters: tuple[QueueMessage, ...]
    ack: QueueEvent | None

    @property
    def confirmed(self) -> QueueEvent | None:
        told = [event for letter in self.letters for event in letter.of("confirmed")]
        return min(told, key=lambda event: event.seq) if told else None

    @property
    def is_right(self) -> bool:
        return self.ack is not None and self.confirmed is not None and self.confirmed.seq < self.ack.seq


def _steps(found: list[DeadLetter]) -> list[_Step]:
    by_copy: dict[tuple[int, str], list[DeadLetter]] = {}
    for letter in found:
        by_copy.setdefault(letter.copy, []).append(letter)
    steps = []
    for letters in by_copy.values():
        source = letters[0].source
        ack = of_one_copy(source, "acked", letters[0].queue)[-1:]
        steps.append(_Step(source, tuple(letter.letter for letter in letters), ack[0] if ack else None))
    return steps


def _fail(wrong: list[_Step], judged: int, queue: str) -> None:
    __tracebackhide__ = True
    first = wrong[0]
    others = f" ({len(wrong)} of {judged} dead letters)" if len(wrong) > 1 else ""
    blame(
        f"message {first.source.id} to {first.source.published_to} was acked {_how(first, queue)}{others}",
        [message for step in wrong for message in (step.source, *step.letters)],
        marks={step.ack.seq: f"acked {_how(step, queue)}" for step in wrong if step.ack is not None},
        why="Between the ack and the confirm the message is nowhere: whoever dies there has lost it.",
        hint="channel.confirm_delivery(), publish to the dead-letter queue, wait for the confirm, then ack."
        if first.confirmed is not None or first.letters[0].producer_was_told == "nothing"
        else "When the dead-letter queue does not take it, nack the message with requeue=True, and try again later.",
    )


def _how(step: _Step, queue: str) -> str:
    if step.confirmed is not None:
        return f"before its dead letter in {queue} was confirmed"
    told = step.letters[-1].producer_was_told
    if told == "nothing":
        return f"although its dead letter in {queue} was never confirmed"
    return f"although its dead letter was {told} by {queue}"


def _nothing(messages: Messages, steps: list[_Step], queue: str) -> None:
    __tracebackhide__ = True
    letters = letters_to(messages, queue)
    if steps:
        what = f"{counted(len(steps), 'dead letter')} came to {queue}, and nothing was acked"
        hint = "Let the consumer finish; assert_all_settled tells what it has not settled."
    elif letters:
        what = f"{counted(len(letters), 'message')} came to {queue}, and none can be recognised as one of these"
        hint = 'Say what both have in common: per="header:x-original-id", or a function of a message.'
    else:
        what = f"nothing was published to {queue}"
        hint = (
            "Let a handler fail for good. If it is the broker that dead-letters (x-dead-letter-exchange, "
            "RedrivePolicy), it moves and acks in one step: ask assert_dead_lettered instead."
        )
    no_message_to_check(what, messages, hint=hint)
