"""What a call came to, told three times over: by a shape, by a word, and by a colour that nobody needs to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .markup import Markup, tag

if TYPE_CHECKING:
    from .timeline import Kind

__all__ = ["COLOURS", "KINDS", "SIGNS", "shape"]

KINDS: dict[Kind, str] = {
    "ok": "answered",
    "declined": "declined",
    "refused": "refused",
    "spoiled": "spoiled",
    "broken": "broken off",
    "left": "client left",
    "open": "still open",
}
"""The word for each kind."""

SIGNS: dict[Kind, str] = {
    "ok": "●",
    "declined": "■",
    "refused": "▲",
    "spoiled": "◆",
    "broken": "✖",
    "left": "◀",
    "open": "○",
}
"""The shape of each kind, as a character."""

COLOURS: dict[Kind, str] = {
    "ok": "#2a6f97",
    "declined": "#57606a",
    "refused": "#b3470a",
    "spoiled": "#7a5c00",
    "broken": "#9a2a5f",
    "left": "#5b5b8c",
    "open": "#57606a",
}
"""A colour for each kind, on a light ground; those for a dark one are in page.css."""


def shape(kind: Kind, x: float, y: float, size: float = 5.0) -> Markup:
    """Return the shape of *kind* around a point."""
    css = f"k-{kind}"
    colour = COLOURS[kind]
    if kind == "ok":
        return tag("circle", cx=x, cy=y, r=size - 0.5, fill=colour, class_=css)
    if kind == "open":
        return tag("circle", cx=x, cy=y, r=size - 1, fill="none", stroke=colour, stroke_width=2, class_=f"{css} line")
    if kind == "broken":
        arm = size - 1
        lines = f"M{x - arm:g} {y - arm:g}L{x + arm:g} {y + arm:g}M{x - arm:g} {y + arm:g}L{x + arm:g} {y - arm:g}"
        return tag("path", d=lines, stroke=colour, stroke_width=2.5, stroke_linecap="round", class_=f"{css} line")
    return tag("polygon", points=_corners(kind, x, y, size), fill=colour, class_=css)


def _corners(kind: Kind, x: float, y: float, size: float) -> str:
    corners = {
        "declined": [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
        "refused": [(0, -1), (1.05, 0.85), (-1.05, 0.85)],
        "spoiled": [(0, -1.15), (1.15, 0), (0, 1.15), (-1.15, 0)],
        "left": [(-1, 0), (0.85, -1.05), (0.85, 1.05)],
    }[kind]
    return " ".join(f"{x + dx * size:.1f},{y + dy * size:.1f}" for dx, dy in corners)
