"""How an assertion on messages fails: the verdict on the first line, then the stories that it was reached from.

    2 of 5 messages were lost: message 1 to orders was confirmed, and dropped from orders (rejected)
      message 1 to orders: poison
         0.000 s  published           to orders    conn 1
         0.000 s  confirmed
         0.012 s  dropped     try 1   from orders  (rejected)
                  ^ in no queue any more
      now: in no queue, dropped (rejected)

    A connection that died …                                          who has gone, before anybody else is blamed
    A message that is confirmed is the broker's to keep …             why it matters
    -> Give the queue a dead-letter queue …                           what to do

The parts and their order are those of `evidence`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from pytest_integrations.core.delivery import Messages
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError
from pytest_integrations.core.ledger import Calls

from .evidence import compose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.delivery import QueueMessage

__all__ = ["blame", "counted", "departures", "must_be_messages", "no_message_to_check"]

_STORIES = 5
"""One story tells how it happened; the others tell that it was no accident."""

_MARKS = 8
"""Lines with marks are always shown, and so there may not be too many."""


def blame(
    verdict: str,
    messages: Iterable[QueueMessage],
    *,
    why: str = "",
    hint: str = "",
    notes: Iterable[str] = (),
    marks: Mapping[int, str] | None = None,
    footnote: str = "",
) -> NoReturn:
    """Raise `ResilienceError` with a *verdict* and the stories of the *messages* that it is about.

    *marks* are remarks by number of the event, the most important first; the other parts are those of `evidence.fail`.
    """
    __tracebackhide__ = True
    from pytest_integrations.views.story import stories  # drawing is needed by failures alone

    drawn = stories(messages, marks=dict(list((marks or {}).items())[:_MARKS]), limit=_STORIES)
    raise ResilienceError(compose(verdict, drawn, notes=notes, why=why, hint=hint, footnote=footnote))


def no_message_to_check(
    what: str, messages: Iterable[QueueMessage], *, hint: str = "", notes: Iterable[str] = (), footnote: str = ""
) -> NoReturn:
    """Raise `NothingToCheck`: *what* tells what is missing among *messages*, *hint* how to get it."""
    __tracebackhide__ = True
    from pytest_integrations.views.story import table

    why = "No message could have broken the rule, so that passing would prove nothing."
    text = compose(f"nothing to check: {what}", table(messages), notes=notes, why=why, hint=hint, footnote=footnote)
    raise NothingToCheck(text)


def must_be_messages(messages: object) -> None:
    """Refuse what is no `Messages`, and what is empty: then nothing was published."""
    __tracebackhide__ = True
    if not isinstance(messages, Messages):
        shown = f"{len(messages)} calls" if isinstance(messages, Calls) else repr(messages)
        msg = (
            f"messages={shown} is not what a ledger has of messages: "
            "valid are fake.messages, fake.queue(name).messages, and parts of them"
        )
        raise ScriptingError(msg)
    if not messages:
        no_message_to_check(
            "no message was published",
            messages,
            hint="Publish some, by the producer or by queue.publish(...); is the producer given the URL of the fake, "
            "and does it publish to this queue?",
        )


def departures(messages: Messages, about: Iterable[QueueMessage]) -> list[str]:
    """Return a note for each consumer that has gone while it had one of the messages *about*."""
    known = {connection.id: connection for connection in messages.ledger.connections}
    left: dict[int, Connection] = {}
    for message in about:
        for delivery in message.deliveries[-1:]:
            connection = known.get(delivery.event.connection)
            if connection is not None and connection.closed is not None and delivery.outcome in _NOT_DONE:
                left[connection.id] = connection
    return [_departure(connection) for connection in left.values()]


_NOT_DONE = frozenset({"unsettled", "requeued"})


def _departure(connection: Connection) -> str:
    who = "the client" if connection.closed_by == "client" else "the fake"
    fault = f", by {connection.fault!r}" if connection.fault is not None else ""
    return (
        f"First of all: connection {connection.id}, which had the last delivery, was closed by {who}{fault} at "
        f"{connection.closed:.3f} s. Did the consumer die, or stop before it was done?"
    )


def counted(number: int, what: str = "message") -> str:
    """Return the words for a *number* of things.

    >>> counted(1), counted(3, "delivery")
    ('1 message', '3 deliveries')
    """
    many = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {what if number == 1 else many}"
