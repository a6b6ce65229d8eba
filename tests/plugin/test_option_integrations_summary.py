"""--integrations-summary: whether the figures of the integration points stand at the end of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.reading import REPORT, SUITE

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]


def test_the_figures_stand_at_the_end_of_a_run_with_faults(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    result = run(SUITE)

    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines([
        "*= integrations =*",
        "4 of 6 calls met a fault at 1 integration point, 1 recovered by retry",
        "integration point         calls  faults  failed  recovered  availability",
        "fake_rest  GET /users         6       4       4          1  33.3 % (100 %)",
        "*= short test summary info =*",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ((), False),
        (("--integrations-summary=always",), True),
        (("-o", "integrations_summary=always"), True),
        (REPORT, True),
    ],
)
def test_without_a_fault_they_are_shown_if_asked_for(run: Run, options: tuple[str, ...], *, shown: bool) -> None:
    result = run("def test_it(fake_rest): fake_rest.get('/').reply()", *options)

    assert ("= integrations =" in result.stdout.str()) is shown


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (("-q",), False),
        (("--integrations-summary=never",), False),
        (("-o", "integrations_summary=never"), False),
        (("-q", "--integrations-summary=always"), True),
        (("-q", *REPORT), True),
        (("-o", "integrations_summary=never", "--integrations-summary=auto"), True),
    ],
)
def test_they_can_be_switched_off(run: Run, options: tuple[str, ...], *, shown: bool) -> None:
    result = run(SUITE, *options)

    assert ("= integrations =" in result.stdout.str()) is shown
