"""Whether every message that was published is accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.delivery import ENDS
from pytest_integrations.core.errors import ScriptingError

from .delivery_evidence import blame, counted, departures, must_be_messages
from .publications import publications

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.delivery import Messages, QueueEvent, QueueMessage

__all__ = ["assert_nothing_lost"]


def assert_nothing_lost(
    messages: Messages, *, dead_letter: str | Iterable[str] = (), allow: str | Iterable[str] = ()
) -> None:
    """Assert that every message was consumed, waits where it may wait, or was refused to its producer's face.

    Definition: each message came into a queue, unless its producer was told that it did not (refused, returned) or
    published it again until it did; each copy of it that came into a queue was acked, was moved to other queues that
    took it, or waits in one of the *dead_letter* queues. A copy that was dropped, expired or purged is lost, and so is
    one that a queue did not take without a word to the producer. *allow* names ends that are no loss here, by what
    happened (`"expired"`) or by the broker's reason (`"maxlen"`). A copy that still waits elsewhere, or is in flight,
    is left over: let the consumer finish before you ask.

    Raises `NothingToCheck` if no message was published. Source: the total-queue checker of Jepsen (lost = enqueued and
    never dequeued; recovered = dequeued although the producer was never told), and the delivery guarantees of
    RabbitMQ's "Reliability Guide".

    ```python
    import pika

    def test_what_cannot_be_handled_is_kept(fake_amqp):
        orders = fake_amqp.queue("orders", dead_letter="orders.dead")
        orders.publish("poison")

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        method, _, _ = channel.basic_get("orders")
        channel.basic_reject(method.delivery_tag, requeue=False)
        connection.close()

        assert_nothing_lost(orders.messages, dead_letter="orders.dead")
    ```
    """
    __tracebackhide__ = True
    must_be_messages(messages)
    resting, allowed = _names("dead_letter", dead_letter), _names("allow", allow)
    recovered = {id(each) for sent in publications(messages) for each in sent.superseded}
    losses = [
        loss
        for message in messages
        for loss in _losses(message, resting, allowed)
        if loss.left_over or id(message) not in recovered
    ]
    if losses:
        _fail(messages, losses)


def _names(argument: str, given: str | Iterable[str]) -> frozenset[str]:
    """Return one name or several as a set; *argument* is what they were given as."""
    found = frozenset([given] if isinstance(given, str) else given if isinstance(given, Iterable) else [""])
    if not all(isinstance(each, str) and each for each in found):
        msg = f"{argument}={given!r} is not a name: valid are the name of a queue or end, or several of them"
        raise ScriptingError(msg)
    return found


@dataclass(frozen=True, slots=True)
class _Loss:
    """One copy that is not accounted for: how it went, at which event, and what to do about it."""

    message: QueueMessage
    how: str
    event: QueueEvent | None
    hint: str
    left_over: bool = False


def _losses(message: QueueMessage, resting: frozenset[str], allowed: frozenset[str]) -> Iterator[_Loss]:
    told = message.producer_was_told in {"refused", "returned"}
    yield from _never_arrived(message, allowed, told=told)
    for event in message.events:
        if {event.kind, event.reason} & allowed:
            continue
        if event.kind in {"dropped", "expired", "purged"} and not told:
            where = f" from {event.queue}" if event.queue else ""
            how = f"{_told(message)}{event.kind}{where}{_reason(event)}"
            yield _Loss(message, how, event, _hint(event))
        elif event.kind == "rejected" and (_was_moved(message, event) or not told):
            how = f"not taken by {event.queue}{_reason(event)}, and nobody was told"
            yield _Loss(message, how, event, _FULL if _was_moved(message, event) else _CONFIRMS)
        elif event.kind in {"dead_lettered", "redriven"}:
            yield from _strayed(message, event)
    yield from _ended_twice(message)
    yield from _left_over(message, resting)


def _never_arrived(message: QueueMessage, allowed: frozenset[str], *, told: bool) -> Iterator[_Loss]:
    """Yield the loss of a message of which nothing was heard after it was published."""
    heard = message.of("routed", "rejected", "dropped", "expired", "deduplicated")
    if not heard and not told and "published" not in allowed:
        hint = "Has the broker read all of it? Await the confirm before the test goes on."
        yield _Loss(message, "published, and came into no queue", message.events[0], hint)


def _was_moved(message: QueueMessage, event: QueueEvent) -> bool:
    """Whether the copy that a queue did not take was a dead letter, of which nobody can be told."""
    return any(before.seq < event.seq and event.queue in before.to for before in message.events)


def _strayed(message: QueueMessage, event: QueueEvent) -> Iterator[_Loss]:
    """Yield the loss of what was moved to queues that do not have it."""
    arrived = {each.queue for each in message.of("routed", "rejected") if each.seq > event.seq}
    missing = [queue for queue in event.to if queue not in arrived]
    if missing or not event.to:
        where = ", ".join(missing) or "nowhere"
        hint = "Declare the dead-letter queue, and bind it to the dead-letter exchange."
        yield _Loss(message, f"moved from {event.queue} to {where}, where it never came", event, hint)


def _ended_twice(message: QueueMessage) -> Iterator[_Loss]:
    """Yield what no broker can do: its ledger is wrong, and with it whatever is said here."""
    came = Counter(event.queue for event in message.of("routed"))
    went = [event for event in message.events if event.kind in ENDS and event.queue]
    for event in went:
        came[event.queue] -= 1
        if came[event.queue] < 0:
            hint = "That is an error of the fake, not of your code: please report it."
            yield _Loss(message, f"{event.kind} in {event.queue} without having come there", event, hint)


def _left_over(message: QueueMessage, resting: frozenset[str]) -> Iterator[_Loss]:
    flying = Counter(delivery.queue for delivery in message.deliveries if delivery.end is None)
    for queue, held in message.places.items():
        last = [event for event in message.events if event.queue == queue and event.kind not in ENDS][-1]
        if flying[queue]:
            hint = (
                "Every path of the consumer must settle the delivery, the one that raises too; see assert_all_settled."
            )
            yield _Loss(message, f"still in flight from {queue}", last, hint, left_over=True)
        elif held and queue not in resting:
            hint = (
                f"If it may wait there, say dead_letter={queue!r}; if it may not, does the consumer still run, and had "
                "it time to finish?"
            )
            yield _Loss(message, f"still waits in {queue}", last, hint, left_over=True)


def _fail(messages: Messages, losses: list[_Loss]) -> None:
    __tracebackhide__ = True
    gone = [loss for loss in losses if not loss.left_over]
    shown = gone or losses
    first = shown[0]
    several = list({id(loss.message): loss.message for loss in shown}.values())
    were = "was" if len(several) == 1 else "were"
    what = "lost" if gone else "left over"
    how = first.how if gone else first.how.replace("still ", "", 1)
    blame(
        f"{len(several)} of {counted(len(messages))} {were} {what}: message {first.message.id} to "
        f"{first.message.published_to} {how if not gone else 'was ' + how}",
        several,
        marks={loss.event.seq: loss.how for loss in shown if loss.event is not None},
        notes=[*departures(messages, several), *_by_fault(shown)],
        why=_WHY_LOST if gone else _WHY_LEFT,
        hint=first.hint,
    )


_WHY_LOST = "Who published it believes that it will be handled, and nothing is left that could tell otherwise."
_WHY_LEFT = "What nobody takes any more is lost to whoever waits for it; it only takes up room as well."


def _by_fault(losses: list[_Loss]) -> Iterator[str]:
    """Yield a note on what the test itself did."""
    faults = {repr(loss.event.fault) for loss in losses if loss.event is not None and loss.event.fault is not None}
    for fault in sorted(faults):
        yield (
            f"It was {fault} that did it: no consumer can make up for that. A producer can, if it keeps what it sends "
            "until it hears of the outcome, and sends it again."
        )


def _told(message: QueueMessage) -> str:
    return "confirmed to its producer, and then " if message.producer_was_told == "confirmed" else ""


def _reason(event: QueueEvent) -> str:
    return f" ({event.reason})" if event.reason else ""


def _hint(event: QueueEvent) -> str:
    """Return what to do, by what the broker says of it: `"rejected"`, `"rejected, no dead-letter queue"`."""
    known = [_DROPPED[word] for word in reversed(event.reason.split(", ")) if word in _DROPPED]
    return known[0] if known else _GONE[event.kind]


_CONFIRMS = "Turn on confirms, channel.confirm_delivery(), and handle the refusal: without them it is silence."

_DROPPED = {
    "unroutable": "No queue is bound to where it was sent: publish with mandatory=True and await the confirm, so that "
    "the producer is told.",
    "maxlen": 'The queue was full and threw away its oldest: overflow="reject-publish" with confirms tells the '
    "producer instead, and a dead-letter queue keeps what goes.",
    "refused": _CONFIRMS,
    "lost": "No answer tells of it: compare what was sent with what was done, and send again what is missing.",
    "rejected": "The consumer rejected it, and the queue has no dead-letter queue: declare it with one, "
    'queue("orders", dead_letter="orders.dead").',
    "no dead-letter queue": "Its dead-letter exchange leads to no queue: declare the dead-letter queue, and bind it.",
    "dead-letter cycle": "It went round between its queue and the dead-letter queue: break the circle, or let a "
    "consumer do it that counts.",
}
"""What to do, by a word of the broker's reason …"""

_GONE = {
    "dropped": "Give the queue a dead-letter queue: what a broker would drop goes there.",
    "expired": "Its time was up before anybody took it: a dead-letter queue keeps it; if that is meant, "
    'allow="expired".',
    "purged": 'Somebody emptied or deleted the queue; if that is meant, allow="purged".',
}
"""… and where that says nothing, by what happened."""

_FULL = (
    "A dead-letter queue that refuses what comes loses it, and no confirm tells: give it no limit, or work it off and "
    "watch how long it is."
)
