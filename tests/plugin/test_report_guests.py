"""Reports of others: pytest-html and Allure get the pictures, and a rerun replaces the figures of the run before it.

Their plugins are in every run of pytest where they are installed, so they are put in a directory of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.plugin.reading import health

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., pytest.RunResult]

pytestmark = pytest.mark.frameworks

PACKAGES = (
    "pytest-html>=4",
    "pytest-metadata",
    "jinja2",
    "markupsafe",
    "allure-pytest>=2.13",
    "allure-python-commons>=2.13",
    "pytest-rerunfailures>=15",
)
SUITE = """
    from client import get
    from pytest_integrations.faults import status

    def test_it(fake_rest):
        fake_rest.get("/users").reply()
        fake_rest.inject(status(503))
        assert [get(fake_rest.url + "/users") for _ in range(2)] == [503, 200]
"""


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the plugins in it."""
    place = tmp_path_factory.mktemp("guests")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place), *PACKAGES]
    made = subprocess.run(install, capture_output=True, text=True, timeout=240, check=False)
    if made.returncode:
        pytest.skip(f"the plugins cannot be installed here: {made.stderr[-300:]}")
    return place


@pytest.fixture
def run_beside(run_apart: Run, guests: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(guests), os.environ.get("PYTHONPATH")))))
    return run_apart


@pytest.mark.parametrize("more", [(), ("-n1",)], ids=["alone", "xdist"])
def test_pytest_html_shows_the_picture(run_beside: Run, pytester: pytest.Pytester, more: tuple[str, ...]) -> None:
    result = run_beside(SUITE, "--html=other.html", "--self-contained-html", *more)

    result.assert_outcomes(passed=1)
    page = unescape((pytester.path / "other.html").read_text(encoding="utf-8"))
    (extra,) = json.loads(page.partition('data-jsonblob="')[2].partition('"></div>')[0])["tests"][
        "test_it.py::test_it"
    ][0]["extras"]
    assert extra["format_type"] == "html"
    assert "Timeline of fake_rest" in extra["content"]
    assert not (pytester.path / "report.html").exists()


@pytest.mark.parametrize("more", [(), ("-n1",)], ids=["alone", "xdist"])
def test_allure_has_the_picture(run_beside: Run, pytester: pytest.Pytester, more: tuple[str, ...]) -> None:
    result = run_beside(SUITE, "--alluredir=allure", *more)

    result.assert_outcomes(passed=1)
    (test,) = (json.loads(file.read_text()) for file in (pytester.path / "allure").glob("*-result.json"))
    (attached,) = test["attachments"]
    assert (attached["name"], attached["type"]) == ("integration timeline", "image/svg+xml")
    assert (pytester.path / "allure" / attached["source"]).read_text(encoding="utf-8").startswith("<svg ")


def test_without_such_a_report_nothing_is_drawn(run_beside: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        import sys
        def pytest_unconfigure():
            assert "pytest_integrations.views.svg" not in sys.modules
            assert "allure" in sys.modules or "allure_pytest" in sys.modules
    """)

    result = run_beside(SUITE)

    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("more", [(), ("-n1",)], ids=["alone", "xdist"])
def test_a_rerun_replaces_the_figures(run_beside: Run, pytester: pytest.Pytester, more: tuple[str, ...]) -> None:
    result = run_beside(
        """
        import time
        from pathlib import Path
        from client import get

        def test_it(fake_rest):
            fake_rest.get("/users").reply()
            get(fake_rest.url + "/users")
            before = Path("before")
            if not before.exists():
                before.touch()
                get(fake_rest.url + "/users")
                time.sleep(2)
                assert 0
        """,
        "--reruns=2",
        "--integrations-report=report.html",
        *more,
    )

    result.assert_outcomes(passed=1)
    data = health(pytester.path)
    (test,) = data["tests"]
    assert (test["outcome"], test["reruns"], test["calls"]) == ("passed", 1, 1)
    assert test["seconds"] < 2  # that was the run before
    assert (data["totals"]["tests"], data["totals"]["failed"]) == (1, 0)
