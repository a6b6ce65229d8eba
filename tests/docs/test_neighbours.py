"""The pages on what is not installed here: plugins of pytest, which would act on every test, and what is large."""

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


_MOTO = (
    "moto", "blinker", "click", "flask", "flask-cors", "itsdangerous", "jinja2", "joserfc", "py-partiql-parser",
    "xmltodict",
)  # fmt: skip
"""With what its server needs for DynamoDB, and without boto3, which is here."""


@pytest.mark.parametrize(
    ("module", "packages", "page", "count"),
    [("pytest_asyncio", ("pytest-asyncio>=1.3",), "pytest-asyncio", 3), ("moto", _MOTO, "aws-or-wsgi", 1)],
)
def test_a_page_holds_with_what_it_is_about(
    tmp_path: Path, module: str, packages: tuple[str, ...], page: str, count: int
) -> None:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path)]
    made = subprocess.run([*install, *packages], capture_output=True, text=True, timeout=240, check=False)
    if made.returncode:
        pytest.skip(f"{module} cannot be installed here: {made.stderr[-300:]}")

    command = [sys.executable, "-m", "pytest", "tests/docs/test_fences.py", "-q", "-k", page]
    quietly = ["-p", "no:cacheprovider"]
    quietly += ["-o", "asyncio_default_fixture_loop_scope=function"] if module == "pytest_asyncio" else []
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [*command, *quietly], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )

    needing = [fence for fence in page_fences() if fence.notes.get("needs") == module]
    assert len(needing) == count
    assert ran.returncode == 0, ran.stdout
    assert "skipped" not in ran.stdout
