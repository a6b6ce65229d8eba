"""The tables of figures on the page: the verdict, the integration points, the queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from .markup import Markup, joined, tag
from .summary import brief, counted, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .facts import Health, Point, QueueFacts, Totals

__all__ = ["COLUMNS", "place", "points_table", "preformatted", "queues_table", "scrolling", "tiles"]

_NONE = tag("span", "–", class_="none", title="not known, or too few to tell")


def tiles(totals: Totals) -> Markup:
    """Return the figures of the verdict, each on a tile of its own."""
    shown = [
        _tile("tests", totals["tests"], _outcomes(totals), "bad-note" if totals["failed"] else ""),
        _tile("integration points", totals["points"], counted(totals["calls"], "call")),
        _tile("faults injected", totals["faulted"], f"{counted(totals['errors_with_fault'], 'call')} failed"),
        _tile("recovered", totals["recovered"], "by a retry"),
    ]
    shown += [_tile("shed", totals["shed"], "kept back by clients")] if totals["shed"] else []
    shown += [_tile("dead-lettered", totals["dead_lettered"], "messages")] if totals["dead_lettered"] else []
    without = f"{totals['errors_without_fault']} failed without fault"
    shown.append(_tile("unexpected", totals["unexpected"], without, "bad" if totals["unexpected"] else ""))
    return tag("dl", *shown, class_="tiles")


def _outcomes(totals: Totals) -> str:
    if totals["tests"] and totals["passed"] == totals["tests"]:
        return "all passed"
    words = [f"{totals['passed']} passed"]
    words += [f"{totals['failed']} failed"] if totals["failed"] else []
    words += [f"{totals['skipped']} skipped"] if totals["skipped"] else []
    return ", ".join(words)


def _tile(name: str, number: int, note: str, css: str = "") -> Markup:
    figures = tag("dd", tag("span", str(number), class_="figure"), tag("span", note, class_="note"))
    return tag("div", tag("dt", name), figures, class_=f"tile {css}".strip())


def scrolling(name: str, table: Markup) -> Markup:
    """Return *table* in a frame that scrolls on a narrow screen, also by the keyboard."""
    return tag("div", table, class_="scroll", role="group", aria_label=name, tabindex=0)


def preformatted(name: str, words: str) -> Markup:
    """Return *words* with their lines as they are, in a frame that scrolls."""
    return tag("pre", words, class_="scroll", role="group", aria_label=name, tabindex=0)


# -- integration points


_COLUMNS: tuple[tuple[str, str], ...] = (
    ("calls", "Attempts that reached the fake"),
    ("faults", "Calls that a fault was played on"),
    ("failed with fault", "Failed calls that a fault was played on"),
    ("failed without", "Failed calls that no fault explains"),
    ("recovered", "Logical calls that failed at first and succeeded by a retry"),
    ("gave up", "Logical calls that did not succeed"),
    ("shed", "Calls that the client kept back, by an open breaker say; known where the test uses ClientCalls"),
    ("dead letters", "Messages published here that were dead-lettered"),
)
_Percentile = Literal["p50", "p90", "p95", "max"]
_PERCENTILES: tuple[_Percentile, ...] = get_args(_Percentile)
_TIMES = (
    ("p50", "Median of the durations of calls"),
    ("p90", "Needs 10 calls or more"),
    ("p95", "Needs 20 calls or more"),
    ("max", "The longest call"),
    ("n", "How many durations were measured, on which clock"),
)
COLUMNS = (
    ("availability", "The share of the calls that did not fail; in brackets, of those without a fault"),
    *_COLUMNS,
    *_TIMES,
)
"""What the columns of the integration points are called, and what they mean."""


def points_table(health: Health) -> Markup:
    """Return the integration points, the worst first; columns of which nothing is known are left out."""
    rows = [(point, _numbers(point)) for point in health["points"]]
    known = [place for place in range(len(_COLUMNS)) if any(numbers[place] is not None for _, numbers in rows)]
    heads = [*(_COLUMNS[place] for place in known), *_TIMES]
    availability = tag("span", "availability ", tag("br"), "(without faults)")
    head = [
        tag("th", "integration point", scope="col", class_="name"),
        tag("th", availability, scope="col"),
        *(tag("th", tag("abbr", name, title=title), scope="col", class_="number") for name, title in heads),
    ]
    body = (
        tag(
            "tr",
            _name(point),
            _availability(point),
            *(_number(numbers[place], place) for place in known),
            *_times(point),
        )
        for point, numbers in rows
    )
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body), class_="points")
    return scrolling("Integration points", table)


def _numbers(point: Point) -> tuple[int | None, ...]:
    """Return the numbers of a row, as they stand in `_COLUMNS`."""
    errors, logical = point["errors"], point["logical"]
    return (
        point["calls"],
        point["faulted"],
        errors["with_fault"],
        errors["without_fault"],
        logical["recovered"],
        logical["given_up"],
        point["shed"],
        point["dead_lettered"],
    )


_WITHOUT_FAULT = 3
"""The column that is news if it is not zero."""


def _name(point: Point) -> Markup:
    alarm = tag("span", f"{point['unexpected']} unexpected", class_="badge bad") if point["unexpected"] else ""
    return tag("th", place(point["fake"], point["operation"]), alarm, scope="row", class_="name")


def place(fake: str, name: str) -> Markup:
    """Return the name of an operation or a queue, with that of its fake above."""
    return joined([tag("span", fake, class_="fake"), tag("span", name, class_="operation")])


def _number(number: int | None, column: int = 0) -> Markup:
    css = "zero" if number == 0 else "alarm" if column == _WITHOUT_FAULT else ""
    return tag("td", _NONE if number is None else str(number), class_=f"number {css}".strip())


def _availability(point: Point) -> Markup:
    seen, own = point["availability"], point["availability_without_faults"]
    return tag(
        "td",
        tag("span", percent(seen).replace("-", "–"), class_="seen"),
        tag("span", f" ({percent(own).replace('-', '–')})", class_="note"),
        _bar(point),
        class_="availability",
    )


def _bar(point: Point) -> Markup:
    """Return the shares of the calls that succeeded, failed with a fault, and failed without one."""
    calls = max(point["calls"], 1)
    with_fault = 100 * point["errors"]["with_fault"] / calls
    without = 100 * point["errors"]["without_fault"] / calls
    fine = 100 - with_fault - without if point["calls"] else 0
    return tag(
        "svg",
        tag("rect", x=0, y=0, width=100, height=8, fill="#e4e8ec", class_="b-none"),
        tag("rect", x=0, y=0, width=fine, height=8, fill="#2a6f97", class_="b-ok"),
        tag("rect", x=fine, y=0, width=with_fault, height=8, fill="#d98a3d", class_="b-fault"),
        tag("rect", x=fine + with_fault, y=0, width=without, height=8, fill="#9a2a5f", class_="b-bad"),
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        aria_hidden="true",
        class_="bar",
    )


def _times(point: Point) -> Iterator[Markup]:
    """Yield the percentiles, a line for each clock: virtual and real times do not mix."""
    for name in _PERCENTILES:
        values = [each[name] for each in point["latencies"]]
        yield tag("td", _stacked(brief(value) if value is not None else _NONE for value in values), class_="number")
    clocks = [tag("span", each["clock"], class_="note") for each in point["latencies"]]
    numbers = [str(each["n"]) for each in point["latencies"]]
    if len(numbers) == 1:
        yield tag("td", _stacked([*numbers, *clocks]), class_="number")
    else:
        both = (joined([number, " ", clock]) for number, clock in zip(numbers, clocks, strict=True))
        yield tag("td", _stacked(both), class_="number")


def _stacked(lines: Iterable[str]) -> Markup:
    """Return *lines* one below the other."""
    parts: list[str] = []
    for line in lines:
        parts += [*([tag("br")] if parts else []), line]
    return joined(parts) if parts else _NONE


# -- queues


_Figure = Literal["messages", "deliveries", "redeliveries", "acked", "requeued", "dead_lettered", "lost", "waiting"]
_FIGURES: tuple[_Figure, ...] = get_args(_Figure)


def queues_table(queues: Sequence[QueueFacts]) -> Markup:
    """Return what became of the messages of each queue."""
    head = [
        tag("th", "queue", scope="col", class_="name"),
        *(tag("th", name.replace("_", "-"), scope="col", class_="number") for name in _FIGURES),
    ]
    rows = (
        tag(
            "tr",
            tag("th", place(queue["fake"], queue["queue"]), scope="row", class_="name"),
            *(_number(queue[name]) for name in _FIGURES),
        )
        for queue in queues
    )
    return scrolling("Queues", tag("table", tag("thead", tag("tr", *head)), tag("tbody", *rows)))
