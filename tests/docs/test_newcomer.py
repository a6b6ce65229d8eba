"""A newcomer's way through the tutorial: an environment with what the lessons install, a directory for each lesson."""

from __future__ import annotations

import subprocess
import sys
import venv
from typing import TYPE_CHECKING

import pytest

from tests.docs.fences import ROOT, fences
from tests.docs.test_fences import _arguments, _compare

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.frameworks

LESSONS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the plugin, as it is built from this repository, and the clients of the lessons."""
    place = tmp_path_factory.mktemp("newcomer")
    venv.create(place, with_pip=False)
    python = place / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", f"{ROOT}[virtual-time]"]
    made = subprocess.run(
        [*install, "requests", "pika", "pybreaker"], capture_output=True, text=True, timeout=400, check=False
    )
    if made.returncode:
        pytest.skip(f"the lessons' packages cannot be installed here: {made.stderr[-300:]}")
    return python


@pytest.mark.timeout(600)
@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.stem for lesson in LESSONS])
def test_who_types_a_lesson_sees_what_it_shows(lesson: Path, python: Path, tmp_path: Path) -> None:
    shown = [fence for fence in fences(lesson.read_text(encoding="utf-8"), lesson) if fence.language == "python"]
    assert any(fence.output for fence in shown)
    for fence in shown:
        (tmp_path / (fence.notes.get("file") or fence.notes["as"])).write_text(fence.code, encoding="utf-8")
        if fence.output:
            command = [python, "-m", "pytest", *_arguments(fence)]
            ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
            _compare(fence, pytest.LineMatcher(ran.stdout.splitlines()))
