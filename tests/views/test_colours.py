"""Text can be read on what it stands on, and shapes can be seen, in both schemes: the ratios of WCAG 2.2, level AA."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from pytest_integrations.views import svg
from pytest_integrations.views.shapes import COLOURS, KINDS

CSS = files("pytest_integrations.views").joinpath("page.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in re.findall(r":root \{([^}]*)\}", CSS)[:2])
SCHEMES = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
GROUNDS = ("ground", "surface", "stripe")


def luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_definition() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_schemes_have_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert len(LIGHT) > 15


@SCHEMES
def test_text_can_be_read(colours: dict[str, str]) -> None:
    pairs = [(ink, ground) for ink in ("ink", "muted") for ground in (*GROUNDS, "other-ground")]
    pairs += [("ink", "band-open"), ("ink", "band-shut"), ("bad-ink", "surface"), ("bad-ink", "stripe")]
    pairs += [("good-ink", "good-ground"), ("bad-ink", "bad-ground"), ("muted", "good-ground")]

    low = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


@SCHEMES
def test_shapes_can_be_seen(colours: dict[str, str]) -> None:
    shapes = ("ok", "declined", "refused", "spoiled", "broken", "left")

    low = {(kind, ground): contrast(colours[kind], colours[ground]) for kind in shapes for ground in GROUNDS}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 3} == {}


def test_a_picture_alone_has_the_colours_of_the_light_scheme() -> None:
    """Where a policy drops the style sheet, and where the picture is a file of its own."""
    assert {kind: COLOURS[kind] for kind in KINDS} == {kind: LIGHT.get(kind, LIGHT["declined"]) for kind in KINDS}
    assert (LIGHT["ink"], LIGHT["muted"], LIGHT["line"]) == (svg._INK, svg._MUTED, svg._LINE)
    assert (LIGHT["surface"], LIGHT["stripe"]) == (svg._GROUND, svg._STRIPE)
