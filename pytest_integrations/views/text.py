"""The timeline as text: what stands under a failed test.

      fake_rest  3 calls on 2 connections, 3.01 s
      #1  0.000 s            conn 1         POST /charges  x 503            <- status(503)
      #2  1.001 s  +1.000 s  conn 1 reused  POST /charges  ! reset          <- connection_reset()
      #3  3.004 s  +2.002 s  conn 2         POST /charges  ok 201

Plain ASCII, at most 100 columns. Each row has a shape and a word: `ok` answered, `-` declined, `x` refused,
`~` spoiled, `!` broken off, `<` the client left, `.` still open. "applied" tells that the handler ran although the
client did not see its answer.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from .timeline import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_integrations.core.call import Call

    from .timeline import Band, Idle, Kind, Lane, Row, Timeline

__all__ = ["WIDTH", "render", "seconds", "timeline"]

WIDTH = 100
"""Columns; pytest puts four before each line of a failure."""

_SHAPES: dict[Kind, str] = {
    "ok": "ok",
    "declined": "-",
    "refused": "x",
    "spoiled": "~",
    "broken": "!",
    "left": "<",
    "open": ".",
}
_LOST: frozenset[Kind] = frozenset({"spoiled", "broken", "left"})
_INDENT = "  "
_NARROWEST = 12
_AT, _BELOW = 0, 1
_Line = tuple[int, int, str]
"""A line with its place: the number of a call, and whether it is that call's row or comes below it."""


def timeline(
    calls: Iterable[Call],
    *,
    title: str | None = None,
    marks: Mapping[int, str] | None = None,
    bands: Iterable[Band] = (),
    groups: Iterable[Sequence[Call]] = (),
    limit: int = 200,
) -> str:
    """Return *calls* as an aligned table of text, one line a call, with the fakes' totals above.

    Args:
        calls: what to show, of one fake or of several.
        title: a line to put on top.
        marks: remarks by number of the call (`call.seq`), each put under the gap of its row.
        bands: states that lasted for a while, each told on a line of its own at the time when it began.
        groups: the logical calls, where they are known; their attempts are numbered.
        limit: how many rows to show at most; rows with marks are always among them, and what was left out is told.

    """
    return render(lay_out(calls, marks=marks, bands=bands, groups=groups), title=title, limit=limit)


def render(layout: Timeline, *, title: str | None = None, limit: int = 200) -> str:
    """Return a *layout* as text; see `timeline`."""
    lines = [title] if title is not None else []
    lines += _heads(layout.lanes)
    shown = _shown(layout.rows, limit)
    told = [*_rows(shown, named=len(layout.lanes) > 1), *_left_out(layout.rows, shown)]
    for band in layout.bands:
        place = _last_before(layout.rows, band.start) if band.after is None else band.after
        told += [(place, _BELOW, line) for line in _band(band)]
    for idle in _untold(layout.idles, shown):
        told.append((_last_before(layout.rows, idle.end), _BELOW, f"{_INDENT}     ~ {seconds(idle.seconds)} idle ~"))
    told.sort(key=lambda line: line[:2])
    return "\n".join([*lines, *(line for _, _, line in told)])


def seconds(duration: float) -> str:
    """Return *duration* in a form to be read: `"0.004 s"`, `"1.21 s"`, `"28.2 s"`, `"3600 s"`.

    >>> seconds(1.2093)
    '1.21 s'
    """
    digits = 3 if abs(duration) < 1 else 2 if abs(duration) < 10 else 1 if abs(duration) < 1000 else 0
    return f"{duration:.{digits}f} s"


def _heads(lanes: Sequence[Lane]) -> list[str]:
    if not lanes:
        return [f"{_INDENT}no calls"]
    width = max(len(_plain(lane.fake)) for lane in lanes)
    return [f"{_INDENT}{_plain(lane.fake):<{width}}  {_extent(lane)}" for lane in lanes]


def _extent(lane: Lane) -> str:
    plural = "" if lane.calls == 1 else "s"
    connections = f"{lane.connections} connection{'' if lane.connections == 1 else 's'}"
    return f"{lane.calls} call{plural} on {connections}, {seconds(lane.end - lane.start)}"


def _shown(rows: Sequence[Row], limit: int) -> list[Row]:
    """Return the first and the last rows, and all that are marked."""
    if len(rows) <= limit:
        return list(rows)
    first, last = limit - limit // 2, len(rows) - limit // 2
    return [row for place, row in enumerate(rows) if place < first or place >= last or row.mark]


def _left_out(rows: Sequence[Row], shown: Sequence[Row]) -> Iterator[_Line]:
    """Yield a line for each run of rows that is not shown, where its last one would stand."""
    kept = {row.seq for row in shown}
    missing = 0
    for place, row in enumerate(rows, start=1):
        if row.seq in kept:
            continue
        missing += 1
        if place == len(rows) or rows[place].seq in kept:
            yield row.seq, _AT, f"{_INDENT}     ... {missing} call{'' if missing == 1 else 's'} not shown ..."
            missing = 0


def _last_before(rows: Sequence[Row], time: float) -> int:
    return max((row.seq for row in rows if row.time < time), default=0)


def _untold(idles: Sequence[Idle], rows: Sequence[Row]) -> list[Idle]:
    """Return the idle stretches that no row tells by its gap."""
    gaps = {(row.time, round(row.gap, 3)) for row in rows if row.gap is not None}
    return [idle for idle in idles if (idle.end, round(idle.seconds, 3)) not in gaps]


def _band(band: Band) -> list[str]:
    begin = f" from {band.start:.3f} s" if band.end is None else f", {band.start:.3f} s to {band.end:.3f} s"
    note = f": {_plain(band.note)}" if band.note else ""
    text = f"-- {_plain(band.state)}{begin}{note}"
    return textwrap.wrap(text, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT + "   ")


def _rows(rows: Sequence[Row], *, named: bool) -> Iterator[_Line]:
    table = [_cells(row, named=named) for row in rows]
    if not table:
        return
    widths = [max(len(cells[column]) for cells in table) for column in range(len(table[0]))]
    used = [column for column, width in enumerate(widths) if width]
    _fit(widths, used)
    under = len(_INDENT) + sum(widths[column] + 2 for column in used if column < _GAP)
    for row, cells in zip(rows, table, strict=True):
        line = "  ".join(_pad(cells[column], widths[column], column) for column in used)
        yield row.seq, _AT, f"{_INDENT}{line}".rstrip()
        if row.mark:
            wrapped = textwrap.wrap(_plain(row.mark), WIDTH - under - 2, break_long_words=True)
            for number, part in enumerate(wrapped):
                yield row.seq, _AT, f"{'':{under}}{'  ' if number else '^ '}{part}"


_GAP, _OPERATION, _FAULT = 2, 6, 8
_RIGHT = {0, 1, _GAP}


def _cells(row: Row, *, named: bool) -> list[str]:
    applied = ", applied" if row.handled and row.kind in _LOST else ""
    left = f", left after {row.end - row.time:.3f} s" if row.kind == "left" and row.end is not None else ""
    return [
        f"#{row.seq}",
        f"{row.time:.3f} s",
        _gap(row.gap),
        f"try {row.attempt}" if row.attempt is not None else "",
        _plain(row.fake) if named else "",
        f"conn {row.connection}{' reused' if row.reused else ''}",
        _plain(row.operation),
        f"{_shape(row)}{applied}{left}",
        f"<- {_plain(row.fault)}" if row.fault else "",
    ]


def _shape(row: Row) -> str:
    shape = _SHAPES[row.kind]
    return shape if row.verdict == shape else f"{shape} {row.verdict}"


def _gap(gap: float | None) -> str:
    if gap is None:
        return ""
    return "overlaps" if round(gap, 3) < 0 else f"+{max(gap, 0.0):.3f} s"


def _fit(widths: list[int], used: Sequence[int]) -> None:
    """Narrow the operations and the faults, the wider of them first, until a row fits in the page."""
    elastic = [column for column in (_FAULT, _OPERATION) if column in used]
    excess = len(_INDENT) + sum(widths[each] + 2 for each in used) - 2 - WIDTH
    for _ in range(excess):
        widest = max(elastic, key=widths.__getitem__)
        if widths[widest] > _NARROWEST:
            widths[widest] -= 1


def _pad(cell: str, width: int, column: int) -> str:
    if len(cell) > width:
        cell = _shortened(cell, width, from_the_middle=column == _OPERATION)
    return f"{cell:>{width}}" if column in _RIGHT else f"{cell:<{width}}"


def _shortened(cell: str, width: int, *, from_the_middle: bool) -> str:
    """Cut *cell* to *width*; an operation keeps its method and its last segment, which tell it from others."""
    if not from_the_middle:
        return cell[: width - 3] + "..."
    tail = (width - 3) // 2
    return cell[: width - 3 - tail] + "..." + cell[len(cell) - tail :]


def _plain(text: str) -> str:
    """Return *text* on one line and in ASCII, so that it can be printed on any terminal."""
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()
