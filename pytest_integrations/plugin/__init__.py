"""The roof: the only floor that knows pytest.

    fixtures, factory  what a test asks for: fake_rest, fakes, fault_profile
    options            flags, ini options and markers
    record             which fakes the running test has started
    evidence           what stands under a failed test
    report_part        what one test adds to the health report, and, by report_guests, to those of others
    report             the health report: collected, shown at the end of the run, written
    hookspecs          what others may add
    registries         every name that can be used in a run
    manager            the same names for programs that run without pytest

Importing it loads the standard library, pytest and our own light modules; what is heavy is loaded by the fixtures.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.core import watch

from . import hookspecs, options
from .fixtures import (
    fake_amqp,
    fake_graphql,
    fake_grpc,
    fake_kafka,
    fake_redis,
    fake_rest,
    fake_sqs,
    fakes,
    fault_profile,
    grpc_servicer,
    integration_tester,
    intercept,
    virtual_clock,
)
from .record import RECORD, Witness
from .report import Collector

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = [
    "fake_amqp",
    "fake_graphql",
    "fake_grpc",
    "fake_kafka",
    "fake_redis",
    "fake_rest",
    "fake_sqs",
    "fakes",
    "fault_profile",
    "grpc_servicer",
    "integration_tester",
    "intercept",
    "virtual_clock",
]

_CASES = (".integration.toml", ".integration.yaml", ".integration.yml")
_WITNESS = pytest.StashKey[Witness]()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let conftest.py and other plugins add faults, profiles and backends."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare flags and ini options."""
    options.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, decide on the seed, and listen for fakes; a profile that is not there stops the run here."""
    options.add_markers(config)
    if config.getoption("help"):
        return
    options.settle_seed(config)
    names = options.chosen_for_run(config)
    if names:
        from .registries import check_names

        check_names(config, names, "--fault-profile")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(config), "integrations-report")
    witness = config.stash[_WITNESS] = Witness()
    watch.watchers.append(witness.started)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Let the workers of xdist draw from the seed that the header shows."""
    options.share_seed(node.config, node.workerinput)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Listen no more, and end our threads, unless a run of pytest around this one still needs them."""
    witness = config.stash.get(_WITNESS, None)
    if witness is None:
        return
    watch.watchers.remove(witness.started)
    if not watch.watchers:
        _end_threads()


def _end_threads() -> None:
    handlers = sys.modules.get("pytest_integrations.backends.handlers")
    if handlers is not None:
        handlers.shared_runner().dismiss()
    loop = sys.modules.get("pytest_integrations.wire.loop")
    if loop is not None:
        loop.close_shared_loop()


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """List the fault profiles, if that is what was asked for."""
    if not config.getoption("--list-fault-profiles"):
        return None
    from .listing import listing

    sys.stdout.write(listing(config))
    return 0


def pytest_report_header(config: pytest.Config) -> str | None:
    """Name the profile and the seed, where they are active."""
    return options.header(config)


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat a test for each of several profiles; last, so that the profile is the last part of its id."""
    options.parametrize(metafunc)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the cases in files called `test_….integration.toml` (or `.yaml`), and in others that are asked for."""
    name = file_path.name
    if not name.endswith(_CASES) or not (name.startswith("test_") or parent.session.isinitpath(file_path)):
        return None
    from .case_files import CaseModule

    module: pytest.Collector = CaseModule.from_parent(parent, path=file_path)
    return module


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Stop the run for a marker that names no profile; let marked tests run in virtual time."""
    options.check_markers(config, items)
    options.use_virtual_time(items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Open the record of the test's fakes."""
    item.config.stash[_WITNESS].begin(item, options.profile_of(item))
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test whose client asked for what no fake answers, even if it swallowed the refusal."""
    __tracebackhide__ = True
    record = item.stash.get(RECORD, None)
    if record is None:  # whoever runs this test has left out its setup
        return (yield)
    try:
        result = yield
    finally:
        record.count_into(item.user_properties)
    record.conclude()
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Close the record; what a client asked for while all was being torn down is told now."""
    __tracebackhide__ = True
    result = yield
    item.config.stash[_WITNESS].end()
    record = item.stash.get(RECORD, None)
    if record is not None and record.passed:
        record.verify()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the evidence under a failed test."""
    report = yield
    record = item.stash.get(RECORD, None)
    if record is not None and record.sources and report.failed:
        from . import evidence

        error = call.excinfo.value if call.excinfo else None
        evidence.attach(report, record, error)
        evidence.spare(report, error)
    if call.when == "teardown" and record is not None:
        if record.fakes or "pytest_integrations.plugin.cases" in sys.modules:
            from . import report_part

            report_part.attach(report, record)
        del item.stash[RECORD]
    return report
