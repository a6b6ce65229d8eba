"""Whether a producer waits until its messages are safe, and does something about those that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import whole

from .delivery_evidence import blame, counted, must_be_messages, no_message_to_check
from .publications import publications

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.delivery import Messages, QueueEvent, QueueMessage

    from .publications import Per, Sent

__all__ = ["assert_confirms_awaited"]

_AT_ONCE = 0.010
"""A confirm that comes within these seconds cannot be told from one that nobody waited for."""


def assert_confirms_awaited(
    messages: Messages, *, window: int = 1, reported: Iterable[Any] = (), per: Per | None = None
) -> None:
    """Assert that the producer awaits its confirms, and sends again, or reports, what was not confirmed.

    Definition: over each connection, no message is published while *window* earlier ones have not been confirmed,
    refused or returned; and each message that was not confirmed is published again (`publications` tells which are one
    message; *per* overrules it), unless it is among those that the producer has *reported* as failed: their keys,
    bodies or texts. What the test published itself is not judged.

    Raises `NothingToCheck` if every message was confirmed at once: then it cannot be seen whether anybody waited.
    Source: RabbitMQ's "Publisher Confirms" tutorial; pika's `basic_publish` without `confirm_delivery()` is none of its
    strategies: fire and forget.

    ```python
    import pika, pika.exceptions
    from pytest_integrations.faults import refused_publish

    def test_what_is_refused_is_sent_again(fake_amqp):
        orders = fake_amqp.queue("orders")
        fake_amqp.inject(refused_publish())

        connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
        channel = connection.channel()
        channel.confirm_delivery()
        for attempt in range(3):
            try:
                channel.basic_publish("", "orders", b"17")
                break
            except pika.exceptions.NackError:
                continue
        connection.close()

        assert_confirms_awaited(orders.messages)
    ```
    """
    __tracebackhide__ = True
    whole("window", window, 1)
    known = _names(reported)
    must_be_messages(messages)
    judged = messages.where(_by_client)
    if not judged:
        no_message_to_check(
            "the test published all messages itself", messages, hint="Let the producer under test publish them."
        )
    sent = publications(judged, per=per)
    _must_wait(judged, sent, window)
    _must_act(sent, known)
    if all(_at_once(message) for message in judged):
        no_message_to_check(
            "every message was confirmed at once, and then nobody can see whether the producer waited for it",
            messages,
            hint="Let the broker refuse one, or be silent: fake.inject(refused_publish(), lost_confirm()).",
        )


def _by_client(message: QueueMessage) -> bool:
    return message.events[0].connection != 0


def _names(reported: Iterable[Any]) -> set[Any]:
    try:
        return set([reported] if isinstance(reported, bytes | str) else reported)
    except TypeError:
        msg = f"reported={reported!r} cannot be read: valid are keys, bodies (bytes) or texts (str) of messages"
        raise ScriptingError(msg) from None


def _answer(message: QueueMessage) -> QueueEvent | None:
    """Return what the producer was told of *message* first."""
    return next(iter(message.of("confirmed", "refused", "returned")), None)


def _at_once(message: QueueMessage) -> bool:
    answer = _answer(message)
    is_confirmed = answer is not None and answer.kind == "confirmed"
    return is_confirmed and answer is not None and answer.time - message.events[0].time < _AT_ONCE


def _must_wait(judged: Messages, sent: Sequence[Sent], window: int) -> None:
    """Fail if a message was published while too many others were open; sending the same one again is no hurry."""
    __tracebackhide__ = True
    whole_of = {id(copy): one for one in sent for copy in one.copies}
    by_connection: dict[int, list[QueueMessage]] = {}
    for message in judged:
        own, begin = whole_of[id(message)], message.events[0]
        earlier = by_connection.setdefault(begin.connection, [])
        earlier[:] = [other for other in earlier if not _answered_before(whole_of[id(other)], begin)]
        open_ones = [other for other in earlier if whole_of[id(other)] is not own]
        if len(open_ones) >= window:
            _blame_hurry(message, open_ones, window)
        earlier.append(message)


def _answered_before(sent: Sent, event: QueueEvent) -> bool:
    answers = [_answer(copy) for copy in sent.copies]
    return any(answer is not None and answer.seq < event.seq for answer in answers)


def _blame_hurry(message: QueueMessage, open_ones: list[QueueMessage], window: int) -> None:
    __tracebackhide__ = True
    first, sent = open_ones[0], message.events[0]
    limit = f" ({counted(len(open_ones))} open, and {window} may be)" if window > 1 or len(open_ones) > 1 else ""
    never = _answer(first) is None
    blame(
        f"message {message.id} was published at {sent.time:.3f} s, when message {first.id} "
        f"{'had no confirm and never got one' if never else 'was not confirmed yet'}{limit}",
        [*open_ones, message],
        marks={sent.seq: f"message {first.id} had not been confirmed"},
        why="Who goes on without the answer does not know what was lost when the connection breaks.",
        hint="channel.confirm_delivery(), and wait for each confirm, or for a few at a time: window=. A confirm that "
        "does not come needs a timeout, and the message another attempt.",
    )


def _must_act(sent: Sequence[Sent], reported: set[Any]) -> None:
    __tracebackhide__ = True
    given_up = [one for one in sent if not _is_safe(one) and not _is_in(one, reported)]
    if given_up:
        last = given_up[0].copies[-1]
        answer = _answer(last)
        others = f" ({counted(len(given_up), 'such message')})" if len(given_up) > 1 else ""
        told = f"was {answer.kind}" if answer is not None else "was never confirmed"
        blame(
            f"message {last.id} to {last.published_to} {told}, and was neither sent again nor reported{others}",
            [copy for one in given_up for copy in one.copies],
            marks={(answer or last.events[0]).seq: told},
            why="A message that the broker did not take on is lost, unless its producer sends it again or says so.",
            hint="Send it again when it is refused, and after a while when nothing is heard (the consumer must then "
            "know duplicates); keep it in an outbox, or raise. What the producer raised for: reported=[...].",
        )


def _is_safe(sent: Sent) -> bool:
    return any(copy.of("confirmed") for copy in sent.copies)


def _is_in(sent: Sent, reported: set[Any]) -> bool:
    return any(name in reported for copy in sent.copies for name in (copy.key, copy.body, copy.text) if name)
