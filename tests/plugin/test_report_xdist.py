"""The report of a run on several workers is that of a run on none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.plugin.reading import REPORT, SUITE, health

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def _timeless(data: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same: all but the times, and the command."""
    points = [
        each | {"latencies": [(times["clock"], times["n"]) for times in each["latencies"]]} for each in data["points"]
    ]
    tests = [(each["id"], each["outcome"], each["calls"], each["faulted"], each["replay"]) for each in data["tests"]]
    rows = [
        [(row["operation"], row["verdict"], row["fault"]) for drawn in each["timelines"] for row in drawn["rows"]]
        for each in data["tests"]
    ]
    kept = {name: data[name] for name in ("totals", "queues", "faults", "matrix")}
    return {**kept, "points": points, "tests": tests, "rows": rows}


def test_workers_change_nothing(run_apart: Run, pytester: pytest.Pytester) -> None:
    alone = run_apart(SUITE, *REPORT, "--fault-profile=flaky", "--fault-seed=3", "-p", "no:randomly")
    one = health(pytester.path)

    shared = run_apart(SUITE, *REPORT, "--fault-profile=flaky", "--fault-seed=3", "-p", "no:randomly", "-n2")
    other = health(pytester.path)

    assert _timeless(one) == _timeless(other)
    assert one["totals"]["tests_with_fakes"] == 3
    assert _verdict(alone) == _verdict(shared)


def _verdict(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "met a fault" in line]


def test_a_worker_that_crashes_takes_its_test_alone(run_apart: Run, pytester: pytest.Pytester) -> None:
    run_apart(
        """
        import os
        from client import get

        def test_before(fake_rest):
            fake_rest.get("/").reply()
            assert get(fake_rest.url) == 200

        def test_crashes(fake_rest):
            fake_rest.get("/").reply()
            get(fake_rest.url)
            os._exit(3)

        def test_then(fake_rest):
            fake_rest.get("/").reply()
            assert get(fake_rest.url) == 200
        """,
        *REPORT,
        "-n1",
        "-p",
        "no:randomly",
    )

    data = health(pytester.path)
    assert [(test["id"].partition("::")[2], test["outcome"]) for test in data["tests"]] == [
        ("test_before", "passed"),
        ("test_crashes", "crashed"),
        ("test_then", "passed"),
    ]
    assert data["totals"]["calls"] == 2
    assert (data["totals"]["tests"], data["totals"]["failed"]) == (3, 1)


def test_a_test_that_several_workers_run_at_once_is_told_for_each(run_apart: Run, pytester: pytest.Pytester) -> None:
    """Their reports come in turns."""
    run_apart(
        """
        import os, pathlib, time

        def test_it(fake_rest):
            here = pathlib.Path(__file__).parent
            (here / f"{os.getpid()}.here").touch()
            until = time.monotonic() + 20
            while len(list(here.glob("*.here"))) < 2 and time.monotonic() < until:
                time.sleep(0.01)
        """,
        *REPORT,
        "--dist=each",
        "--tx=2*popen",
    )

    data = health(pytester.path)
    assert [test["outcome"] for test in data["tests"]] == ["passed", "passed"]
    assert (data["totals"]["tests"], data["totals"]["passed"]) == (2, 2)
