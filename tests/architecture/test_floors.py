"""Imports point down the floors that pyproject.toml draws."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.package import ROOT


def test_imports_point_down() -> None:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]

    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
