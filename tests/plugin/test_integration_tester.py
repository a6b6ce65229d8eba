"""The fixture `integration_tester`: a table inside a test, its cases as subtests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

TABLE = """
    from client import get
    from pytest_integrations.faults import status

    def test_stock(fake_rest, integration_tester):
        fake_rest.get("/tea").reply(json={"left": 3})
        integration_tester.add("there is tea", request=("GET", "/tea"), expect={"left": 3})
        integration_tester.add(
            "there is more tea",
            request=("GET", "/tea"),
            expect={"left": 4},
        )
        integration_tester.add("refused", request=("GET", "/tea"), faults=status(503))
        results = integration_tester.run(fake_rest)
        assert [each.status for each in results] == ["passed", "failed", "failed"]
        print(integration_tester.health())
"""

HAS_SUBTESTS = pytest.version_tuple >= (9, 0)


@pytest.mark.skipif(not HAS_SUBTESTS, reason="pytest 9 is the first with subtests of its own")
def test_each_case_is_a_subtest(run: Run) -> None:
    result = run(TABLE, "-v", "-rA")

    result.stdout.fnmatch_lines_random(
        [
            "test_it.py::test_stock SUBPASSED*there is tea*",
            "test_it.py::test_stock SUBFAILED*there is more tea*",
            "test_it.py::test_stock SUBFAILED*refused*",
        ]
    )
    text = result.stdout.str()
    assert re.search(r"SUBFAILED.*there is more tea.* - AssertionError: body\.le", text)
    assert re.search(r"SUBFAILED.*refused.* - AssertionError: expected a succ", text)
    assert "degraded  GET /tea  1 of 3 passed" in text


@pytest.mark.skipif(not HAS_SUBTESTS, reason="pytest 9 is the first with subtests of its own")
def test_a_failure_shows_the_lines_of_its_case_and_what_crossed_the_wire(run: Run) -> None:
    result = run(TABLE)

    result.stdout.fnmatch_lines(
        [
            "    integration_tester.add(",
            '        "there is more tea",',
            '        request=("GET", "/tea"),',
            '        expect={"left": 4},',
            ">   )",
            "E   AssertionError: body.left: expected 4, got 3",
            "test_it.py:11: AssertionError",
            "*- integration timeline -*",
            "  fake_rest  1 call on 1 connection*",
            "  #2 * GET /tea  ok 200",
            "replay: pytest 'test_it.py::test_stock'",
        ]
    )


@pytest.mark.skipif(not HAS_SUBTESTS, reason="pytest 9 is the first with subtests of its own")
def test_without_subtests_all_failures_are_told_at_once(run: Run) -> None:
    table = TABLE.replace("results = ", "").partition("        assert [each.status")[0]
    result = run(table, "-p", "no:subtests")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*ExceptionGroup: 2 of 3 cases did not pass: 'there is more tea', 'refused' (2 sub-exceptions)"]
    )
    result.stdout.fnmatch_lines_random(
        ["*AssertionError: body.left: expected 4, got 3", "*AssertionError: expected a success, got 503*"]
    )


PASSING = """
    from pytest_integrations.faults import status
    import urllib.request, urllib.error

    def patient(url):
        for _ in range(20):
            try:
                return urllib.request.urlopen(url, timeout=5).status
            except OSError:
                continue

    def test_stock(fake_rest, integration_tester):
        fake_rest.get("/").reply()
        integration_tester.add("healthy", request=fake_rest.url, expect=200)
        integration_tester.add("refused once", request=fake_rest.url, expect=200, faults=status(503), attempts=2)
        assert len(integration_tester.run(patient)) == 2
"""


def test_a_table_that_passes_is_one_test_that_passes(run: Run) -> None:
    result = run(PASSING)

    assert result.parseoutcomes()["passed"] == 1
    assert result.ret == 0


def test_the_cases_are_counted_for_junit(run: Run, pytester: pytest.Pytester) -> None:
    run(TABLE, "--junitxml=report.xml")

    text = (pytester.path / "report.xml").read_text(encoding="utf-8")
    assert text.count('<property name="integrations_cases" value="1 passed, 2 failed" />') == 1
    assert 'name="integrations_calls" value="3"' in text, "those of all cases"


def test_a_table_that_was_never_run_is_told(run: Run) -> None:
    result = run(TABLE.partition("        results")[0])

    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*IntegrationsWarning: cases were added and never run: *; call run*"])


def test_it_is_repeated_for_each_profile(run: Run) -> None:
    result = run(PASSING, "--fault-profile", "flaky,lossy", "-v", "--fault-seed", "7", "-p", "no:subtests")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["test_it.py::test_stock?flaky? PASSED*", "test_it.py::test_stock?lossy? PASSED*"])


def test_xdist(run_apart: Run) -> None:
    result = run_apart(TABLE, "-n", "2", "-p", "no:randomly")

    assert result.ret == 1
    assert re.search(r"body\.left: expected 4, got 3", result.stdout.str())


def test_a_rerun_counts_anew(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item):
            runtestprotocol(item, log=False)  # the run before, of which a plugin for reruns reports nothing
    """)
    table = TABLE.replace("results = ", "").partition("        assert [each.status")[0]

    run(table, "-p", "no:subtests", "--junitxml=report.xml")

    assert (pytester.path / "report.xml").read_text(encoding="utf-8").count("integrations_cases") == 1


def test_a_fault_that_never_fired_is_a_warning(run: Run) -> None:
    result = run("""
        from pytest_integrations.faults import status
        from pytest_integrations.profiles import rule

        def test_stock(fake_rest, integration_tester):
            fake_rest.get("/").reply()
            integration_tester.add("healthy", request="GET /", expect=200, faults=rule(status(503), skip=3))
            integration_tester.run(fake_rest.url)
    """)

    assert result.parseoutcomes()["warnings"] == 1
    result.stdout.fnmatch_lines(
        ["*FaultNeverFired: case 'healthy' passed without its fault: fake_rest: inject(*never fired"]
    )


def test_fakes_that_the_test_starts_itself(run: Run) -> None:
    result = run("""
        import pytest
        from pytest_integrations import FakeRest
        from pytest_integrations.faults import status

        @pytest.fixture(scope="session")
        def shop():
            with FakeRest("shop") as shop:
                shop.get("/").reply()
                yield shop

        @pytest.mark.parametrize("n", [1, 2])
        def test_lasting(shop, integration_tester, n):
            integration_tester.add("refused", request="GET /", expect=503, faults=status(503), received={"GET /": 1})
            integration_tester.run(shop)

        def test_own(integration_tester):
            with FakeRest("a") as a:
                a.get("/").reply()
                integration_tester.add("refused", request="GET /", expect=503, faults={a: status(503)})
                integration_tester.run(a)
    """)

    assert result.ret == 0
    assert result.parseoutcomes()["passed"] == 3


@pytest.mark.skipif(not HAS_SUBTESTS, reason="pytest 9 is the first with subtests of its own")
def test_an_asynchronous_test(run: Run) -> None:
    result = run("""
        import httpx
        import pytest
        from pytest_integrations.faults import status

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.fixture
        async def client(fake_rest):
            async with httpx.AsyncClient(base_url=fake_rest.url) as client:
                yield client

        async def test_stock(fake_rest, client, integration_tester):
            fake_rest.get("/tea").reply(json=3)
            integration_tester.add("there is tea", request="/tea", expect=3)
            integration_tester.add("refused", request="/tea", expect=200, faults=status(503))
            await integration_tester.run_async(client.get)
    """)

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            '>   integration_tester.add("refused", request="/tea", expect=200, faults=status(503))',
            "E   AssertionError: expected status 200, got 503",
        ]
    )


def test_a_mistake_in_a_case_is_shown_at_its_line(run: Run) -> None:
    result = run("""
        def test_stock(integration_tester):
            integration_tester.add("x", expect=200, resilience={"atempts": 3})
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       integration_tester.add(*",
            "E       pytest_integrations.UnknownName: unknown assertion 'atempts'. Did you mean 'attempts'*",
            "test_it.py:2: UnknownName",
        ]
    )
