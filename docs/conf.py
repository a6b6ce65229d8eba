"""How the pages become a site: Sphinx reads plain Markdown with MyST and dresses it with Furo, nothing from outside."""

import tomllib
from pathlib import Path

project = "pytest-integrations"
copyright = "the pytest-integrations authors"  # noqa: A001 -- the name Sphinx reads
author = "the pytest-integrations authors"
with (Path(__file__).parent.parent / "pyproject.toml").open("rb") as file:
    release = version = tomllib.load(file)["project"]["version"]

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["alert", "colon_fence"]  # `> [!NOTE]` as the forges write it
myst_heading_anchors = 3  # links to headings work as they do on the forges

html_theme = "furo"
html_title = "pytest-integrations"
html_copy_source = False
html_show_sphinx = False
