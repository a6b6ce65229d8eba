"""Packages from the npm registry, in a temporary directory, for clients and audits that are written in JavaScript."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["install"]


def install(directory: Path, **packages: str) -> Path:
    """Install *packages* (names with `__` for `/`, `_` for `-`; and ranges of versions) and return *directory*.

    The test is skipped, with the reason, where there is no Node.js, no npm, or no registry to be reached.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    names = {name.replace("__", "/").replace("_", "-"): version for name, version in packages.items()}
    scoped = {f"@{name}" if "/" in name else name: version for name, version in names.items()}
    (directory / "package.json").write_text(json.dumps({"type": "module", "private": True, "dependencies": scoped}))
    run = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(run, cwd=directory, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm install failed: {done.stderr.strip()[-300:]}")
    return directory
