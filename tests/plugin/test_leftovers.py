"""A run leaves no thread, socket or file behind, even if it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

REPORT = """
import json, os, threading, pytest

def _state():
    return {"threads": [t.name for t in threading.enumerate()], "files": sorted(os.listdir("/proc/self/fd"))}

BEFORE = {}

def pytest_collection_finish(session):
    BEFORE.update(_state())

class Last:
    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self):
        after = _state()
        with open("left.json", "w") as file:
            json.dump([BEFORE, after], file)

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    config.pluginmanager.register(Last())
"""

MANY = """
import pytest
from client import get
from pytest_integrations import FakeRest

@pytest.mark.parametrize("n", range(200))
def test_it(fake_rest, n):
    fake_rest.get("/").calls(lambda: "slow and steady")
    assert get(fake_rest.url) == 200

async def answer():
    return 200

def test_async(fakes):
    fake = fakes.rest("payments")
    fake.get("/").calls(answer)
    assert get(fake.url) == 200

def test_not_stopped():
    fake = FakeRest("forgotten").start()
    fake.get("/").reply()
    assert get(fake.url) == 200
    fake.stop()
"""

INTERRUPTED = """
import os, signal
from client import get
from pytest_integrations.faults import hang

def test_first(fake_rest):
    fake_rest.get("/").calls(lambda: "ok")
    assert get(fake_rest.url) == 200

def test_second(fakes):
    fake = fakes.rest("payments")
    fake.get("/").reply()
    fake.inject(hang())
    print("READY", file=open("ready", "w"), flush=True)
    get(fake.url)
"""

linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts the files of /proc")


def _left(directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = json.loads((directory / "left.json").read_text())
    return before, after


@linux
def test_many_fakes_leave_nothing_behind(run_apart: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(REPORT)

    result = run_apart(MANY, "-p", "no:randomly")

    result.assert_outcomes(passed=202)
    before, after = _left(pytester.path)
    assert after["threads"] == before["threads"] == ["MainThread"]
    assert len(after["files"]) <= len(before["files"])


@linux
def test_an_interrupt_leaves_nothing_behind(pytester: pytest.Pytester) -> None:
    from tests.plugin.conftest import CLIENT

    pytester.makeconftest(REPORT)
    pytester.makepyfile(client=CLIENT, test_it=INTERRUPTED)
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider"]
    process = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, text=True, env=os.environ)
    deadline = time.monotonic() + 20
    while not (pytester.path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)

    assert process.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "KeyboardInterrupt" in output
    before, after = _left(pytester.path)
    assert after["threads"] == before["threads"] == ["MainThread"]
    assert len(after["files"]) <= len(before["files"])


def test_a_run_inside_a_run_leaves_the_threads_of_the_outer_one(run: Run) -> None:
    from pytest_integrations import FakeRest

    with FakeRest() as outer:
        outer.get("/").reply()
        result = run(f"""
            from client import get

            def test_it(fake_rest):
                fake_rest.get("/").reply()
                assert get(fake_rest.url) == get("{outer.url}") == 200
        """)
        result.assert_outcomes(passed=1)
        result = run(f"from client import get\ndef test_again(): assert get('{outer.url}') == 200")
        result.assert_outcomes(passed=1)
