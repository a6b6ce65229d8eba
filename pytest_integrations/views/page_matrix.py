"""Which faults met which integration points, and what came of it: the cells that are empty are the holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .markup import Markup, joined, tag
from .page_figures import place, scrolling
from .summary import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .facts import Cell, FaultSeen, Health

__all__ = ["matrix"]


def matrix(health: Health) -> Markup:
    """Return the table of faults by integration points, and a list of the points that met none."""
    cells = {(cell["fake"], cell["operation"], cell["fault"]): cell for cell in health["matrix"]}
    places = [(point["fake"], point["operation"]) for point in health["points"]]
    tried = {(fake, operation) for fake, operation, _ in cells}
    heads = (tag("th", _fault(fault), scope="col", class_="turned") for fault in health["faults"])
    head = tag("tr", tag("th", "integration point", scope="col", class_="name"), *heads)
    rows = (
        tag(
            "tr",
            tag("th", place(*each), scope="row", class_="name"),
            *(_cell(cells.get((*each, fault["name"]))) for fault in health["faults"]),
        )
        for each in places
        if each in tried
    )
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="matrix")
    return joined([scrolling("Faults by integration points", table), _untouched([e for e in places if e not in tried])])


def _untouched(places: Sequence[tuple[str, str]]) -> Markup:
    if not places:
        return joined([])
    names = tag("ul", *(tag("li", place(*each)) for each in places), class_="plain")
    words = f"{counted(len(places), 'integration point')} met no fault at all"
    return tag("details", tag("summary", words), names, class_="inner")


def _fault(fault: FaultSeen) -> Markup:
    return tag("span", tag("abbr", fault["name"], title=", ".join(fault["scripted"])), class_="turn")


def _cell(cell: Cell | None) -> Markup:
    if cell is None:
        return tag(
            "td", tag("span", "never tried", class_="hidden"), tag("span", "·", aria_hidden="true"), class_="never"
        )
    parts = []
    if cell["survived"]:
        parts.append(_count("✓", cell["survived"], "survived", "good"))
    if cell["failed"]:
        parts.append(_count("✗", cell["failed"], "failed", "bad"))
    return tag("td", *parts, class_="tried bad" if cell["failed"] else "tried good")


def _count(sign: str, number: int, word: str, css: str) -> Markup:
    shown = tag("span", f"{sign} {number}", aria_hidden="true")
    return tag("span", shown, tag("span", f"{number} {word} ", class_="hidden"), class_=f"count {css}")
