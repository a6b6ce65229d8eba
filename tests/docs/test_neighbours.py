"""The pages on plugins of pytest that are not installed here, since they would act on every test of this suite."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.fences import ROOT, page_fences

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.frameworks


def test_the_page_on_pytest_asyncio_holds_with_it(tmp_path: Path) -> None:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path)]
    made = subprocess.run([*install, "pytest-asyncio>=1.3"], capture_output=True, text=True, timeout=240, check=False)
    if made.returncode:
        pytest.skip(f"pytest-asyncio cannot be installed here: {made.stderr[-300:]}")

    command = [sys.executable, "-m", "pytest", "tests/docs/test_fences.py", "-q", "-k", "pytest-asyncio"]
    quietly = ["-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [*command, *quietly], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )

    needing = [fence for fence in page_fences() if fence.notes.get("needs") == "pytest_asyncio"]
    assert len(needing) == 3
    assert ran.returncode == 0, ran.stdout
    assert "skipped" not in ran.stdout
