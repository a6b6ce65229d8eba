"""The index leads to each page, and to each once."""

from __future__ import annotations

import re
from collections import Counter

from tests.docs.fences import ROOT

DOCS = ROOT / "docs"


def test_the_index_names_each_page_once() -> None:
    pages = {str(page.relative_to(DOCS)): 1 for page in DOCS.glob("*/*.md")}

    assert Counter(re.findall(r"\]\(([\w/-]+\.md)\)", (DOCS / "index.md").read_text(encoding="utf-8"))) == pages
