"""The report in a real browser: wide and narrow, light and dark; closed to the outside, and good for everybody to read.

`KEEP_PICTURES=1 pytest -m browser` writes screenshots of the examples' report to docs/pictures.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_integrations.views.page import page
from tests.npm.packages import install
from tests.views.test_page import HOSTILE, rich

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
LOOK = Path(__file__).with_name("look.mjs")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    return found


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script, with what it needs beside it."""
    directory = install(tmp_path_factory.mktemp("look"), axe_core="^4.10", puppeteer_core="^24")
    return Path(shutil.copy(LOOK, directory))


def seen(browser: str, look: Path, file: Path, *pictures: Path) -> dict[str, Any]:
    """Return what is wrong with the page, by the ways that it was looked at."""
    done = subprocess.run(
        ["node", look, browser, file, *pictures], capture_output=True, text=True, timeout=240, check=False
    )
    assert not done.returncode, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def wrong(found: dict[str, Any]) -> dict[str, Any]:
    """Return all that is wrong; nothing at all if axe has not looked."""
    assert set(found) == {"desktop-light", "desktop-dark", "phone-light", "phone-dark"}
    assert all(way["passed"] > 10 for way in found.values())
    return {
        f"{way} {what}": each[what]
        for way, each in found.items()
        for what in ("console", "outside", "overflow", "violations", "unclear")
        if each[what]
    }


@pytest.mark.parametrize("names", [(), (HOSTILE,) * 4], ids=["usual", "hostile"])
def test_a_report_with_everything_in_it(browser: str, look: Path, tmp_path: Path, names: tuple[str, ...]) -> None:
    file = tmp_path / "report.html"
    file.write_text(page(rich(*names)), encoding="utf-8")

    assert wrong(seen(browser, look, file)) == {}


def test_the_report_of_the_examples(browser: str, look: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    options = "--fault-profile flaky --fault-seed 7 --integrations-report report.html"
    command = [sys.executable, "-m", "pytest", "examples", *options.split()]
    subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=280, check=False)
    report = tmp_path / "report.html"
    pictures = (ROOT / "docs" / "pictures",) if os.environ.get("KEEP_PICTURES") else ()

    assert json.loads(report.with_suffix(".json").read_text())["totals"]["calls"] > 1000
    assert wrong(seen(browser, look, report, *pictures)) == {}
