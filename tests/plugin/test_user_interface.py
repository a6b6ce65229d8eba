"""What people read of the plugin, word for word; run with UPDATE_GOLDEN=1 to take a change over."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

GOLDEN = Path(__file__).with_name("golden")


def _compare(name: str, seen: str) -> None:
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(seen, encoding="utf-8")
    assert seen == file.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def test_help(run: Run) -> None:
    text = run("", "--help").stdout.str()
    group = re.search(r"^fake backends and fault injection .*?(?=\n\n)", text, re.MULTILINE | re.DOTALL)
    options = re.search(r"^  fault_profile.*?(?=^  (?!fault_|integrations_|   ))", text, re.MULTILINE | re.DOTALL)
    assert group
    assert options
    _compare("help", f"{group[0]}\n\n{options[0]}")


def test_markers(run: Run) -> None:
    lines = run("", "--markers").outlines
    ours = re.compile(r"@pytest.mark.(fault|no_fault|virtual_time)")
    _compare("markers", "".join(f"{line}\n" for line in lines if ours.match(line)))


def test_fixtures(run: Run) -> None:
    text = run("", "--fixtures").stdout.str()
    block = text.partition("fixtures defined from pytest_integrations")[2].partition("\n")[2].partition("\n\n\n")[0]
    _compare("fixtures", re.sub(r" -- .*fixtures.py:\d+", "", block) + "\n")


def test_list_fault_profiles(run: Run) -> None:
    result = run("def test_it(): assert 0", "--list-fault-profiles")

    assert result.ret == 0
    _compare("list-fault-profiles", result.stdout.str() + "\n")


def test_list_fault_profiles_of_a_file_that_cannot_be_read(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml("[tool.pytest_integrations.profiles.x]\nrules = 1")

    result = run("", "--list-fault-profiles")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: pyproject.toml: tool.pytest_integrations.profiles.x.rules: expected up to *"])
