"""--fault-seed: the same faults again, in any order of tests, on any worker, in any part of the suite."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

SUITE = """
    import pytest
    from client import get
    from pytest_integrations import FakeRest
    from pytest_integrations.faults import status

    def _draw(fake, record_property):
        fake.get("/<int:n>").reply()
        answers = [get(f"{fake.url}/{n}") for n in range(40)]
        record_property("drawn", "".join("x" if answer == 503 else "." for answer in answers))

    @pytest.mark.fault_profile("half")
    def test_profile(fake_rest, record_property):
        _draw(fake_rest, record_property)

    @pytest.mark.parametrize("n", range(3))
    def test_script(fakes, record_property, n):
        fake = fakes.rest("payments")
        fake.inject(status(503), probability=0.5)
        _draw(fake, record_property)

    def test_with(record_property):
        with FakeRest() as fake:
            fake.inject(status(503), probability=0.5)
            _draw(fake, record_property)
"""

CONFTEST = """
import pytest
from pytest_integrations import hookimpl
from pytest_integrations.faults import status
from pytest_integrations.profiles import Profile, rule

@hookimpl
def pytest_integrations_profiles(config):
    return {"half": Profile("half", "", (rule(status(503), probability=0.5),)), "other": Profile("other", "")}

def pytest_addoption(parser):
    parser.addoption("--backwards", action="store_true")

def pytest_collection_modifyitems(config, items):
    if config.getoption("--backwards"):
        items.reverse()

def pytest_runtest_logreport(report):
    drawn = dict(report.user_properties).get("drawn")
    if report.when == "call":
        with open("drawn.txt", "a") as file:
            print(report.nodeid, drawn, file=file)
"""


@pytest.fixture
def draw(pytester: pytest.Pytester, run_apart: Run) -> Callable[..., dict[str, str]]:
    """Run the suite with some options and return what was drawn in each test."""
    pytester.makeconftest(CONFTEST)

    def draw(*options: str) -> dict[str, str]:
        file = pytester.path / "drawn.txt"
        file.unlink(missing_ok=True)
        result = run_apart(SUITE, *options)
        assert result.ret == 0
        return dict(line.split() for line in file.read_text().splitlines() if "drawn" not in line)

    return draw


def test_the_same_seed_gives_the_same_faults_in_any_order(draw: Callable[..., dict[str, str]]) -> None:
    drawn = draw("--fault-seed=7", "-p", "no:randomly")

    assert len(drawn) == 5
    assert len(set(drawn.values())) == 5, "the tests share their chance"
    assert all(5 < faults.count("x") < 35 for faults in drawn.values())
    assert draw("--fault-seed=7", "-p", "no:randomly", "--backwards") == drawn
    assert draw("--fault-seed=7", "-p", "randomly", "-n2") == drawn
    assert draw("--fault-seed=7", "-k", "script and 1") == {
        node: faults for node, faults in drawn.items() if node.endswith("test_script[1]")
    }


def test_another_seed_gives_others(draw: Callable[..., dict[str, str]]) -> None:
    one, two = draw("--fault-seed=7"), draw("--fault-seed=8")

    assert one.keys() == two.keys()
    assert all(one[node] != two[node] for node in one)


def test_without_a_profile_for_the_run_the_seed_is_always_0(draw: Callable[..., dict[str, str]]) -> None:
    assert draw() == draw("--fault-seed=0")


def test_the_profile_does_not_change_the_draws(draw: Callable[..., dict[str, str]]) -> None:
    alone = draw("--fault-seed=7", "--fault-profile=other")
    several = draw("--fault-seed=7", "--fault-profile=other,calm", "-W", "ignore")

    assert several["test_it.py::test_script[1-calm]"] == alone["test_it.py::test_script[1]"]
    assert several["test_it.py::test_script[1-other]"] == alone["test_it.py::test_script[1]"]


def _seeds(result: pytest.RunResult) -> set[str]:
    return set(re.findall(r"seed[ =](\d+)", result.stdout.str()))


def test_with_a_profile_a_fresh_one_is_drawn_and_shown(run: Run) -> None:
    suite = "def test_it(fake_rest): assert 0"

    first, second = run(suite, "--fault-profile=flaky"), run(suite, "--fault-profile=flaky")

    assert len(_seeds(first)) == len(_seeds(second)) == 1, "header, section and replay line tell one seed"
    assert _seeds(first) != _seeds(second)


def test_the_workers_of_xdist_share_the_fresh_one(run_apart: Run) -> None:
    suite = """
        import pytest

        @pytest.mark.parametrize("n", range(6))
        def test_it(fake_rest, n): assert 0
    """
    result = run_apart(suite, "--fault-profile=flaky", "-n2", "-p", "no:randomly")

    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines(["integrations: fault profile 'flaky', seed *"])
    assert len(_seeds(result)) == 1


@pytest.mark.parametrize(
    ("ini", "options", "message"),
    [
        ("", ["--fault-seed=x"], "*argument --fault-seed: invalid int value: 'x'*"),
        ("fault_seed = x", [], "ERROR: fault_seed = 'x' in the configuration is not a whole number"),
    ],
)
def test_what_is_no_number_is_a_usage_error(
    run: Run, pytester: pytest.Pytester, ini: str, options: list[str], message: str
) -> None:
    pytester.makeini(f"[pytest]\n{ini}")

    result = run("def test_it(): pass", *options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
