"""--integrations-report: where the report is written, and that it is written however pytest runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.plugin.reading import REPORT, SUITE, health

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]


@pytest.mark.parametrize("path", ["report.txt", "report", ".", ""])
def test_a_path_that_is_no_page_stops_the_run(run: Run, path: str) -> None:
    result = run("def test_it(): pass", f"--integrations-report={path}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --integrations-report '{path}' is no file for a page: give it a name such *"])


def test_an_unknown_word_in_the_configuration_stops_the_run(run: Run) -> None:
    result = run("def test_it(): pass", "-o", "integrations_summary=sometimes")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: integrations_summary = 'sometimes' in the configuration: expected 'auto' or *"]
    )


def test_a_place_that_cannot_be_written_to_fails_the_run(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makefile(".txt", taken="a file where a directory has to be")

    result = run("def test_it(fake_rest): pass", "--integrations-report=taken.txt/report.html")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["the report could not be written: *taken.txt*"])


def test_the_configuration_may_ask_for_it(run: Run, pytester: pytest.Pytester) -> None:
    """From the root directory, wherever pytest is started."""
    pytester.makeini("[pytest]\nintegrations_report = build/health.html")

    run(SUITE)

    assert health(pytester.path / "build", "health.json")["totals"]["tests"] == 4


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--markers", "--list-fault-profiles"])
def test_what_runs_no_test_leaves_the_last_report_alone(run: Run, pytester: pytest.Pytester, option: str) -> None:
    run(SUITE, *REPORT)

    run(SUITE, *REPORT, option)

    assert health(pytester.path)["totals"]["tests"] == 4


def test_a_suite_that_cannot_be_collected_has_an_empty_report(run: Run, pytester: pytest.Pytester) -> None:
    run(SUITE, *REPORT)

    run("import nothing_that_there_is", *REPORT)

    assert health(pytester.path)["totals"]["tests"] == 0


def test_a_run_without_a_fake_has_a_report_too(run: Run, pytester: pytest.Pytester) -> None:
    """Whoever reads it in CI finds that nothing was tested, rather than the report of another run."""
    run("def test_it(): pass", *REPORT)

    assert health(pytester.path)["totals"]["tests"] == 1


# -- other ways to run


@pytest.mark.parametrize("options", [("-p", "no:terminal"), ("-x",)])
def test_it_is_written_however_pytest_runs(run_apart: Run, pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    run_apart(SUITE, *REPORT, "-p", "no:randomly", *options)

    data: dict[str, Any] = health(pytester.path)
    assert data["totals"]["faulted"] >= 2


def test_the_last_failed_alone_are_in_the_next_report(pytester: pytest.Pytester, run: Run) -> None:
    run(SUITE, *REPORT)
    pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:hypothesispytest", "-W", "default")

    pytester.runpytest_inprocess("-p", "no:hypothesispytest", "-W", "default", "--lf", *REPORT)

    assert [test["id"] for test in health(pytester.path)["tests"]] == ["test_it.py::test_gives_up"]
