"""Files stay small and are called by what they are."""

from __future__ import annotations

from tests.architecture.package import ROOT, sources

LINES_AT_MOST = 400
SAY_NOTHING = {"base", "common", "helper", "helpers", "misc", "util", "utils"}

_ALL = sources() + [file for folder in ("tests", "examples") for file in sorted((ROOT / folder).rglob("*.py"))]


def test_no_file_is_long() -> None:
    lines = {str(file): len(file.read_text(encoding="utf-8").splitlines()) for file in _ALL}
    assert not {file: count for file, count in lines.items() if count > LINES_AT_MOST}


def test_every_file_is_called_by_what_it_is() -> None:
    parts = {str(file): {file.stem, file.parent.name} for file in _ALL}
    assert not [file for file, names in parts.items() if names & SAY_NOTHING]
