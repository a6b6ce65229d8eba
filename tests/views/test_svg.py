"""The picture: a row a call, to scale but for what is idle, and all that it says told in words as well."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from pytest_integrations.assertions.grouping import logical_calls
from pytest_integrations.views.part import drawn
from pytest_integrations.views.shapes import KINDS
from pytest_integrations.views.svg import ROWS_AT_MOST, described, picture
from pytest_integrations.views.time_scale import scale
from pytest_integrations.views.timeline import Band
from tests.assertions.ledgers import HandLedger, scripted

if TYPE_CHECKING:
    from pytest_integrations.views.facts import DrawnFacts

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def ledger() -> HandLedger:
    return HandLedger()


def laid_out(ledger: HandLedger, **more: Any) -> DrawnFacts:
    return drawn(ledger.calls, groups=logical_calls(ledger.calls), marks={}, **more)


def words(svg: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(svg).iter(f"{SVG}text")]


def test_a_row_tells_operation_attempt_verdict_and_fault(ledger: HandLedger) -> None:
    ledger.attempts(0, 1, 3)

    told = words(picture(laid_out(ledger)))

    assert [word for word in told if word.startswith("#")] == ["#1", "#2", "#3"]
    assert told.count("GET /users") == 3
    assert {"try 1", "try 2, +1.00 s", "try 3, +2.00 s"} <= set(told)
    assert told.count("503  ← status()") == 2
    assert "200" in told


def test_it_is_told_in_a_sentence(ledger: HandLedger) -> None:
    """For who cannot see it, and for who looks at it for the first time."""
    ledger.call(0, 503, fault=scripted("status"))
    ledger.call(1, outcome="reset", fault=scripted("connection_reset"))
    ledger.call(2)
    ledger.call(100)

    facts = laid_out(ledger)

    assert described(facts) == (
        "4 calls in 100 s: 1 refused, 1 broken off, 2 answered; 2 met a fault. 98.0 s without a call are drawn short."
    )
    tree = ET.fromstring(picture(facts, key="k"))
    assert tree.get("role") == "img"
    assert [tree.find(f"*[@id='{name}']") is not None for name in (tree.get("aria-labelledby") or "").split()] == [
        True,
        True,
    ]


def test_every_kind_has_a_shape_of_its_own(ledger: HandLedger) -> None:
    """Without its colours the picture says the same."""
    for how in (
        {"status": 200},
        {"status": 404},
        {"status": 503},
        {"spoiled": True},
        {"outcome": "reset"},
        {"outcome": "abandoned"},
        {"outcome": "open"},
    ):
        ledger.call(0, **how)  # type: ignore[arg-type]  # one of these each

    tree = ET.fromstring(picture(laid_out(ledger)))
    shapes = {}
    for row in tree.findall(f"{SVG}g"):
        shape = next(each for each in row if each.tag in {f"{SVG}circle", f"{SVG}path", f"{SVG}polygon"})
        corners = len((shape.get("points") or "").split())
        shapes[shape.get("class")] = (shape.tag, corners, shape.get("fill"), _direction(shape.get("points")))

    assert len(shapes) == len(KINDS)
    outlines = {(name, corners, fill == "none", direction) for name, corners, fill, direction in shapes.values()}
    assert len(outlines) == len(KINDS), shapes


def _direction(points: str | None) -> float:
    """Return where the first corner of a polygon points to."""
    if points is None:
        return 0.0
    corners = [tuple(map(float, corner.split(","))) for corner in points.split()]
    return round(corners[0][0] - sum(x for x, _ in corners) / len(corners), 0)


def test_bands_stand_above_the_rows_with_their_words(ledger: HandLedger) -> None:
    for second in range(10):
        ledger.call(second, 503)
    bands = [
        Band(3, 6, "should be open", "3 failures", after=4),
        Band(6, None, "half-open", after=7),
        Band(7, None, "closed"),
    ]

    told = words(picture(laid_out(ledger, bands=bands)))

    assert {"state", "should be open", "closed"} <= set(told)


def test_a_long_timeline_is_cut(ledger: HandLedger) -> None:
    """The picture shows the first calls, the table many more, and both say what is missing."""
    for second in range(250):
        ledger.call(second)

    facts = laid_out(ledger)
    numbers = [row["seq"] for row in facts["rows"]]

    assert facts["left_out"] == 50
    assert numbers == [*range(1, 101), *range(151, 251)]
    assert sum(word.startswith("#") for word in words(picture(facts))) == ROWS_AT_MOST


@pytest.mark.parametrize("starts", [(0.0,), (5.0, 5.0, 5.0), (0.0, 1e-6), (0.0, 3600.0), (0.0, 1.0, 2.0, 1e6, 2e6)])
def test_everything_stands_within_the_picture(ledger: HandLedger, starts: tuple[float, ...]) -> None:
    """Also where nothing takes any time, and where a wait takes nearly all of it."""
    for start in starts:
        ledger.call(start)

    svg = picture(laid_out(ledger))

    numbers = [float(number) for number in re.findall(r' (?:x|x1|cx)="([^"]+)"', svg)]
    assert all(0 <= number <= 1000 for number in numbers)
    assert "nan" not in svg
    assert "inf" not in svg


def test_names_that_are_markup_are_shown(ledger: HandLedger) -> None:
    ledger.call(0, operation='GET /"><script>alert(1)</script>', fault=scripted("</svg><img src=x onerror=1>"))

    svg = picture(laid_out(ledger))

    assert "<script" not in svg
    assert "<img" not in svg
    ET.fromstring(svg)


# -- the scale


def test_idle_stretches_are_drawn_short() -> None:
    line = scale(0, 1010, left=100, width=400, idles=[(5, 1005)])

    assert (line.at(0), line.at(1010)) == (100, 500)
    assert line.at(1005) - line.at(5) == line.short
    assert line.at(5) - line.at(0) == pytest.approx(line.at(1010) - line.at(1005))
    assert all(not 5 < tick < 1005 for tick in line.ticks)


def test_where_only_idle_stretches_take_time_they_share_the_line() -> None:
    line = scale(0, 30, left=0, width=100, idles=[(0, 10), (10, 30)])

    assert [line.at(moment) for moment in (0, 10, 30)] == [0, 50, 100]


@pytest.mark.parametrize("span", [1e-6, 0.003, 0.7, 1, 7, 30, 86400])
def test_ticks_are_few_and_round(span: float) -> None:
    line = scale(0, span, left=0, width=400)

    assert 2 <= len(line.ticks) <= 7
    assert all(0 <= tick <= span * 1.000001 for tick in line.ticks)
