"""Finds the fenced code blocks of the pages and of the docstrings, with the comments that say how to run them.

The conventions are told in CONTRIBUTING.md, under "Pages that run".
"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]

NOTES = {"args", "as", "clock", "continues", "expect", "file", "generated", "needs", "output", "skip", "snippet"}
"""What a comment above a fence may say."""

_OPENING = re.compile(r"^(?P<indent>\s*)(?P<ticks>`{3,})(?P<language>\w*)")
_COMMENT = re.compile(r"^\s*<!--\s*(?P<notes>.*?)\s*-->\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """One fenced code block, where it stands, what the comments above it say and what it follows on."""

    source: Path
    line: int
    language: str
    code: str
    notes: dict[str, str] = field(default_factory=dict)
    output: Fence | None = None
    earlier: tuple[Fence, ...] = ()
    files: tuple[Fence, ...] = ()
    module: str | None = None

    @property
    def id(self) -> str:
        """The place, as an editor opens it."""
        inside = self.source.is_relative_to(ROOT)
        return f"{self.source.relative_to(ROOT) if inside else self.source.name}:{self.line}"

    @property
    def runs(self) -> bool:
        """Whether it is code to run where it stands, not a file for others and not a copy of tested code."""
        return self.language == "python" and not self.carried and "file" not in self.notes

    @property
    def carried(self) -> bool:
        """Whether the code is a copy of a file or docstring that is tested where it stands."""
        return "snippet" in self.notes or "generated" in self.notes

    @property
    def defines_tests(self) -> bool:
        """Whether pytest would find a test in it."""
        return bool(re.search(r"^\s*(async )?def test_|^class Test", self.code, re.MULTILINE))

    def padded(self) -> str:
        """Return the code moved to its line in the page, so that a traceback points there."""
        return "\n" * (self.line - 1) + self.code


def pages() -> list[Path]:
    """Return every Markdown page whose code is run."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    found += sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts)
    found += sorted((ROOT / "examples").rglob("README.md"))
    return [page for page in found if page.exists()]


def page_fences() -> list[Fence]:
    """Return the fences of every page."""
    return [fence for page in pages() for fence in fences(page.read_text(encoding="utf-8"), page)]


@cache
def docstrings() -> list[tuple[str, Path, int, str]]:
    """Return module name, file, first line and text of every docstring of the package."""
    return list(_docstrings())


def _docstrings() -> Iterator[tuple[str, Path, int, str]]:
    spec = find_spec("pytest_integrations")
    package = Path(((spec and spec.submodule_search_locations) or [])[0])
    for file in sorted(package.rglob("*.py")):
        parts = ("pytest_integrations", *file.relative_to(package).with_suffix("").parts)
        module = ".".join(parts).removesuffix(".__init__")
        for node in _statements(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node, clean=False)
                if text:
                    yield module, file, node.body[0].lineno, inspect.cleandoc(text)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield *node* and the statements in it; their expressions, most of a tree, hold no docstring."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _statements(child)


def docstring_fences() -> list[Fence]:
    """Return the fences of every docstring of the package."""
    return [
        replace(fence, line=fence.line + first - 1, module=module)
        for module, file, first, text in docstrings()
        for fence in fences(text, file)
    ]


def fences(text: str, source: Path) -> list[Fence]:
    """Return the fences of one page, each with its output, the named files above it and what it continues."""
    found: list[Fence] = []
    files: tuple[Fence, ...] = ()
    previous: tuple[Fence, ...] = ()
    for fence in _link_outputs(list(_scan(text.splitlines(), source))):
        linked = replace(fence, files=files, earlier=previous if "continues" in fence.notes else ())
        found.append(linked)
        if "file" in fence.notes:
            files = (*files, linked)
        elif fence.language == "python":
            previous = (*linked.earlier, linked)
    return found


def _link_outputs(scanned: list[Fence]) -> Iterable[Fence]:
    for fence, following in zip(scanned, [*scanned[1:], None], strict=False):
        wanted = "output" in fence.notes
        if wanted and (following is None or following.language not in {"text", "console"}):
            msg = f"{fence.id}: 'output' asks for a text or console fence below it"
            raise ValueError(msg)
        yield replace(fence, output=following) if wanted else fence


def _scan(lines: list[str], source: Path) -> Iterator[Fence]:
    notes: dict[str, str] = {}
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if comment := _COMMENT.match(line):
            notes |= _parse_notes(comment["notes"])
        elif opening := _OPENING.match(line):
            first = number
            while number < len(lines) and lines[number].strip() != opening["ticks"]:
                number += 1
            code = dedent("\n".join(lines[first:number]) + "\n")
            yield Fence(source=source, line=first + 1, language=opening["language"], code=code, notes=notes)
            number += 1
            notes = {}
        elif line.strip():
            notes = {}


def _parse_notes(text: str) -> dict[str, str]:
    """Read `expect: failed=1; output` as {"expect": "failed=1", "output": ""}."""
    parts = (part.partition(":") for part in text.split(";"))
    return {key.strip(): value.strip() for key, _, value in parts}
