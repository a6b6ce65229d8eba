"""The reference says what the code says."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import assertions, faults
from tests.docs import records, reference

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("page", reference.pages(), ids=[page.name for page in reference.pages()])
def test_pages_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert reference.renewed(text) == text, "run: python -m tests.docs.reference --write"


def test_no_fault_and_no_assertion_is_left_out() -> None:
    told = reference.faults_page()
    assert [name for name in faults.registry if f"\n### {name}\n" not in told] == []
    told = reference.assertions_page()
    assert [name for name in assertions.__all__ if f"\n### {name}\n" not in told] == []


@pytest.mark.parametrize("kind", [kind for kinds in records.RECORDS.values() for kind in kinds])
def test_every_attribute_of_a_record_is_described(kind: type) -> None:
    told = records.attributes(kind)
    assert [name for name, text in told.items() if not text] == []
    public = {name for name in dir(kind) if not name.startswith("_")} - {name.partition("(")[0] for name in told}
    inherited = {name.partition("(")[0] for base in kind.__mro__[1:-1] for name in vars(base)}
    assert public - inherited <= {"add", "found", "understand", "protocol"}


def test_the_readme_names_every_fault_and_every_assertion() -> None:
    readme = (reference.ROOT / "README.md").read_text(encoding="utf-8")
    assert f"### {len(faults.registry)} faults\n" in readme
    assert [name for name in faults.registry if f"`{name}`" not in readme] == []
    named = [name for name in assertions.__all__ if name.startswith("assert_")]
    assert [name for name in named if f"`{name}`" not in readme] == []


def test_no_assertion_is_taken_for_a_word() -> None:
    words = reference._assertion_families()["Words for them"]
    assert [name for name in words if name.startswith("assert_")] == []


def test_a_section_becomes_a_list_and_an_example_gets_its_imports() -> None:
    def told() -> None:
        """Do something.

        Args:
            code: what to say, which
                goes on here.
            *more: the rest.

        ```python
        fake_rest.inject(status(503))
        ```

        """

    assert reference._markdown(told) == inspect.cleandoc("""
        Do something.

        Args:

        - `code`: what to say, which goes on here.
        - `*more`: the rest.

        <!-- generated: example -->
        ```python
        from pytest_integrations.faults import status

        fake_rest.inject(status(503))
        ```""")
