"""How often a message was delivered, or took effect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import whole

from .delivery_evidence import blame, counted, departures, must_be_messages, no_message_to_check
from .effects import effects_of
from .publications import publications

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.delivery import Messages

    from .effects import Effects
    from .publications import Per, Sent

__all__ = ["assert_delivered"]


def assert_delivered(
    messages: Messages,
    *,
    at_least: int | None = None,
    at_most: int | None = None,
    exactly: int | None = None,
    effects: Effects | None = None,
    queue: str | None = None,
    per: Per | None = None,
) -> None:
    """Assert how often each message was delivered, or with *effects*, how often it took effect.

    Definition: every message was delivered *at_least* so often (1 if nothing is said), *at_most* so often, or
    *exactly* so often; from one *queue*, or from all together. What its producer published several times until it
    was confirmed is one message for the least, since one of them is enough, and several for the most; *per* says which
    publications belong together (`publications`). With *effects* (a list of what was handled, a count, or a function
    of the message) it is its effects that are counted instead: `exactly=1` with `effects=` is "exactly once", which no
    broker delivers, and which a consumer makes out of "at least once" by knowing what it has done.

    Raises `NothingToCheck` if there is an upper limit, and every message was published, delivered and settled just
    once: then every consumer keeps it. Source: the at-most-once, at-least-once and exactly-once of the protocols'
    own specifications; celery 4.4.3 delivered 15 times instead of 4.

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

        assert_delivered(orders.messages, at_most=2)
        assert_delivered(orders.messages, exactly=1, effects=charged)
    ```
    """
    __tracebackhide__ = True
    wanted = _wanted(exactly, at_least, at_most)
    must_be_messages(messages)
    sent = publications(messages, per=per)
    tallies = _effects(sent, effects) if effects is not None else _deliveries(sent, queue)
    broken = [tally for tally in tallies if tally.together < wanted.low or tally.alone > wanted.high]
    if broken:
        _fail(messages, broken, tallies, wanted)
    if wanted.high < math.inf and all(tally.is_plain for tally in tallies):
        no_message_to_check(
            "every message was published, delivered and settled once, and then every consumer keeps the limit",
            messages,
            hint="Let one come again: fake.inject(duplicate()), redeliver(), lost_ack(), or a handler that fails.",
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How often is right."""

    low: int
    high: float

    def words(self, what: str) -> str:
        if self.low == self.high:
            return f"exactly {counted(self.low, what)}"
        if math.isinf(self.high):
            return f"at least {counted(self.low, what)}"
        return f"{f'{self.low} to ' if self.low else 'at most '}{counted(int(self.high), what)}"


def _wanted(exactly: int | None, at_least: int | None, at_most: int | None) -> _Wanted:
    for name, value in (("exactly", exactly), ("at_least", at_least), ("at_most", at_most)):
        if value is not None:
            whole(name, value)
    if exactly is not None:
        if at_least is not None or at_most is not None:
            msg = "say exactly=, or else at_least=, at_most= or both"
            raise ScriptingError(msg)
        return _Wanted(exactly, exactly)
    if at_least is not None and at_most is not None and at_least > at_most:
        msg = f"at_least={at_least} is more than at_most={at_most}: no consumer can do that"
        raise ScriptingError(msg)
    least = 0 if at_most is not None else 1
    return _Wanted(least if at_least is None else at_least, math.inf if at_most is None else at_most)


@dataclass(frozen=True, slots=True)
class _Tally:
    """What was counted for one message: all its publications *together*, and the one with the most *alone*."""

    sent: Sent
    what: str
    together: int
    alone: int
    shown: str

    @property
    def is_plain(self) -> bool:
        """Whether nothing came of it that could have led to more."""
        copies = self.sent.copies
        return len(copies) == 1 and len(copies[0].deliveries) <= 1 and not copies[0].of("requeued")


def _effects(sent: Sequence[Sent], effects: Effects) -> list[_Tally]:
    counted_effects = zip(sent, effects_of(effects, sent), strict=True)
    return [_Tally(one, "effect", effect.least, effect.most, f"{effect}") for one, effect in counted_effects]


def _deliveries(sent: Sequence[Sent], queue: str | None) -> list[_Tally]:
    tallies = []
    for one in sent:
        counts = [len(copy.of("delivered", queue=queue)) for copy in one.copies]
        shown = " and ".join(map(str, counts)) if max(counts) != sum(counts) else f"{sum(counts)}"
        tallies.append(_Tally(one, "delivery", sum(counts), max(counts), shown))
    return tallies


def _fail(messages: Messages, broken: Sequence[_Tally], tallies: Sequence[_Tally], wanted: _Wanted) -> None:
    __tracebackhide__ = True
    first = broken[0]
    message = first.sent.copies[0]
    about = [copy for tally in broken for copy in tally.sent.copies]
    others = f" ({len(broken)} of {len(tallies)} messages are wrong)" if len(broken) > 1 else ""
    is_too_few = first.together < wanted.low
    why, hint = _too_few(first) if is_too_few else _too_many(first)
    blame(
        f"expected {wanted.words(first.what)} of message {message.id} to {message.published_to}, saw "
        f"{first.shown}{others}",
        about,
        notes=departures(messages, about) if is_too_few else (),
        why=why,
        hint=hint,
    )


def _too_few(tally: _Tally) -> tuple[str, str]:
    copies = tally.sent.copies
    if tally.what == "effect" and any(copy.of("acked") for copy in copies):
        return (
            "It was acked, and its effect did not happen: what is acked is gone, and nobody will try again.",
            "Ack after the work is done, and not when it raised: an `except Exception` that only logs acks as well.",
        )
    if not any(copy.of("routed") for copy in copies):
        return "It never came into a queue.", "assert_confirms_awaited tells whether the producer noticed."
    return (
        f"{'Nobody took it' if not any(copy.deliveries for copy in copies) else 'It was taken'}, and that was all.",
        "Does a consumer run on this queue, and had it time? Another message that is never settled can hold it up.",
    )


def _too_many(tally: _Tally) -> tuple[str, str]:
    if tally.what == "effect":
        return (
            "Brokers deliver at least once, and a charge that is made twice is a charge too many.",
            "Remember what has been done, by the message's own id, in the same transaction as the effect.",
        )
    return (
        "Every delivery costs the work of one, and keeps others from their turn.",
        "Count the deliveries (x-delivery-count, ApproximateReceiveCount, XPENDING), and dead-letter at the limit.",
    )
