"""The copies of code in the pages are those of the files, and the tool that renews them does so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.fences import ROOT, pages
from tests.docs.snippets import renewed

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
Look:

<!-- snippet: code.py#core -->
```python
old
```
<!-- endSnippet -->
"""


@pytest.mark.parametrize("page", pages(), ids=[str(page.relative_to(ROOT)) for page in pages()])
def test_copies_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, "run: python -m tests.docs.snippets --write"


def test_a_region_is_carried_without_its_indent(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("def f():\n    # region core\n    a = 1\n\n    b = 2\n    # endregion\n", "utf-8")

    page = renewed(PAGE, tmp_path)

    assert "```python\na = 1\n\nb = 2\n```\n<!-- endSnippet -->" in page
    assert renewed(page, tmp_path) == page


def test_a_missing_region_is_named(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("a = 1\n", "utf-8")
    with pytest.raises(LookupError, match="no '# region core'"):
        renewed(PAGE, tmp_path)


def test_an_open_snippet_is_refused() -> None:
    with pytest.raises(ValueError, match="needs its <!-- endSnippet -->"):
        renewed("<!-- snippet: code.py -->\n```python\n```\n")
