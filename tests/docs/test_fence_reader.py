"""The reader of fences sees what an author means."""

from __future__ import annotations

import pytest

from tests.docs.fences import ROOT, Fence, fences

PAGE = """\
Some words.

<!-- file: client.py -->
```python
X = 1
```

1. In a list:

   <!-- expect: failed=1; output -->
   ```python
   from client import X

   def test_x():
       assert X == 2
   ```

   ```text
   ...assert 1 == 2
   ```

<!-- continues -->
```python
Y = 3
```

<!-- this comment is too far away -->
Words between.

```toml
[tool.pytest_integrations]
```
"""


def _read(text: str) -> list[Fence]:
    return fences(text, ROOT / "docs" / "page.md")


def test_fences_are_found_with_place_language_and_notes() -> None:
    found = _read(PAGE)
    assert [(fence.line, fence.language, fence.notes) for fence in found] == [
        (5, "python", {"file": "client.py"}),
        (12, "python", {"expect": "failed=1", "output": ""}),
        (19, "text", {}),
        (24, "python", {"continues": ""}),
        (31, "toml", {}),
    ]
    assert [fence.runs for fence in found] == [False, True, False, True, False]
    assert found[0].id == "docs/page.md:5"


def test_a_fence_in_a_list_loses_the_indent_of_the_list() -> None:
    assert _read(PAGE)[1].code == "from client import X\n\ndef test_x():\n    assert X == 2\n"


def test_a_fence_knows_its_files_its_output_and_what_it_continues() -> None:
    client, failing, output, following, _ = _read(PAGE)
    assert [file.id for file in failing.files] == [client.id]
    assert failing.output is not None
    assert failing.output.id == output.id
    assert [fence.id for fence in following.earlier] == [failing.id]


def test_a_promised_output_has_to_follow() -> None:
    with pytest.raises(ValueError, match=r"page.md:3: 'output' asks for a text or console fence"):
        _read("<!-- output -->\n```python\npass\n```\n")
