"""The health report as lines at the end of a run.

      integration point        calls  faults  failed  recovered    p50     max  availability
      payments  POST /charges     12       5     4+1          3  1.2 ms  2.00 s  58.3 % (85.7 %)

*failed* are the calls that failed with a fault, and after a plus sign those that failed without one; they are never
added up. The availability is the one that the client saw, and, in brackets, that of the calls without a fault.
Plain ASCII, as wide as it is told: on a narrow terminal the times are left out. The worst come first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .text import WIDTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .facts import Health, LatencyFacts, Point, Totals

__all__ = ["brief", "counted", "percent", "summary", "verdict"]

_HEAD = ("integration point", "calls", "faults", "failed", "recovered", "shed", "dead", "p50", "max", "availability")
_LAST = len(_HEAD) - 1
_TIMES = (_HEAD.index("p50"), _HEAD.index("max"))
_POINTS_AT_MOST = 12
_NARROWEST = 24
_NONE = "-"


def summary(health: Health, *, width: int = WIDTH) -> list[str]:
    """Return the lines for a terminal of this *width*: a verdict, and a table of the worst integration points."""
    points = health["points"]
    lines = [verdict(health["totals"])]
    lines += _table(points[:_POINTS_AT_MOST], width) if points else []
    left_out = len(points) - _POINTS_AT_MOST
    if left_out > 0:
        lines.append(f"... {counted(left_out, 'integration point')} more; --integrations-report shows all of them")
    return lines


def verdict(totals: Totals) -> str:
    """Return the run in one line: what was injected, and what became of it."""
    if not totals["calls"]:
        return "no call reached a fake"
    met = f"{totals['faulted']} of {counted(totals['calls'], 'call')} met a fault"
    words = [f"{met} at {counted(totals['points'], 'integration point')}", f"{totals['recovered']} recovered by retry"]
    words += [f"{totals['shed']} shed"] if totals["shed"] else []
    words += [f"{counted(totals['dead_lettered'], 'message')} dead-lettered"] if totals["dead_lettered"] else []
    words += [f"{totals['unexpected']} unexpected"] if totals["unexpected"] else []
    return ", ".join(words)


def brief(seconds: float | None) -> str:
    """Return a duration in few characters.

    >>> brief(0.00004), brief(0.0042), brief(0.0213), brief(2.0), brief(3600), brief(0), brief(None)
    ('0.04 ms', '4.2 ms', '21 ms', '2.00 s', '3600 s', '0 s', '-')
    """
    if seconds is None:
        return _NONE
    if not seconds:
        return "0 s"
    number, unit = (seconds * 1000, "ms") if seconds < 1 else (seconds, "s")
    digits = (
        2 if number < 1 or (number < 10 and unit == "s") else 1 if number < 10 or (number < 100 and unit == "s") else 0
    )
    return f"{number:.{digits}f} {unit}"


def counted(number: int, what: str) -> str:
    """Return *number* with the word for *what* it counts: `"1 call"`, `"2 calls"`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def percent(share: float | None) -> str:
    """Return *share* of 1 as a percentage that is 100 only if nothing is missing, and 0 only if nothing is there.

    >>> percent(0.9999), percent(1.0), percent(0.6667), percent(None)
    ('99.9 %', '100 %', '66.7 %', '-')
    """
    if share is None:
        return _NONE
    tenths = round(share * 1000)
    if (tenths == 1000 and share < 1) or (tenths == 0 and share > 0):
        tenths = 999 if share > 0.5 else 1
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths / 10:.1f} %"


def _table(points: Sequence[Point], width: int) -> list[str]:
    """Return the table, without columns that have no figure, and on a narrow terminal without those of times."""
    rows = [_HEAD, *map(_cells, points)]
    shown = [column for column in range(len(_HEAD)) if any(row[column] != _NONE for row in rows[1:])]
    widths = {column: max(len(row[column]) for row in rows) for column in shown}
    wanted, gap = widths[0], 2
    if width < WIDTH or wanted + _taken(widths, gap) > width:
        widths = {column: each for column, each in widths.items() if column not in _TIMES}
    if wanted + _taken(widths, gap) > width:
        gap = 1
    widths[0] = max(_NARROWEST, min(wanted, width - _taken(widths, gap)))
    return [_line(row, widths, gap) for row in rows]


def _taken(widths: Mapping[int, int], gap: int) -> int:
    """Return how much room the columns but the first take; before the last one, two spaces stand in any case."""
    return sum(width + gap for column, width in widths.items() if column) + 2 - gap


def _line(row: Sequence[str], widths: Mapping[int, int], gap: int) -> str:
    cells = [f"{row[column]:>{width}}" for column, width in widths.items() if 0 < column < _LAST]
    first = row[0] if len(row[0]) <= widths[0] else _middle(row[0], widths[0])
    return f"{(' ' * gap).join([f'{first:<{widths[0]}}', *cells])}  {row[_LAST]}".rstrip()


def _middle(text: str, width: int) -> str:
    """Cut *text* in its middle; a fake and the last segment of an operation tell it from others."""
    tail = (width - 3) // 2
    return f"{text[: width - 3 - tail]}...{text[len(text) - tail :]}"


def _cells(point: Point) -> tuple[str, ...]:
    errors = point["errors"]
    times = _times(point["latencies"])
    unexpected = f", {point['unexpected']} unexpected" if point["unexpected"] else ""
    seen, own = percent(point["availability"]), percent(point["availability_without_faults"])
    return (
        _plain(f"{point['fake']}  {point['operation']}"),
        str(point["calls"]),
        str(point["faulted"]),
        f"{errors['with_fault']}+{errors['without_fault']}" if errors["without_fault"] else str(errors["with_fault"]),
        str(point["logical"]["recovered"]),
        _number(point["shed"]),
        _number(point["dead_lettered"]),
        brief(times["p50"]) if times is not None else _NONE,
        brief(times["max"]) if times is not None else _NONE,
        f"{seen} ({own}){unexpected}",
    )


def _times(latencies: Sequence[LatencyFacts]) -> LatencyFacts | None:
    """Return the times of the clock that has measured more; they do not mix."""
    return max(latencies, key=lambda times: times["n"], default=None)


def _number(number: int | None) -> str:
    return _NONE if number is None else str(number)


def _plain(text: str) -> str:
    """Return *text* on one line and in ASCII, so that it can be printed on any terminal."""
    return (text if text.isprintable() else repr(text)).encode("ascii", "backslashreplace").decode()
