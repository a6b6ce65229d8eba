"""Markup that is safe by construction: a text is escaped when it is put in, and only `tag` makes what is not.

Names, operations and bodies come from clients and tests, and must not become markup, nor steer what shows them:
control characters and those that change the direction of text are written as escapes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Markup", "joined", "tag", "text"]

_SHAPES = frozenset({"circle", "path", "rect", "line", "polygon"})
_EMPTY = frozenset({"meta", "link", "br", *_SHAPES})
_LINES = frozenset(
    {"tr", "li", "section", "details", "summary", "figure", "table", "thead", "tbody", "svg", "g", "p", "dl"}
)
"""After these a new line begins, so that the page can be read, and compared, as text."""


_Value = str | float | bool | None


class Markup(str):
    """A text that is markup already."""

    __slots__ = ()


def text(plain: str) -> Markup:
    """Return *plain* as markup that shows it.

    >>> text("<b> & co")
    '&lt;b&gt; &amp; co'
    """
    if isinstance(plain, Markup):
        return plain
    shown = plain if plain.isprintable() else "".join(map(_visible, plain))
    return Markup(escape(shown))


def tag(element: str, /, *children: str, **attributes: _Value) -> Markup:
    """Return an element; *children* are texts or markup, attributes are written with `_` for `-` (`class_` for class).

    An attribute that is None or False is left out, and one that is True has no value.

    >>> tag("a", "1 < 2", href='"', class_="x", hidden=True)
    '<a href="&quot;" class="x" hidden>1 &lt; 2</a>'
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if element in _EMPTY and not children:
        return Markup(f"<{element}{given}/>" if element in _SHAPES else f"<{element}{given}>")
    end = "\n" if element in _LINES else ""
    return Markup(f"<{element}{given}>{joined(children)}</{element}>{end}")


def joined(parts: Iterable[str]) -> Markup:
    """Return *parts*, texts or markup, one after the other."""
    return Markup("".join(map(text, parts)))


def _attribute(key: str, value: _Value) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is False:
        return ""
    if value is True:
        return f" {name}"
    shown = f"{round(value, 2):g}" if isinstance(value, float) else str(value)
    return f' {name}="{text(shown)}"'


def _visible(sign: str) -> str:
    return sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape").decode()
