"""Others add faults, profiles and backends by hook, by pyproject.toml and by entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy
import pytest

from pytest_integrations import hookimpl
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.plugin import hookspecs
from pytest_integrations.plugin.manager import load, plugin_manager
from pytest_integrations.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., pytest.RunResult]

MONDAY = Profile("monday", "A profile of somebody else.")

CONFTEST = """
from dataclasses import dataclass
from pytest_integrations import FakeRest, hookimpl
from pytest_integrations.core.effect import Answer
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.reply import Reply
from pytest_integrations.profiles import Profile, rule

@dataclass(frozen=True, slots=True, repr=False)
class teapot(Fault):
    code: int = 418

    def effects(self, occasion):
        yield Answer(Reply(self.code))

class FakeShop(FakeRest):
    "A backend with routes of its own."

    def start(self):
        super().start()
        self.get("/goods").reply(json=[])
        return self

@hookimpl
def pytest_integrations_faults(config):
    return {"teapot": teapot}

@hookimpl
def pytest_integrations_profiles(config):
    return {"by-hook": Profile("by-hook", "", (rule(teapot(), every=1),))}

@hookimpl
def pytest_integrations_backends(config):
    return {"shop": FakeShop}
"""

SUITE = """
    from client import get

    def test_it(fakes):
        shop = fakes.make("shop", "corner shop")
        print(f"<{get(shop.url + '/goods')}>")
"""


@pytest.mark.parametrize(("profile", "answer"), [("by-hook", 418), ("by-file", 419), ("calm", 200)])
def test_conftest_adds_faults_profiles_and_backends(
    run: Run, pytester: pytest.Pytester, profile: str, answer: int
) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyprojecttoml("""
        [tool.pytest_integrations.profiles.by-file]
        rules = [{ fault = "teapot", settings = { code = 419 }, every = 1 }]
    """)

    result = run(SUITE, "-s", "--fault-profile", profile)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*<{answer}>*"])


def test_what_they_add_is_listed(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)

    run("", "--list-fault-profiles").stdout.fnmatch_lines(["by-hook", "    inject(teapot(), every=1)"])


def test_a_conftest_with_our_hooks_runs_without_the_plugin(run_apart: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)

    run_apart("def test_it(): pass", "-p", "no:integrations").assert_outcomes(passed=1)


def test_an_unknown_backend_is_told(run: Run) -> None:
    result = run("def test_it(fakes): fakes.make('rset', 'x')")

    result.assert_outcomes(failed=1)
    told = "unknown backend 'rset'. Did you mean 'rest'? Known: amqp, graphql, grpc, kafka, proxy, redis, rest, sqs"
    result.stdout.fnmatch_lines([f"E*UnknownName: {told}*"])


def test_a_name_that_is_taken_is_told(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST.replace('"by-hook"', '"flaky"'))

    result = run(SUITE, "--fault-profile=slow")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --fault-profile: fault profile 'flaky' is already registered as *"])


class _Others:
    """What a distribution with an entry point would bring."""

    @staticmethod
    @hookimpl
    def pytest_integrations_profiles(config: pytest.Config | None) -> dict[str, str]:
        assert config is None
        return {"monday": f"{__name__}:MONDAY"}


class _Rivals:
    """Another distribution, with the same idea."""

    @staticmethod
    @hookimpl
    def pytest_integrations_profiles() -> dict[str, str]:
        return {"monday": "rivals:MONDAY"}


def test_programs_without_pytest_have_the_same_names(tmp_path: Path) -> None:
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text("[tool.pytest_integrations.profiles.tuesday]\n")
    manager = plugin_manager()
    manager.register(_Others())

    names = load(pyproject, manager=manager)

    assert {"calm", "monday", "tuesday"} <= set(names.profiles)
    assert {"status", "latency"} <= set(names.faults)
    assert list(names.backends) == ["amqp", "graphql", "grpc", "kafka", "proxy", "redis", "rest", "sqs"]


def test_two_of_them_cannot_use_one_name() -> None:
    manager = plugin_manager()
    manager.register(_Others())
    manager.register(_Rivals())

    with pytest.raises(ScriptingError, match="fault profile 'monday' is already registered"):
        load(manager=manager).profiles.get("monday")


def test_every_hook_is_explained() -> None:
    specs = pluggy.PluginManager("pytest")
    specs.add_hookspecs(hookspecs)

    for name in ("pytest_integrations_backends", "pytest_integrations_faults", "pytest_integrations_profiles"):
        assert getattr(specs.hook, name).spec is not None
        assert getattr(hookspecs, name).__doc__
