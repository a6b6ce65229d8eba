"""Whether what cannot be handled ends in the dead-letter queue: the right messages, in time, whole, and once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_integrations.core.delivery import QueueMessage
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import among, whole

from .copies import cut_short, times_delivered
from .dead_letters import by_broker, by_consumer
from .delivery_evidence import blame, counted, departures, must_be_messages, no_message_to_check
from .publications import publications

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import Delivery, Messages

    from .dead_letters import DeadLetter
    from .publications import Per

__all__ = ["assert_dead_lettered"]

Which = Iterable[bytes | str] | Callable[[QueueMessage], object]


def assert_dead_lettered(
    messages: Messages,
    which: Which | None = None,
    *,
    exactly: int | None = None,
    after: int | None = None,
    to: str | None = None,
    reason: str | None = None,
    payload: Literal["kept", "any"] = "kept",
    per: Per | None = None,
) -> None:
    """Assert that the messages that could not be handled were dead-lettered, and no others.

    Definition: *which* (bodies, or a function of a message), and only they, were moved to the dead-letter queue, each
    of them once; or *exactly* so many, whichever; or if neither is given, at least one. Each had been delivered just
    *after* so many times. Of what its producer published again (`publications`) one is enough: a consumer that knows
    it by its id acks the other. What `duplicate()` makes more of a message is delivered, and moved by the broker, as
    often, which is nobody's fault; and a delivery that a fault has cut short (`redeliver()`, a connection that the fake
    ended) may count or not. With *to*, the queue is this one, and a consumer may have published them there itself
    (`dead_letters` tells how they are recognised; *per* overrules it, and tells as well which messages are one to a
    framework that publishes what failed again); without it, only what the broker moved counts,
    wherever to. A *reason* must have been recorded: the broker's own word; or by the consumer, in a header, or in what
    it has put around the body. The *payload* is kept: the same body, and every header that there was, to which others
    may have been added.

    Raises `NothingToCheck` if no delivery failed. Source: the invoices of Nygard's "Release It!" that nobody looked at;
    rq 1.5.1 gave up after 1 attempt in place of 3, dramatiq 1.11 recorded 2 retries after 3.

    ```python
    import pika

    def test_poison_is_put_aside_at_the_third_attempt(fake_amqp):
        orders = fake_amqp.queue("orders", dead_letter="orders.dead")
        orders.publish("poison", {"attempts": 3})

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        for attempt in (1, 2, 3):
            method, _, _ = channel.basic_get("orders")
            channel.basic_reject(method.delivery_tag, requeue=attempt < 3)
        connection.close()

        assert_dead_lettered(orders.messages, ["poison"], after=3, to="orders.dead", reason="rejected")
    ```
    """
    __tracebackhide__ = True
    wanted = _wanted(which, exactly)
    among("payload", payload, ("kept", "any"))
    if after is not None:
        whole("after", after, 1)
    must_be_messages(messages)
    found = [*by_broker(messages, to), *(by_consumer(messages, to, per) if to is not None else ())]
    dead = [letter for letter in found if to is None or letter.letter.of("routed", queue=to)]
    _must_be_those(messages, dead, wanted, to, per)
    _must_be_once(dead, to)
    if after is not None:
        _must_come_after(messages, [(letter, letter.deliveries(messages, per)) for letter in dead], after)
    for letter in dead:
        _must_say_why(letter, reason)
        if payload == "kept":
            _must_be_whole(letter)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which messages, or how many."""

    bodies: tuple[bytes, ...] | None
    where: Callable[[QueueMessage], object] | None
    exactly: int | None

    @property
    def names_them(self) -> bool:
        return self.bodies is not None or self.where is not None

    def includes(self, message: QueueMessage) -> bool:
        return message.body in (self.bodies or ()) if self.where is None else bool(self.where(message))


def _wanted(which: Which | None, exactly: int | None) -> _Wanted:
    if which is not None and exactly is not None:
        msg = "say which messages, or exactly= how many: not both"
        raise ScriptingError(msg)
    if exactly is not None:
        whole("exactly", exactly, 1)  # for none there is `assert not fake.dead_letters`
    if which is None or callable(which):
        return _Wanted(None, which, exactly)
    bodies = [which] if isinstance(which, bytes | str) else list(which)
    if not bodies or not all(isinstance(body, bytes | str) for body in bodies):
        msg = f"which={which!r} names no messages: valid are bodies (bytes or str), or a function of a message"
        raise ScriptingError(msg)
    return _Wanted(tuple(body.encode() if isinstance(body, str) else body for body in bodies), None, None)


def _must_be_those(
    messages: Messages, dead: list[DeadLetter], wanted: _Wanted, to: str | None, per: Per | None
) -> None:
    __tracebackhide__ = True
    sources = list({id(letter.source): letter.source for letter in dead}.values())
    if wanted.names_them:
        put_there = {letter.letter for letter in dead if not letter.is_by_broker}  # in place of what is expected there
        expected = [message for message in messages if wanted.includes(message) and message not in put_there]
        _must_exist(messages, expected, wanted)
        # Of what is one message, published several times, one is enough.
        moved = frozenset(sources)
        sent = [each.copies for each in publications(messages, per=per) if not moved.isdisjoint(each.copies)]
        known = moved.union(*sent)
        missing = [message for message in expected if message not in known]
        if missing:
            _blame_missing(messages, missing, to)
        _blame_others([message for message in sources if not wanted.includes(message)], to)
    elif len(sources) < (wanted.exactly or 1):
        failed = [message for message in messages if message not in sources and _failed(message)]
        if not failed and not sources:
            no_message_to_check(
                "no delivery failed, and so nothing had to be dead-lettered",
                messages,
                hint="Publish what the consumer cannot handle, and say which: assert_dead_lettered(messages, "
                '["poison"]) fails also where the consumer acks it.',
            )
        _blame_number(messages, sources, failed, wanted.exactly or 1, to)
    elif wanted.exactly is not None and len(sources) > wanted.exactly:
        _blame_number(messages, sources, sources, wanted.exactly, to)


def _must_exist(messages: Messages, expected: list[QueueMessage], wanted: _Wanted) -> None:
    __tracebackhide__ = True
    known = {message.body for message in expected}
    unknown = [body for body in wanted.bodies or () if body not in known]
    if unknown or not expected:
        no_message_to_check(
            f"no message with the body {_cut(unknown[0])} was published" if unknown else "which= is true of no message",
            messages,
            hint="Publish it first; bodies are compared whole.",
        )


def _failed(message: QueueMessage) -> bool:
    """Whether some consumer did not handle *message* at once."""
    return bool(message.of("requeued", "dropped", "dead_lettered", "expired")) or times_delivered(message) > 1


def _blame_missing(messages: Messages, missing: list[QueueMessage], to: str | None) -> None:
    __tracebackhide__ = True
    from pytest_integrations.views.story import fate

    first = missing[0]
    others = f" (nor {len(missing) - 1} more)" if len(missing) > 1 else ""
    where = f" to {to}" if to else ""
    blame(
        f"message {first.id} to {first.published_to} was not dead-lettered{where}{others}: {fate(first)} after "
        f"{counted(len(first.deliveries), 'delivery')}",
        missing,
        notes=departures(messages, missing),
        why="What cannot be handled must go where somebody finds it, or it is lost, or comes back for ever.",
        hint=_missing_hint(first, to),
    )


def _missing_hint(message: QueueMessage, to: str | None) -> str:
    last = message.events[-1].kind
    if last == "acked":
        return "It was acked, as if it had been handled: an `except Exception` that only logs acks all the same."
    if last == "dropped":
        return 'The queue has no dead-letter queue: declare it with one, queue("orders", dead_letter="orders.dead").'
    if message.of("dead_lettered"):
        moved = message.of("dead_lettered")[-1]
        where = ", ".join(moved.to) or "nowhere"
        return f"It was moved to {where}, not to {to}: look at the dead-letter exchange and its key."
    if last in {"requeued", "delivered"} or message.in_flight:
        return (
            "Reject it without requeueing (basic.nack, requeue=False) once its deliveries are used up; "
            "assert_no_poison_loop tells how long it went round."
        )
    return "Does a consumer run on this queue, and had it time? SQS moves a message at the receive after the last one."


def _blame_others(others: list[QueueMessage], to: str | None) -> None:
    __tracebackhide__ = True
    if others:
        first = others[0]
        more = f" ({len(others)} such messages)" if len(others) > 1 else ""
        blame(
            f"message {first.id} to {first.published_to} was dead-lettered{f' to {to}' if to else ''}, and should not "
            f"have been{more}",
            others,
            marks={event.seq: "not expected" for each in others for event in each.of("dead_lettered")},
            why="A dead-letter queue that is full of what is sound is one that nobody looks at.",
            hint="Does one that fails take others with it (nack with multiple=True, a channel that is closed), or is a "
            "failure that would pass taken for one that stays?",
        )


def _blame_number(
    messages: Messages, sources: list[QueueMessage], shown: list[QueueMessage], exactly: int, to: str | None
) -> None:
    __tracebackhide__ = True
    where = f" in {to}" if to else ""
    blame(
        f"expected {'at least ' if exactly == 1 and not sources else ''}{counted(exactly, 'dead letter')}{where}, saw "
        f"{len(sources)} among {counted(len(messages))}",
        shown,
        notes=departures(messages, shown),
        why="What cannot be handled must go where somebody finds it, and nothing else may.",
        hint=_missing_hint(shown[0], to) if len(sources) < exactly and shown else "See the stories above.",
    )


def _must_be_once(dead: list[DeadLetter], to: str | None) -> None:
    __tracebackhide__ = True
    counts = Counter(letter.copy for letter in dead)
    twice = [letter for letter in dead if counts[letter.copy] > 1 + (letter.twins if letter.is_by_broker else 0)]
    if to is None or not twice:
        return
    first = twice[0].source
    shown = list({id(each): each for letter in twice for each in (letter.source, letter.letter)}.values())
    blame(
        f"message {first.id} to {first.published_to} is in {to} {counts[twice[0].copy]} times, expected once",
        shown,
        marks={letter.event.seq: f"into {to}" for letter in twice},
        why="Who works through the dead letters would do it twice.",
        hint="Publishing to the dead-letter queue and acking are two steps, and between them a connection can be lost: "
        "give the dead letter the id of the message, and look for it before you publish it again.",
    )


def _must_come_after(messages: Messages, dead: list[tuple[DeadLetter, list[Delivery]]], after: int) -> None:
    __tracebackhide__ = True
    wrong = []
    for letter, tries in dead:
        most = after * (1 + letter.twins) + cut_short(tries, messages.ledger)
        if not after <= len(tries) <= most:
            wrong.append((letter, len(tries)))
    if not wrong:
        return
    first, count = wrong[0]
    others = f" ({len(wrong)} of {counted(len(dead), 'dead letter')} are wrong)" if len(wrong) > 1 else ""
    blame(
        f"message {first.source.id} to {first.source.published_to} was dead-lettered after "
        f"{counted(count, 'delivery')}, expected after {after}{others}",
        _stories_of([letter for letter, _ in wrong]),
        marks={letter.event.seq: f"after {counted(number, 'delivery')}" for letter, number in wrong},
        why="Too few deliveries give up what would have passed; too many keep others waiting.",
        hint="A limit of 3 retries is 4 deliveries; and a delivery that was cut short counts as well."
        if count > after
        else "Is it rejected at the first failure? If what failed is published again as a message of its own, say by "
        "per= which ones are the same.",
    )


def _must_say_why(letter: DeadLetter, reason: str | None) -> None:
    __tracebackhide__ = True
    if letter.is_by_broker:
        known = [letter.event.reason]
        right = bool(letter.event.reason) if reason is None else letter.event.reason == reason
    else:
        known = [f"{name}: {value}" for name, value in letter.letter.headers.items()]
        right = reason is None or any(reason in each for each in known) or _is_put_around(reason, letter)
    if right:
        return
    recorded = ", ".join(filter(None, known)) or "nothing"
    blame(
        f"message {letter.source.id} to {letter.source.published_to} was dead-lettered with {recorded} for a reason, "
        f"expected {'one' if reason is None else repr(reason)}",
        _stories_of([letter]),
        marks={letter.event.seq: recorded},
        why="Who finds a dead letter has nothing but what is written on it.",
        hint="Put what went wrong at the last attempt, and where the message came from, into the dead letter: into "
        "headers of it, best of all.",
    )


def _is_put_around(reason: str, letter: DeadLetter) -> bool:
    """Tell whether *reason* is in the body of the letter and comes from who wrote the letter."""
    return reason in letter.letter.text and reason not in letter.source.text


def _must_be_whole(letter: DeadLetter) -> None:
    __tracebackhide__ = True
    changes = list(_changes(letter))
    if changes:
        blame(
            f"message {letter.source.id} to {letter.source.published_to} was changed on its way to the dead letters: "
            f"{changes[0]}",
            _stories_of([letter]),
            marks={letter.event.seq: "; ".join(changes)},
            why="A dead letter that is not what was sent can neither be understood nor sent again.",
            hint="Pass body and headers on as they came, and add headers of your own. payload='any' leaves this out.",
        )


def _changes(letter: DeadLetter) -> Iterable[str]:
    source = letter.source
    is_poisoned = letter.event.fault is not None and letter.event.fault.name == "poison"  # the letter, on its way
    if letter.body is not None and letter.body != source.body and not is_poisoned:
        yield f"the body was {_cut(source.body)} and is {_cut(letter.body)}"
    if letter.headers is not None:
        for name, value in source.headers.items():
            if name.lower().startswith(_BROKERS_OWN):
                continue
            if name not in letter.headers:
                yield f"the header {name} is gone"
            elif letter.headers[name] != value:
                yield f"the header {name} was {value!r} and is {letter.headers[name]!r}"


_BROKERS_OWN = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count", "cc", "bcc")
"""Headers that brokers rewrite when they move a message."""


def _cut(body: Any) -> str:
    shown = repr(body)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _stories_of(letters: list[DeadLetter]) -> list[QueueMessage]:
    return list({id(each): each for letter in letters for each in (letter.source, letter.letter)}.values())
