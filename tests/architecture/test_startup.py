"""Who uses no fake pays nothing: the plugin brings no heavy module into a run of pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {
    "asyncio",
    "concurrent",
    "fakeredis",
    "graphql",
    "grpc",
    "grpc_testing",
    "httptools",
    "multiprocessing",
    "redis",
    "requests",
    "responses",
    "ssl",
    "trustme",
    "urllib3",
    "werkzeug",
}

MODULES_AT_MOST = 20
"""New modules that a run may load. A count, as milliseconds depend on the machine; raise it only with a reason."""

REPORT = """
import json, sys, threading
def pytest_collection_finish():
    threads = [t.name for t in threading.enumerate()]
    with open("loaded.json", "w") as file:
        json.dump({"modules": sorted(sys.modules), "threads": threads}, file)
"""


def _run(directory: Path, *options: str) -> dict[str, list[str]]:
    """Run one empty test and return what was loaded by the end of collection."""
    directory.mkdir()
    (directory / "conftest.py").write_text(REPORT)
    (directory / "test_nothing.py").write_text("def test_nothing(): pass\n")
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    subprocess.run(command, cwd=directory, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, list[str]] = json.loads((directory / "loaded.json").read_text())
    return found


def test_a_run_without_fakes_loads_nothing_heavy(tmp_path: Path) -> None:
    without = _run(tmp_path / "without")
    with_us = _run(tmp_path / "with", "-p", "pytest_integrations.plugin")

    new = set(with_us["modules"]) - set(without["modules"])

    assert "pytest_integrations.plugin" in new
    assert not {module for module in new if module.split(".")[0] in HEAVY}
    assert len(new) <= MODULES_AT_MOST, sorted(new)
    assert with_us["threads"] == without["threads"], "a thread was started for nobody"


def test_the_public_face_loads_nothing_heavy() -> None:
    code = "import sys; before = set(sys.modules); import pytest_integrations; print(*(set(sys.modules) - before))"

    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()

    assert not {module for module in loaded if module.split(".")[0] in HEAVY | {"pytest", "_pytest"}}
