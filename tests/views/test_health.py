"""All tests of a run together."""

from __future__ import annotations

import shlex

import pytest

from pytest_integrations.views.health import CompletedTest
from tests.views.reports import point, ran, report


def test_availability_is_told_with_and_without_faults() -> None:
    """A call with a fault is no evidence against the service itself."""
    (found,) = report(ran(point(calls=10, faulted=4, failed_faulted=3, failed_other=1)))["points"]

    assert (found["availability"], found["error_rate"]) == (0.6, 0.4)
    assert found["availability_without_faults"] == round(5 / 6, 6)
    assert found["errors"] == {"with_fault": 3, "without_fault": 1}


def test_without_calls_there_is_no_share() -> None:
    """Nor if every call met a fault."""
    nothing, all_faulted = report(ran(point(calls=0, faulted=0, failed_faulted=0), point(operation="x", faulted=4)))[
        "points"
    ][::-1]

    assert (nothing["availability"], nothing["error_rate"]) == (None, None) or all_faulted["availability"] is None
    assert {nothing["availability_without_faults"], all_faulted["availability_without_faults"]} == {None}


def test_virtual_and_real_times_do_not_mix() -> None:
    """They are told one beside the other."""
    tests = [ran(point(seconds=[1.0, 3.0])), ran(point(seconds=[60.0]), clock="virtual")]

    (found,) = report(*tests)["points"]

    assert found["latencies"] == [
        {"clock": "real", "n": 2, "p50": 1.0, "p90": None, "p95": None, "max": 3.0},
        {"clock": "virtual", "n": 1, "p50": None, "p90": None, "p95": None, "max": 60.0},
    ]


def test_the_worst_come_first() -> None:
    """What nobody expected, then what failed without a fault, then what failed with one."""
    points = [
        point(operation="fine", faulted=0, failed_faulted=0),
        point(operation="faulted"),
        point(operation="failed", failed_other=1),
        point(operation="unexpected", unexpected=1),
    ]

    found = [each["operation"] for each in report(ran(*points))["points"]]

    assert found == ["unexpected", "failed", "faulted", "fine"]


def test_the_matrix_counts_tests_by_their_ends() -> None:
    """A test that was skipped or was expected to fail says nothing."""
    tests = [
        ran(point(tried={"status": ["status(503)"], "latency": ["latency(1.0)"]})),
        ran(point(tried={"status": ["status(429)"]}), outcome="failed"),
        ran(point(tried={"status": ["status(503)"]}), outcome="xfailed"),
    ]

    found = report(*tests)

    assert [(cell["fault"], cell["survived"], cell["failed"]) for cell in found["matrix"]] == [
        ("latency", 1, 0),
        ("status", 1, 1),
    ]
    assert found["faults"] == [
        {"name": "latency", "scripted": ["latency(1.0)"]},
        {"name": "status", "scripted": ["status(503)", "status(429)"]},
    ]


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        ("passed", "passed"),
        ("xpassed", "passed"),
        ("failed", "failed"),
        ("error", "failed"),
        ("crashed", "failed"),
        ("skipped", "skipped"),
        ("xfailed", "skipped"),
    ],
)
def test_every_outcome_is_counted(outcome: str, counted: str) -> None:
    totals = report(ran(point(), outcome=outcome))["totals"]

    assert {name: totals[name] for name in ("passed", "failed", "skipped") if totals[name]} == {counted: 1}  # type: ignore[literal-required]


def test_a_test_without_fakes_is_counted_and_not_shown() -> None:
    found = report(CompletedTest(id="test_it.py::test_plain", outcome="passed"), ran(point()))

    assert (found["totals"]["tests"], found["totals"]["tests_with_fakes"], len(found["tests"])) == (2, 1, 1)


def test_a_test_whose_worker_crashed_is_shown() -> None:
    """What its fakes went through is lost, which is said."""
    (entry,) = report(CompletedTest(id="test_it.py::test_it", outcome="crashed"))["tests"]

    assert entry["outcome"] == "crashed"
    assert "lost" in entry["problems"][0]
    assert (entry["replay"], entry["seed"]) == ("pytest 'test_it.py::test_it'", 0)


def test_a_test_whose_worker_crashed_can_be_run_again_with_the_faults_of_the_run() -> None:
    crashed = CompletedTest(id="test_it.py::test_it[it's-slow]", outcome="crashed")
    (entry,) = report(crashed, profiles=["slow", "flaky"], seed=7)["tests"]

    assert shlex.split(entry["replay"]) == ["pytest", crashed.id, "--fault-profile", "slow,flaky", "--fault-seed", "7"]
    assert entry["seed"] == 7


def test_figures_of_several_tests_add_up() -> None:
    (found,) = report(ran(point()), ran(point()))["points"]

    assert (found["tests"], found["calls"], found["logical"]) == (
        2,
        8,
        {"at_once": 2, "recovered": 2, "given_up": 0},
    )
