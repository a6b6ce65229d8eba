"""The page: a function of its data, closed to the outside, and safe whatever clients and tests have called things."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from pytest_integrations.assertions.grouping import logical_calls
from pytest_integrations.core.ledger import Ledger
from pytest_integrations.views.page import page
from pytest_integrations.views.part import drawn, notable
from pytest_integrations.views.queue_figures import queue_figures
from pytest_integrations.views.timeline import Band
from tests.assertions.ledgers import HandClock, HandLedger, scripted
from tests.views.reports import point, ran, report

if TYPE_CHECKING:
    from pytest_integrations.views.facts import CaseEntry, Health

SCHEMA = json.loads(files("pytest_integrations.views").joinpath("health-report.schema.json").read_text())
HOSTILE = "\"'></pre></style></title><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x00&lt;"
VOID = {"meta", "link", "br"}


class Outline(HTMLParser):
    """The elements of a page, each with its attributes; fails where they are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in {"style", "title", "desc"}:
            self.shown.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.shown).split())


def rich(
    name: str = "payments", operation: str = "POST /charges", fault: str = "status", body: str = "order 7"
) -> Health:
    """Return a report with something of everything in it, called by these names."""
    ledger = HandLedger()
    ledger.attempts(0, 1, 3, operation=operation, fake=name)
    ledger.call(40, outcome="reset", operation=operation, fake=name, fault=scripted(fault))
    broker = Ledger(HandClock())
    message = broker.publish(name, body.encode("utf-8", "replace"), {}, to=name)
    broker.tell(message, "routed", name)
    broker.tell(message, "delivered", name)
    broker.tell(message, "dead_lettered", name, to=(name,), reason=body)
    timeline = drawn(
        ledger.calls, groups=logical_calls(ledger.calls), marks={1: body}, bands=[Band(3, 33, "should be open", body)]
    )
    told: dict[str, Any] = {
        "timelines": [timeline],
        "queues": queue_figures(broker.messages),
        "messages": notable(broker.messages),
        "cases": [case(name, body)],
        "problems": [body, body],
        "never_fired": [body],
        "profile": name,
        "seed": 7,
        "replay": f"pytest {name}",
    }
    facts = point(fake=name, operation=operation, tried={fault: [f"{fault}({body!r})"]}, unexpected=1, shed=1)
    tests = [
        ran(facts, name=name, outcome="failed", **told),
        ran(point(fake=name, operation=operation, tried={}, faulted=0), clock="virtual"),
    ]
    return report(*tests, profiles=[name], seed=7, replay=f"pytest {name}")


def case(name: str, body: str) -> CaseEntry:
    return {
        "name": name,
        "point": name,
        "status": "failed",
        "seconds": 0.5,
        "clock": "virtual",
        "request": f"GET {name}",
        "response": body,
        "error": f"expected another: {body}",
        "calls": 2,
        "faulted": 1,
    }


def test_it_says_what_the_data_say() -> None:
    words = Outline(page(rich())).words

    assert "1 of 2 tests failed" in words
    assert "payments POST /charges 1 unexpected" in words
    assert "never tried" in words
    assert "✗ 1 1 failed" in words
    assert "#4 POST /charges" in words
    assert "should be open from 3.00 s to 33.0 s: order 7" in words
    assert "order 7 (2 times)" in words
    assert "payments ✗ failed GET payments order 7 expected another: order 7 500 ms virtual 2 1" in words
    assert "dead lettered from payments" in words
    assert "Fault profile 'payments', seed 7. Replay: pytest payments" in words


def test_it_is_a_function_of_its_json() -> None:
    health = rich()

    assert page(json.loads(json.dumps(health))) == page(health)


def test_a_report_without_anything_is_a_page_too() -> None:
    words = Outline(page(report())).words

    assert "0 tests, none failed" in words


@pytest.mark.parametrize("which", ["name", "operation", "fault", "body"])
def test_nothing_that_it_is_told_becomes_markup(which: str) -> None:
    plain, hostile = Outline(page(rich())), Outline(page(rich(**{which: HOSTILE})))

    assert [name for name, _ in hostile.elements] == [name for name, _ in plain.elements]
    assert [list(attributes) for _, attributes in hostile.elements] == [list(each) for _, each in plain.elements]
    assert "<script>alert(1)</script>" in hostile.words
    assert "\u202e" not in page(rich(**{which: HOSTILE}))


@pytest.mark.parametrize("health", [rich(), rich(HOSTILE, HOSTILE, HOSTILE, HOSTILE)], ids=["usual", "hostile"])
def test_it_is_closed_to_the_outside(health: Health) -> None:
    """No script, no handler, nothing that would be fetched; and a policy that says so to the browser."""
    outline = Outline(page(health))
    names = {name for name, _ in outline.elements}
    attributes = [attribute for _, each in outline.elements for attribute in each.items()]

    assert names.isdisjoint({"script", "iframe", "object", "embed", "img", "base", "form", "use", "image"})
    assert not [name for name, _ in attributes if name.startswith("on") or name in {"src", "srcset", "style", "action"}]
    assert [value for name, value in attributes if name in {"href", "xlink:href"}] == ["data:,"]
    style = page(health).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert ("http-equiv", "Content-Security-Policy") in attributes


def test_its_structure_can_be_followed_without_eyes() -> None:
    """A language, one heading of the first rank, scopes at headers, names for what scrolls, ids once only."""
    elements = Outline(page(rich())).elements

    assert [each.get("lang") for name, each in elements if name == "html"] == ["en"]
    assert sum(name == "h1" for name, _ in elements) == 1
    assert all(each.get("scope") in {"row", "col"} for name, each in elements if name == "th")
    assert all(each.get("aria-label") for _, each in elements if each.get("tabindex") == "0")
    assert all(
        each.get("role") == "img" or each.get("aria-hidden") == "true" for name, each in elements if name == "svg"
    )
    ids = [each["id"] for _, each in elements if "id" in each]
    assert len(ids) == len(set(ids))


# -- its data


@pytest.mark.parametrize("health", [rich(), report()], ids=["rich", "empty"])
def test_the_data_are_as_their_schema_says(health: Health) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(json.dumps(health, allow_nan=False)), SCHEMA)


def test_the_schema_knows_every_key() -> None:
    """What is in the data and not in the schema is not promised to anybody."""
    strict = json.loads(json.dumps(SCHEMA), object_hook=_closed)

    jsonschema.validate(json.loads(json.dumps(rich())), strict)


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    return schema | {"additionalProperties": False} if "required" in schema and "properties" in schema else schema


def test_a_key_that_is_gone_is_found() -> None:
    health: dict[str, Any] = json.loads(json.dumps(rich()))
    del health["points"][0]["latencies"]

    with pytest.raises(jsonschema.ValidationError, match="latencies"):
        jsonschema.validate(health, SCHEMA)
