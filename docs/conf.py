"""How the pages become a site: Sphinx reads plain Markdown with MyST and dresses it with Furo, nothing from outside."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent

project = "pytest-integrations"
copyright = "the pytest-integrations authors"  # noqa: A001 -- the name Sphinx reads
author = "the pytest-integrations authors"
with (HERE.parent / "pyproject.toml").open("rb") as file:
    release = version = tomllib.load(file)["project"]["version"]

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["alert"]  # `> [!NOTE]` as the forges write it
myst_heading_anchors = 3  # links to headings work as they do on the forges

html_theme = "furo"
html_title = "pytest-integrations"
html_copy_source = False
html_show_sphinx = False

KINDS = {
    "tutorial": "Tutorial",
    "patterns": "Patterns",
    "principles": "Principles",
    "how-to": "How-to",
    "reference": "Reference",
    "explanation": "Explanation",
}


LINK = re.compile(r"(?<!!)\[([^]\n]+)\]\(((?:\.\./)+[^)#\s]+)[^)\s]*\)")


def prepare(_app: Sphinx, page: str, source: list[str]) -> None:
    """Fit a page to the site: a link out of docs/ works on a forge only, and becomes the name of its target."""

    def outside(link: re.Match[str]) -> str:
        target = (HERE / page).parent.joinpath(link[2]).resolve()
        return link[0] if target.is_relative_to(HERE) else f"{link[1]} (`{target.relative_to(HERE.parent)}`)"

    source[0] = LINK.sub(outside, source[0])
    if page == "index":
        source[0] += contents()


def contents() -> str:
    """Return the side bar's list of all pages, so that the pages need no directive and read well on a forge."""
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {title}\n\n{folder}/*\n```\n"
        for folder, title in KINDS.items()
        if any((HERE / folder).glob("*.md"))
    )


def setup(app: Sphinx) -> None:
    """Connect the above to Sphinx."""
    app.connect("source-read", prepare)
