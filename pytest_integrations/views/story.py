"""What became of each message, as text: its story, and many messages in a table.

      message 1 to orders: {"order": 17}
         0.000 s  published              to orders             conn 1
         0.000 s  routed                 into orders
         0.000 s  confirmed
         0.010 s  delivered      try 1   from orders           to worker-1, conn 2
         0.012 s  requeued       try 1   into orders           (rejected)
         0.012 s  delivered      try 2   from orders           redelivered, to worker-1, conn 2
         0.013 s  dropped        try 2   from orders           (rejected)
                  ^ no queue has it any more, and its producer believes that it is safe
      now: in no queue

Plain ASCII, at most 100 columns. A message that went round and round is cut in the middle of its story; lines with
marks are always shown, and what was left out is told.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from pytest_integrations.core.delivery import ENDS

from .text import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_integrations.core.delivery import Happening, QueueEvent, QueueMessage

__all__ = ["fate", "is_simple", "name_of", "stories", "story", "table"]

_INDENT = "  "
_BODY = 36
"""How many characters of a body are shown."""

_PLACES: dict[Happening, str] = {
    "published": "to",
    "routed": "into",
    "rejected": "by",
    "delivered": "from",
    "acked": "in",
    "requeued": "into",
    "dead_lettered": "from",
    "expired": "in",
    "dropped": "from",
    "purged": "from",
    "redriven": "from",
    "deduplicated": "in",
}
_MIDDLE = "..."


def stories(
    messages: Iterable[QueueMessage], *, marks: Mapping[int, str] | None = None, limit: int = 5, lines: int = 24
) -> str:
    """Return the stories of the first *limit* of *messages*, and how many were left out.

    *marks* are remarks by number of the event (`event.seq`), each put under its line; a story is cut to *lines*.
    """
    every = list(messages)
    if not every:
        return f"{_INDENT}no messages"
    named = len({message.fake for message in every}) > 1
    told = [story(message, marks=marks, limit=lines, named=named) for message in every[:limit]]
    if len(every) > limit:
        told.append(f"{_INDENT}... {_counted(len(every) - limit, 'message')} more ...")
    return "\n".join(told)


def story(
    message: QueueMessage, *, marks: Mapping[int, str] | None = None, limit: int = 200, named: bool = False
) -> str:
    """Return the story of one *message*, a line an event, with what it is above and where it is now below.

    Args:
        message: whose story.
        marks: remarks by number of the event, each put under its line.
        limit: how many events to show at most; those with marks are always among them.
        named: whether to name the fake.

    """
    marks = marks or {}
    shown = _shown(message.events, limit, marks)
    rows = [_cells(event) for _, event in shown]
    widths = [max((len(cells[column]) for cells in rows), default=0) for column in range(_COLUMNS)]
    lines = [_clipped(f"{_INDENT}{name_of(message, named=named)}")]
    told = 0
    for (place, event), cells in zip(shown, rows, strict=True):
        lines += _left_out(place - told)
        lines += _line(cells, widths)
        lines += _marked(marks.get(event.seq, ""), widths[0])
        told = place + 1
    lines += _left_out(len(message.events) - told)
    return "\n".join([*lines, *textwrap.wrap(f"{_INDENT}now: {fate(message)}", WIDTH, subsequent_indent=_INDENT * 3)])


def table(messages: Iterable[QueueMessage], *, limit: int = 30) -> str:
    """Return *messages* as an aligned table, one line a message: where it was sent, its body, what became of it."""
    every = list(messages)
    if not every:
        return f"{_INDENT}no messages"
    named = len({message.fake for message in every}) > 1
    shown = every if len(every) <= limit else [*every[: limit - limit // 2], *every[len(every) - limit // 2 :]]
    rows = [_row(message, named=named) for message in shown]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_clipped(_INDENT + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True))) for row in rows]
    if len(shown) < len(every):
        missing = _counted(len(every) - len(shown), "message")
        lines.insert(limit - limit // 2, f"{_INDENT}... {missing} not shown ...")
    return "\n".join(lines)


def name_of(message: QueueMessage, *, named: bool = False) -> str:
    """Return what a *message* is called in a failure: `message 3 to orders (id o-17): {"order": 17}`."""
    fake = f" of {_short(message.fake, 16)}" if named else ""
    key = f" (id {_short(message.key, 20)})" if message.key else ""
    return f"message {message.id}{fake} to {_short(message.published_to, 32)}{key}: {_body(message)}"


def is_simple(message: QueueMessage) -> bool:
    """Tell whether nothing is to be told of *message* but that it was delivered once and acked."""
    return len(message.deliveries) == 1 and fate(message) == "acked"


def fate(message: QueueMessage) -> str:
    """Return where a *message* is now, in a few words: `"acked"`, `"waits in orders"`, `"in no queue, dropped (…)"`."""
    flying = [each.queue for each in message.deliveries if each.end is None]
    words = []
    for queue, count in message.places.items():
        taken = min(flying.count(queue), count)
        words += [f"in flight from {_plain(queue)}{_times(taken)}"] if taken else []
        words += [f"waits in {_plain(queue)}{_times(count - taken)}"] if count > taken else []
    if words:
        return ", ".join(words)
    last = next((event for event in reversed(message.events) if event.kind in ENDS), None)
    if last is None:
        return f"in no queue, {message.events[-1].kind}" if message.events else "nowhere"
    return "acked" if last.kind == "acked" else f"in no queue, {_words(last.kind)}{_reason(last)}"


# -- the lines of a story

_COLUMNS = 5
_DETAILS = 24
"""How many characters the last column has at least, where it has to go on below."""


def _cells(event: QueueEvent) -> list[str]:
    return [
        f"{event.time:.3f} s",
        _words(event.kind),
        f"try {event.delivery}" if event.delivery else "",
        _where(event),
        "  ".join(filter(None, (", ".join(_details(event)), _fault(event)))),
    ]


def _where(event: QueueEvent) -> str:
    place = f"{_PLACES[event.kind]} {_plain(event.queue)}" if event.queue and event.kind in _PLACES else ""
    onwards = f"to {', '.join(map(_plain, event.to))}" if event.to else ""
    return " ".join(filter(None, (place, onwards)))


def _fault(event: QueueEvent) -> str:
    return f"<- {_plain(repr(event.fault))}" if event.fault is not None else ""


def _details(event: QueueEvent) -> Iterator[str]:
    if event.reason:
        yield f"({_plain(event.reason)})"
    if event.redelivered:
        yield "redelivered"
    if event.who:
        yield f"{'to' if event.kind == 'delivered' else 'by'} {_short(event.who, 16)}"
    if event.connection:
        yield f"conn {event.connection}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield the line of one event; what does not fit in the page goes on below."""
    padded = [f"{cells[0]:>{widths[0]}}", *(f"{c:<{w}}" for c, w in zip(cells[1:], widths[1:], strict=True) if w)]
    line = f"{_INDENT}   {'  '.join(padded)}".rstrip()
    if len(line) <= WIDTH:
        yield line
        return
    start = f"{_INDENT}   {'  '.join(padded[:-1])}  "
    if cells[-1] and len(start) <= WIDTH - _DETAILS:
        yield from textwrap.wrap(cells[-1], WIDTH, initial_indent=start, subsequent_indent=" " * len(start))
        return
    under = len(_INDENT) + 3 + widths[0] + 2
    text = "  ".join(filter(None, cells))
    yield from textwrap.wrap(f"{_INDENT}   {text:>{widths[0]}}", WIDTH, subsequent_indent=" " * (under + 2))


def _marked(mark: str, width: int) -> Iterator[str]:
    under = len(_INDENT) + 3 + width + 2
    for number, part in enumerate(textwrap.wrap(_plain(mark), WIDTH - under - 2)):
        yield f"{'':{under}}{'  ' if number else '^ '}{part}"


def _shown(events: Sequence[QueueEvent], limit: int, marks: Mapping[int, str]) -> list[tuple[int, QueueEvent]]:
    """Return the first and the last events, and all that are marked, with their places."""
    every = list(enumerate(events))
    if len(every) <= limit:
        return every
    first, last = limit - limit // 2, len(every) - limit // 2
    return [(place, event) for place, event in every if place < first or place >= last or event.seq in marks]


def _left_out(count: int) -> list[str]:
    return [f"{_INDENT}   ... {_counted(count, 'event')} not shown ..."] if count else []


# -- the rows of a table


def _row(message: QueueMessage, *, named: bool) -> list[str]:
    deliveries = len(message.deliveries)
    return [
        f"message {message.id}",
        *([_short(message.fake, 16)] if named else []),
        f"to {_short(message.published_to, 24)}",
        _short(_body(message), 24),
        _counted(deliveries, "delivery") if deliveries else "never delivered",
        fate(message),
    ]


# -- words


def _body(message: QueueMessage) -> str:
    return _short(message.text, _BODY) if message.body else "(empty)"


def _words(kind: Happening) -> str:
    return kind.replace("_", " ")


def _reason(event: QueueEvent) -> str:
    return f" ({_plain(event.reason)})" if event.reason else ""


def _times(count: int) -> str:
    return f" {count} times" if count > 1 else ""


def _counted(number: int, what: str) -> str:
    many = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {what if number == 1 else many}"


def _short(text: str, width: int) -> str:
    plain = _plain(text)
    return plain if len(plain) <= width else plain[: width - len(_MIDDLE)] + _MIDDLE


def _clipped(line: str) -> str:
    return line.rstrip() if len(line.rstrip()) <= WIDTH else line[: WIDTH - len(_MIDDLE)] + _MIDDLE


def _plain(text: str) -> str:
    """Return *text* on one line and in printable ASCII, so that it can be shown on any terminal."""
    line = " ".join(text.split())
    return "".join(sign if " " <= sign <= "~" else sign.encode("unicode_escape").decode() for sign in line)
