"""Installs published releases beside the environment of the tests, and runs client scripts with them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import ResilienceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

CLIENTS = Path(__file__).with_name("clients")


@dataclass(frozen=True)
class Release:
    """A release of a client, and what the assertion says of it; None if nothing."""

    requirement: str
    verdict: str | None = None

    def __str__(self) -> str:
        return self.requirement.replace("==", "-")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Install a requirement with all that it needs into a folder of its own, once a session, and return the folder."""
    folders: dict[str, Path] = {}

    def install(requirement: str) -> Path:
        if requirement not in folders:
            folder = tmp_path_factory.mktemp(re.sub(r"[^\w.]+", "-", requirement))  # brackets are for globs
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
            _run([*pip, "--target", str(folder), requirement], dict(os.environ))
            folders[requirement] = folder
        return folders[requirement]

    return install


@pytest.fixture
def client(release: Release, installed: Callable[[str], Path]) -> Callable[[str, str], None]:
    """Run a script of `clients` against a URL, with the release under test and nothing else that is installed."""

    def run(script: str, url: str) -> None:
        # -S leaves the environment of the tests out, so that what the release needs comes from its folder as well.
        command = [sys.executable, "-S", str(CLIENTS / script), url]
        _run(command, {"PYTHONPATH": str(installed(release.requirement)), "PATH": os.environ["PATH"]})

    return run


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def judging(release: Release) -> Iterator[AbstractContextManager[Any]]:
    """Expect the verdict on the release: an error for the one with the bug, none for the one without."""
    if release.verdict is None:
        yield nullcontext()
        return
    raised = pytest.raises(ResilienceError, match=release.verdict)
    yield raised
    assert raised.excinfo is not None
    assert raised.excinfo.type is ResilienceError, "nothing was checked"
    print(raised.excinfo.value)
