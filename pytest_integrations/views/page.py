"""The report as one page: a function of its data, in one file, without script, and without anything from outside.

    verdict             what was injected, what became of it, how to run it again
    integration points  the worst first
    queues              where messages went, if there are any
    faults              which of them met which integration point, and the holes
    tests               each with its picture

Colours are never alone: each has a shape and a word beside it. Injected and unexpected errors are never added up.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from .markup import Markup, joined, tag
from .page_figures import COLUMNS, points_table, preformatted, queues_table, tiles
from .page_matrix import matrix
from .page_tests import tests
from .shapes import KINDS, SIGNS
from .summary import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import Health

__all__ = ["page"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""What a browser may do with the page, whatever should have got into it: nothing but show it."""

_MEANINGS = {
    "ok": "A whole answer below 400.",
    "declined": "A whole 4xx that is not 429.",
    "refused": "429, 5xx, or an error of the protocol's own.",
    "spoiled": "Whole, but its content is wrong.",
    "broken": "Reset, closed, truncated, or held back for good.",
    "left": "The client went away first.",
    "open": "Going on when the test was over.",
}


def page(health: Health) -> str:
    """Return the page of *health*."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"Integration health: {_headline(health)}"),
        tag("link", rel="icon", href="data:,"),
        tag("style", Markup(style)),
    )
    body = tag("body", _header(health), tag("main", *_sections(health)), _footer(health))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _headline(health: Health) -> str:
    totals = health["totals"]
    if totals["failed"]:
        return f"{totals['failed']} of {totals['tests']} tests failed"
    return f"{totals['tests']} tests, none failed"


def _header(health: Health) -> Markup:
    run = health["run"]
    chance = [f"fault profile {', '.join(run['profiles'])}"] if run["profiles"] else []
    chance += [f"seed {run['seed']}"] if run["seed"] is not None else []
    return tag(
        "header",
        tag("p", " · ".join([run["created"].replace("T", " ").replace("+00:00", " UTC"), *chance]), class_="note"),
        tag("h1", "Integration health"),
        tag("p", f"{_headline(health)}. {_sentence(health)}", class_="verdict"),
        tiles(health["totals"]),
        preformatted("Command of the run", run["replay"]),
    )


def _sentence(health: Health) -> str:
    said = verdict(health["totals"])
    return f"{said[0].upper()}{said[1:]}."


def _sections(health: Health) -> Iterator[Markup]:
    if health["points"]:
        yield _section("points", "Integration points", _ABOUT_POINTS, points_table(health))
    if health["queues"]:
        yield _section("queues", "Queues", _ABOUT_QUEUES, queues_table(health["queues"]))
    if health["matrix"]:
        yield _section("faults", "Faults by integration points", _ABOUT_FAULTS, matrix(health))
    if health["tests"]:
        yield _section("tests", "Tests", _ABOUT_TESTS, tests(health["tests"]))
    yield _section("legend", "Legend", "", _legend())


def _section(name: str, title: str, about: str, content: Markup) -> Markup:
    said = [tag("p", about, class_="about")] if about else []
    return tag("section", tag("h2", title, id=name), *said, content, aria_labelledby=name)


_ABOUT_POINTS = (
    "One operation of one fake a row, the worst first. Availability is what the client saw, call by call, and in "
    "brackets that of the calls that no fault was played on. Injected and unexpected errors are never added up."
)
_ABOUT_QUEUES = "Where the messages went, all tests together. Lost are those that were dropped, expired or purged."
_ABOUT_FAULTS = (
    "How many tests met a fault there and passed (✓) or failed (✗). A dot is a hole: never tried. A fault's settings "
    "are in its tooltip and in the JSON."
)
_ABOUT_TESTS = "Every test that used a fake; those that failed come first, unfolded."


def _legend() -> Markup:
    kinds = (
        _meaning(
            joined([tag("span", SIGNS[kind], class_=f"sign k-{kind}", aria_hidden="true"), f" {word}"]), _MEANINGS[kind]
        )
        for kind, word in KINDS.items()
    )
    columns = (_meaning(name, f"{meaning}.") for name, meaning in COLUMNS)
    return joined(
        [
            tag("h3", "What a call came to"),
            tag("dl", *kinds, class_="legend"),
            tag("h3", "Columns of the integration points"),
            tag("dl", *columns, class_="legend"),
        ]
    )


def _meaning(name: str, meaning: str) -> Markup:
    return tag("div", tag("dt", name), tag("dd", meaning))


def _footer(health: Health) -> Markup:
    versions = ", ".join(f"{name} {version}" for name, version in health["run"]["versions"].items())
    return tag(
        "footer",
        tag(
            "p",
            joined(
                [f"{versions}. The same figures as data: the JSON file beside this page, schema {health['schema']}."]
            ),
        ),
    )
