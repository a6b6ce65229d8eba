"""The health report: what every test told, put together, shown at the end of the run and written.

Everything is read from the reports of pytest, which come to one process, whether the tests ran there or on workers.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from . import options

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_integrations.views.facts import Health, Outcome, PartFacts, RunFacts

__all__ = ["ATTRIBUTE", "Collector"]

ATTRIBUTE = "integrations"
"""Where the report of a teardown carries what its test adds, as JSON: attributes survive the way from a worker."""

_RANKS: tuple[Outcome, ...] = ("skipped", "xfailed", "passed", "xpassed", "failed", "error", "crashed")
"""What a test came to is the last of these that one of its reports says: a subtest that failed outweighs the others."""

_CRASHED = "???"
"""The phase that xdist names in the report that it writes for a test whose worker has gone."""


class _Running:
    """What is known of a run of a test. No dataclass: making one would take a millisecond of the start of every run."""

    def __init__(self, test: str) -> None:
        self.id = test
        self.outcome: Outcome = "skipped"
        self.phases: dict[str | None, float] = {}
        """How long each took; the last report of a phase is that of all of it, after those of its subtests."""
        self.reruns = 0
        self.is_rerun = False
        """Whether it will run again, as pytest-rerunfailures has it: the figures are those of its last run."""
        self.part: PartFacts | None = None

    def begin(self) -> None:
        """Begin anew, if it has run before."""
        if self.is_rerun:
            self.reruns += 1
            self.outcome, self.is_rerun = "skipped", False
            self.phases.clear()


class Collector:
    """Listens to the reports of all tests."""

    def __init__(self, config: pytest.Config) -> None:
        """Begin without tests."""
        self._config = config
        self._path = options.report_path(config)
        self._is_wanted = options.wants_summary(config)
        self._running: dict[tuple[str, object], _Running] = {}
        """By the id of the test and the worker: with `--dist each` all of them run the same tests."""
        self._over: list[_Running] = []
        self._health: Health | None = None
        self._written = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one report; that of the teardown is the last of a test, and brings what its fakes went through."""
        key = report.nodeid, getattr(report, "node", None)
        running = self._running.setdefault(key, _Running(report.nodeid))
        if report.when == "setup":
            running.begin()
        running.phases[report.when] = report.duration
        running.is_rerun = running.is_rerun or str(report.outcome) == "rerun"
        outcome = _outcome(report)
        if outcome is not None:
            running.outcome = max(running.outcome, outcome, key=_RANKS.index)
        if report.when in {"teardown", _CRASHED} and not running.is_rerun:
            running.part = _part(report)
            self._over.append(self._running.pop(key))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Put the report together, if there is something to report, and write it if it was asked for."""
        if not self._over and (session.exitstatus == pytest.ExitCode.OK or self._config.option.collectonly):
            return  # nothing was to be run (--fixtures, --collect-only): the report of the last run stays
        if self._path is not None or any(one.part is not None for one in self._over):
            self._health = self._put_together()
        if self._health is not None and self._path is not None:
            self._written = self._write(self._health, self._path, session)

    def _put_together(self) -> Health:
        from pytest_integrations.views.health import CompletedTest, health

        tests = [
            CompletedTest(
                id=one.id, outcome=one.outcome, seconds=sum(one.phases.values()), reruns=one.reruns, part=one.part
            )
            for one in self._over
        ]
        return health(tests, _run(self._config))

    def _write(self, health: Health, path: Path, session: pytest.Session) -> str:
        """Write the page and its data, and return the line that tells so."""
        from pytest_integrations.views.page import page

        data = path.with_suffix(".json")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            data.write_text(json.dumps(health, indent=1, allow_nan=False) + "\n", encoding="utf-8")
            path.write_text(page(health), encoding="utf-8")
        except OSError as error:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
            return f"the report could not be written: {error}"
        return f"report: {os.path.relpath(path, self._config.invocation_params.dir)} and {data.name}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the figures, if there were faults and pytest is not to be quiet, or if somebody has asked for them."""
        if self._health is None or not self._shows(self._health):
            return
        from pytest_integrations.views.summary import summary

        terminal: Any = terminalreporter
        terminal.write_sep("=", "integrations")
        for line in summary(self._health, width=min(max(shutil.get_terminal_size().columns, 80), 120)):
            terminal.write_line(line)
        if self._written:
            terminal.write_line(self._written)

    def _shows(self, health: Health) -> bool:
        if self._is_wanted is not None:
            return self._is_wanted or self._path is not None
        has_news = bool(health["faults"]) and self._config.get_verbosity() >= 0
        return has_news or self._path is not None


def _run(config: pytest.Config) -> RunFacts:
    from importlib.metadata import version
    from platform import python_version

    from pytest_integrations.core.clock import REAL

    arguments = [*config.invocation_params.args]
    seed = config.option.fault_seed
    if seed is not None and not any(argument.startswith("--fault-seed") for argument in arguments):
        arguments += ["--fault-seed", str(seed)]
    return {
        "created": REAL.wall().isoformat(timespec="seconds"),
        "profiles": [*options.chosen_for_run(config)],
        "seed": seed,
        "replay": shlex.join(["pytest", *arguments]),
        "versions": {
            "pytest-integrations": version("pytest-integrations"),
            "pytest": pytest.__version__,
            "python": python_version(),
        },
    }


def _part(report: pytest.TestReport) -> PartFacts | None:
    text = report.__dict__.pop(ATTRIBUTE, None)  # the terminal keeps all reports, and need not keep this as well
    part: PartFacts | None = json.loads(text) if isinstance(text, str) else None
    return part


def _outcome(report: pytest.TestReport) -> Outcome | None:
    """Return what *report* says of its test; None for a setup or teardown in which nothing happened."""
    if report.when == _CRASHED:
        return "crashed"
    if report.failed:
        return "failed" if report.when == "call" else "error"
    is_expected = hasattr(report, "wasxfail")
    if report.skipped:
        return "xfailed" if is_expected else "skipped"
    if report.when != "call":
        return None
    return "xpassed" if is_expected else "passed"
