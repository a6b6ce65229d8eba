"""Where the installed package lies, and what is in it."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]


def package() -> Path:
    """Return the folder of the package that `import` finds: the working tree's, or the wheel's."""
    spec = find_spec("pytest_integrations")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))


def sources() -> list[Path]:
    """Return the Python files of the package."""
    return sorted(package().rglob("*.py"))


def name(file: Path) -> str:
    """Return the file as people say it: `core/clock.py`."""
    return file.relative_to(package()).as_posix()


def tree(file: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))
