"""The tests on the page: each with its picture, its calls in a table, its messages, and the line that replays it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .markup import Markup, joined, tag
from .page_figures import preformatted, scrolling
from .shapes import KINDS, SIGNS
from .summary import brief, counted
from .svg import ROWS_AT_MOST, picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .facts import CaseEntry, DrawnFacts, Entry, MessageFacts

__all__ = ["tests"]

_BAD = {"failed", "error", "crashed"}
_SIGNS = {"passed": "✓", "xpassed": "✓", "failed": "✗", "error": "✗", "crashed": "✗", "skipped": "–", "xfailed": "–"}
_LOST = {"spoiled", "broken", "left"}


def tests(entries: Sequence[Entry]) -> Markup:
    """Return every test, those that failed first and unfolded."""
    ordered = sorted(enumerate(entries, start=1), key=lambda each: each[1]["outcome"] not in _BAD)
    return joined(_test(entry, number) for number, entry in ordered)


def _test(entry: Entry, number: int) -> Markup:
    css = "bad" if entry["outcome"] in _BAD else "good" if entry["outcome"] in {"passed", "xpassed"} else "other"
    summary = tag(
        "summary",
        tag("span", f"{_SIGNS[entry['outcome']]} {entry['outcome']}", class_=f"badge {css}"),
        tag("span", *_name(entry["id"]), class_="test"),
        tag("span", _figures(entry), class_="note"),
    )
    return tag(
        "details",
        summary,
        tag("div", *_body(entry, number), class_="body"),
        class_="test-case",
        open=entry["outcome"] in _BAD,
        id=f"test-{number}",
    )


def _name(test: str) -> tuple[str, ...]:
    """Return the id of a test, with its file apart."""
    file, colons, name = test.partition("::")
    return (tag("span", file + colons, class_="file"), name) if name else (test,)


def _figures(entry: Entry) -> str:
    words = [counted(entry["calls"], "call")]
    words += [counted(entry["faulted"], "fault")] if entry["faulted"] else []
    words += [f"{entry['recovered']} recovered"] if entry["recovered"] else []
    words += [f"rerun {counted(entry['reruns'], 'time')}"] if entry["reruns"] else []
    return ", ".join([*words, brief(entry["seconds"])])


def _body(entry: Entry, number: int) -> Iterator[Markup]:
    for problem, times in Counter(entry["problems"]).items():
        yield tag("pre", problem if times == 1 else f"{problem}\n({times} times)", class_="problem")
    for rule in entry["never_fired"]:
        yield tag("p", tag("strong", "Never fired: "), tag("code", rule))
    if entry["cases"]:
        yield _cases(entry["cases"])
    for place, drawn in enumerate(entry["timelines"], start=1):
        yield from _timeline(drawn, f"t{number}-{place}", entry)
    yield from _messages(entry["messages"], entry["messages_left_out"])
    chance = f"Fault profile {entry['profile']!r}, seed {entry['seed']}. " if entry["profile"] else ""
    yield tag("p", f"{chance}Replay:", class_="note replay")
    yield preformatted("Command", entry["replay"])


# -- cases


def _cases(cases: Sequence[CaseEntry]) -> Markup:
    left = [tag("th", name, scope="col") for name in ("case", "status", "request", "came back", "error")]
    numbers = [tag("th", name, scope="col", class_="number") for name in ("took", "calls", "faults")]
    table = tag("table", tag("thead", tag("tr", *left, *numbers)), tag("tbody", *map(_case, cases)))
    return scrolling("Cases", table)


def _case(case: CaseEntry) -> Markup:
    css = "good" if case["status"] == "passed" else "bad"
    sign = _SIGNS.get(case["status"], "✗")
    return tag(
        "tr",
        tag("th", case["name"], scope="row"),
        tag("td", tag("span", f"{sign} {case['status']}", class_=f"badge {css}")),
        tag("td", tag("code", case["request"] or case["point"])),
        tag("td", tag("code", case["response"])),
        tag("td", case["error"]),
        tag("td", f"{brief(case['seconds'])} {case['clock']}", class_="number"),
        tag("td", str(case["calls"]), class_="number"),
        tag("td", str(case["faulted"]), class_="number"),
    )


# -- calls


def _timeline(drawn: DrawnFacts, key: str, entry: Entry) -> Iterator[Markup]:
    heads = ", ".join(
        f"{lane['fake']} {counted(lane['calls'], 'call')} on {counted(lane['connections'], 'connection')}"
        for lane in drawn["lanes"]
    )
    caption = f"{heads}; times are {entry['clock']}."
    shown = len(drawn["rows"])
    if shown > ROWS_AT_MOST:
        caption += f" The picture shows the first {ROWS_AT_MOST} calls."
    if drawn["left_out"]:
        caption += f" {counted(drawn['left_out'], 'call')} in the middle left out."
    image = tag(
        "div", picture(drawn, key=key), class_="scroll picture", role="group", aria_label="Timeline", tabindex=0
    )
    yield tag("figure", image, tag("figcaption", caption))
    if drawn["bands"]:
        yield tag("ul", *(tag("li", _state(band)) for band in drawn["bands"]), class_="states")
    table = scrolling("Calls", tag("table", _head(drawn), tag("tbody", *(_row(row, drawn) for row in drawn["rows"]))))
    yield tag("details", tag("summary", f"{counted(shown, 'call')} as a table"), table, class_="inner")


def _state(band: Mapping[str, Any]) -> str:
    until = f" to {brief(band['end'])}" if band["end"] is not None else ""
    return f"{band['state']} from {brief(band['start'])}{until}" + (f": {band['note']}" if band["note"] else "")


def _head(drawn: DrawnFacts) -> Markup:
    named = [tag("th", "fake", scope="col")] if len(drawn["lanes"]) > 1 else []
    left = [tag("th", name, scope="col") for name in ("operation", "outcome", "fault", "connection")]
    numbers = [tag("th", name, scope="col", class_="number") for name in ("at", "gap", "try", "took")]
    return tag("thead", tag("tr", tag("th", "#", scope="col", class_="number"), *named, *left, *numbers))


def _row(row: Mapping[str, Any], drawn: DrawnFacts) -> Markup:
    named = [tag("td", row["fake"])] if len(drawn["lanes"]) > 1 else []
    took = None if row["end"] is None else row["end"] - row["time"]
    kind = row["kind"]
    applied = ", applied" if row["handled"] and kind in _LOST else ""
    outcome = [
        tag("span", SIGNS[kind], class_=f"sign k-{kind}", aria_hidden="true"),
        f" {KINDS[kind]}",
        f" {row['verdict']}{applied}" if row["verdict"] else applied,
    ]
    mark = tag("div", row["mark"], class_="mark") if row["mark"] else ""
    return tag(
        "tr",
        tag("td", str(row["seq"]), class_="number"),
        *named,
        tag("td", tag("code", row["operation"]), mark),
        tag("td", *outcome),
        tag("td", tag("code", row["fault"]) if row["fault"] else ""),
        tag("td", f"{row['connection']}{' reused' if row['reused'] else ''}"),
        tag("td", f"{row['time']:.3f} s", class_="number"),
        tag("td", _gap(row["gap"]), class_="number"),
        tag("td", str(row["attempt"] or ""), class_="number"),
        tag("td", brief(took) if took is not None else "", class_="number"),
    )


def _gap(gap: float | None) -> str:
    if gap is None:
        return ""
    return "overlaps" if round(gap, 3) < 0 else f"+{max(gap, 0.0):.3f} s"


# -- messages


def _messages(messages: Sequence[MessageFacts], left_out: int) -> Iterator[Markup]:
    if not messages:
        return
    more = f" The first {len(messages)} of {len(messages) + left_out}." if left_out else ""
    told = [_message(message) for message in messages]
    title = f"{counted(len(messages) + left_out, 'message')} not simply delivered and acked"
    yield tag("details", tag("summary", title + more), *told, class_="inner")


def _message(message: MessageFacts) -> Markup:
    story = preformatted("Story of a message", "\n".join(message["story"]))
    return joined(
        [tag("p", tag("code", message["name"]), " ", tag("span", message["fate"], class_="badge other")), story]
    )
