"""What one test adds to the report: the figures of its integration points, its timelines, its messages."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import pairwise
from textwrap import dedent
from typing import TYPE_CHECKING

from .story import fate, is_simple, name_of, story
from .timeline import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.delivery import QueueMessage

    from .facts import DrawnFacts, MessageFacts
    from .timeline import Band, Row

__all__ = ["drawn", "notable"]

ROWS_AT_MOST = 200
_EVENTS_AT_MOST = 24
_TEXT_AT_MOST = 200
"""How many characters of an operation or a fault go into a report."""


def drawn(
    calls: Iterable[Call],
    *,
    groups: Iterable[Sequence[Call]],
    marks: Mapping[int, str],
    bands: Iterable[Band] = (),
) -> DrawnFacts:
    """Return the timeline of *calls* as data; of very many rows the first and the last, and how many were left out.

    *groups* are the logical calls, *marks* are remarks by number of the call, *bands* states that lasted for a while.
    """
    attempts = [[call.seq for call in group] for group in groups if len(group) > 1]
    before = {later: earlier for group in attempts for earlier, later in pairwise(group)}
    known = list(calls)
    layout = lay_out(known, groups=_of(known, attempts), marks=marks, bands=bands)
    rows = layout.rows
    if len(rows) > ROWS_AT_MOST:
        rows = (*rows[: ROWS_AT_MOST // 2], *rows[-ROWS_AT_MOST // 2 :])
    return {
        "lanes": [asdict(lane) for lane in layout.lanes],
        "rows": [asdict(_short(row)) | {"retry_of": before.get(row.seq)} for row in rows],
        "bands": [asdict(band) for band in layout.bands],
        "idles": [asdict(idle) for idle in layout.idles],
        "left_out": len(layout.rows) - len(rows),
    }


def _of(calls: Iterable[Call], attempts: Iterable[Sequence[int]]) -> list[list[Call]]:
    """Return the *calls* with these numbers."""
    by_number = {call.seq: call for call in calls}
    return [[by_number[number] for number in group if number in by_number] for group in attempts]


def notable(messages: Iterable[QueueMessage]) -> list[MessageFacts]:
    """Return the stories of those of *messages* that were not simply delivered once and acked."""
    return [_told(message) for message in messages if not is_simple(message)]


def _short(row: Row) -> Row:
    gap = round(row.gap, 6) if row.gap is not None else None
    return replace(row, operation=_cut(row.operation), fault=_cut(row.fault), mark=_cut(row.mark), gap=gap)


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_AT_MOST else f"{text[: _TEXT_AT_MOST - 1]}…"


def _told(message: QueueMessage) -> MessageFacts:
    _, _, events = story(message, limit=_EVENTS_AT_MOST).partition("\n")
    return {"name": name_of(message), "fate": fate(message), "story": dedent(events).splitlines()}
