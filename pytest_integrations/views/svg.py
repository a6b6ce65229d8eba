"""The timeline as a picture: a row a call, time from left to right, idle stretches drawn short.

    #1  POST /charges                 |▲            |            ▲ 503 <- status(503)
    #2  POST /charges   try 2 +1.0 s  |  ✖          |            ✖ reset <- connection_reset()
    #3  POST /charges   try 3 +2.0 s  |      ===●   |            ● 201

It is drawn from the data of the report, with its colours as attributes, so that it can stand alone as a file.
"""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from .markup import Markup, joined, tag
from .shapes import COLOURS, KINDS, shape
from .summary import brief, counted
from .time_scale import scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .facts import DrawnFacts
    from .time_scale import Scale
    from .timeline import Kind

__all__ = ["described", "picture"]

_Row = dict[str, Any]

ROWS_AT_MOST = 60
_WIDTH, _LEFT, _RIGHT = 1000, 318.0, 752.0
"""The width of the picture, and where its time begins and ends."""
_TOP, _STEP, _BOTTOM = 46, 22, 8
"""The room above the rows, the height of one, and the room below them."""
_INK, _MUTED, _LINE, _GROUND, _STRIPE = "#1f2328", "#57606a", "#d5dae0", "#ffffff", "#f5f7f9"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_LETTER = 6.4
"""How wide a character is, about."""


def picture(drawn: DrawnFacts, *, key: str = "timeline") -> Markup:
    """Return the picture of a timeline; *key* tells its ids from those of other pictures on the same page."""
    rows = drawn["rows"][:ROWS_AT_MOST]
    bands = drawn["bands"]
    top = _TOP + (_STEP + 4 if bands else 0)
    height = top + _STEP * len(rows) + _BOTTOM
    line = _scale(rows, drawn)
    middles = {row["seq"]: top + _STEP * number + _STEP / 2 for number, row in enumerate(rows)}
    named = len(drawn["lanes"]) > 1
    parts = [
        tag("title", f"Timeline of {', '.join(lane['fake'] for lane in drawn['lanes'])}", id=f"{key}-title"),
        tag("desc", described(drawn), id=f"{key}-desc"),
        tag("rect", x=0, y=0, width=_WIDTH, height=height, rx=6, fill=_GROUND, class_="ground"),
        *(_stripe(0, top + _STEP * number, _WIDTH, _STEP) for number in range(0, len(rows), 2)),
        *_axis(line, height),
        *_idles(line, height),
        *_bands(bands, line),
        *_waits(rows, line, middles),
        *(_row(row, middles[row["seq"]], line, named=named) for row in rows),
    ]
    return tag(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {height}",
        width=_WIDTH,
        height=height,
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        font_family=_FONT,
        font_size=12,
        class_="timeline",
    )


def described(drawn: DrawnFacts) -> str:
    """Return the picture in a sentence."""
    rows = drawn["rows"]
    kinds = Counter(KINDS[row["kind"]] for row in rows)
    came_to = ", ".join(f"{number} {word}" for word, number in kinds.items())
    faults = sum(bool(row["fault"]) for row in rows)
    lasted = max((lane["end"] for lane in drawn["lanes"]), default=0.0) - min(
        (lane["start"] for lane in drawn["lanes"]), default=0.0
    )
    words = f"{counted(len(rows), 'call')} in {brief(lasted)}: {came_to}; {faults} met a fault."
    idle = sum(each["end"] - each["start"] for each in drawn["idles"])
    return f"{words} {brief(idle)} without a call are drawn short." if idle else words


def _scale(rows: Sequence[_Row], drawn: DrawnFacts) -> Scale:
    start = min((row["time"] for row in rows), default=0.0)
    end = max((_end(row) for row in rows), default=0.0)
    idles = [(each["start"], each["end"]) for each in drawn["idles"] if start <= each["start"] and each["end"] <= end]
    return scale(start, end, left=_LEFT, width=_RIGHT - _LEFT, idles=idles)


def _end(row: Mapping[str, Any]) -> float:
    end: float | None = row["end"]
    return row["time"] if end is None else max(end, row["time"])  # type: ignore[no-any-return]  # a number of the JSON


def _stripe(x: float, y: float, width: float, height: float) -> Markup:
    return tag("rect", x=x, y=y, width=width, height=height, fill=_STRIPE, class_="stripe")


def _axis(line: Scale, height: int) -> Iterator[Markup]:
    """Yield a line and a label for each tick that has room."""
    free = 0.0
    for tick in line.ticks:
        x = line.at(tick)
        yield tag("line", x1=x, y1=_TOP - 8, x2=x, y2=height - _BOTTOM, stroke=_LINE, class_="rule")
        label = _moment(tick, line)
        half = len(label) * _LETTER / 2
        if x - half >= free:
            free = x + half + 10
            yield _words(label, x, _TOP - 14, anchor="middle", muted=True)


def _moment(tick: float, line: Scale) -> str:
    if 0 < line.end - line.start < 1 and abs(tick) < 1:
        return f"{tick * 1000:g} ms"
    return f"{tick:g} s"


def _idles(line: Scale, height: int) -> Iterator[Markup]:
    """Yield a strip with torn edges for each idle stretch, and how long it really was."""
    free = 0.0
    for begin, end in line.idles:
        x, width = line.at(begin), line.short
        yield _stripe(x, _TOP, width, height - _TOP - _BOTTOM)
        for edge in (x, x + width):
            steps = "".join(f"l{3 if step % 2 else -3} 6" for step in range((height - _TOP - _BOTTOM) // 6))
            yield tag("path", d=f"M{edge:.1f} {_TOP}{steps}", fill="none", stroke=_LINE, class_="rule")
        label = f"{brief(end - begin)} idle"
        half = len(label) * _LETTER / 2
        if x + width / 2 - half >= free:
            free = x + width / 2 + half + 10
            yield _words(label, x + width / 2, 15, anchor="middle", muted=True)


def _bands(bands: Sequence[_Row], line: Scale) -> Iterator[Markup]:
    """Yield a strip above the rows for each state that lasted for a while, with its word in it."""
    if bands:
        yield _words("state", _LEFT - 16, _TOP + 15, anchor="end", muted=True)
    for band, following in zip_longest(bands, bands[1:]):
        ends = [each for each in (band["end"], following["start"] if following else None) if each is not None]
        x, to = line.at(max(band["start"], line.start)), line.at(min([*ends, line.end]))
        if to > x:
            css, colour = ("band-shut", "#dbe7ef") if band["state"] == "closed" else ("band-open", "#f6ddcb")
            hover = tag("title", f"{band['state']} from {brief(band['start'])}: {band['note']}")
            strip = tag("rect", x=x, y=_TOP, width=to - x, height=_STEP, rx=3, fill=colour, class_=css)
            yield tag("g", hover, strip, _fitting(band["state"], x + 5, to))


def _fitting(state: str, x: float, to: float) -> Markup:
    """Return the word for a state, in short if there is little room, or nothing."""
    words = (state, state.rpartition(" ")[2])
    fits = next((word for word in words if len(word) * _LETTER < to - x), None)
    return _words(fits, x, _TOP + 15) if fits is not None else joined([])


def _waits(rows: Sequence[_Row], line: Scale, middles: Mapping[int, float]) -> Iterator[Markup]:
    """Yield the way from each attempt to the next one of the same logical call."""
    ends = {row["seq"]: line.at(_end(row)) for row in rows}
    for row in rows:
        before = row["retry_of"]
        if before in ends:
            way = f"M{ends[before]:.1f} {middles[before]:g}V{middles[row['seq']]:g}H{line.at(row['time']):.1f}"
            yield tag("path", d=way, fill="none", stroke=_MUTED, stroke_dasharray="2 3", class_="wait")


def _row(row: _Row, y: float, line: Scale, *, named: bool) -> Markup:
    begin, end = line.at(row["time"]), line.at(_end(row))
    kind: Kind = row["kind"]
    fault = f"  ← {row['fault']}" if row["fault"] else ""
    verdict = row["verdict"] or KINDS[kind]
    room = int((_WIDTH - _RIGHT - 44) / _LETTER)
    parts = [tag("title", f"#{row['seq']} {row['operation']}: {KINDS[kind]}, {verdict}{fault}")]
    parts += _label(row, y, named=named)
    if end - begin > 1:
        parts.append(_bar(begin, end, y, kind))
    parts += [shape(kind, end, y), shape(kind, _RIGHT + 26, y, 4.5)]
    return tag("g", *parts, _words(_cut(f"{verdict}{fault}", room), _RIGHT + 38, y + 4))


def _bar(begin: float, end: float, y: float, kind: Kind) -> Markup:
    width, colour = end - begin, COLOURS[kind]
    return tag("rect", x=begin, y=y - 3, width=width, height=6, rx=3, fill=colour, opacity="0.55", class_=f"k-{kind}")


def _label(row: _Row, y: float, *, named: bool) -> Iterator[Markup]:
    about = "" if row["attempt"] is None else f"try {row['attempt']}"
    if about and row["gap"] is not None and row["attempt"] > 1:
        about += f", +{brief(max(row['gap'], 0.0))}"
    room = int((_LEFT - 60 - len(about) * _LETTER) / _LETTER)
    operation = f"{row['fake']}  {row['operation']}" if named else row["operation"]
    yield _words(f"#{row['seq']}", 36, y + 4, anchor="end", muted=True)
    yield _words(_cut(operation, room), 44, y + 4)
    if about:
        yield _words(about, _LEFT - 16, y + 4, anchor="end", muted=True)


def _words(words: str, x: float, y: float, *, anchor: str | None = None, muted: bool = False) -> Markup:
    colour = _MUTED if muted else _INK
    return tag("text", words, x=x, y=y, fill=colour, text_anchor=anchor, class_="muted" if muted else "ink")


def _cut(words: str, room: int) -> str:
    return words if len(words) <= room else f"{words[: room - 1]}…"
