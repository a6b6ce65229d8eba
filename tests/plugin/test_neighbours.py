"""The plugin among others: unittest, Hypothesis, xdist, asyncio, subtests, random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]


def test_unittest(run: Run) -> None:
    result = run("""
        import unittest
        from client import get
        from pytest_integrations import FakeRest

        class TestClient(unittest.TestCase):
            def setUp(self):
                self.payments = self.enterContext(FakeRest("payments"))
                self.payments.get("/").reply()

            def test_passes(self):
                self.assertEqual(get(self.payments.url), 200)

            def test_fails(self):
                self.assertEqual(get(self.payments.url), 201)
    """)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*AssertionError: 200 != 201",
            "*- integration timeline -*",
            "  #1 * GET /  ok 200",
            "replay: pytest 'test_it.py::TestClient::test_fails'",
        ]
    )


def test_unittest_by_a_fixture(run: Run) -> None:
    result = run("""
        import unittest
        import pytest
        from client import get

        class TestClient(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def payments(self, fake_rest):
                self.payments = fake_rest
                fake_rest.get("/").reply()

            def test_passes(self):
                self.assertEqual(get(self.payments.url), 200)
    """)

    result.assert_outcomes(passed=1)


def test_hypothesis_shows_the_smallest_example(run: Run) -> None:
    result = run("""
        from hypothesis import given, settings, strategies
        from client import get
        from pytest_integrations import FakeRest

        @settings(max_examples=30, database=None, derandomize=True, deadline=None)
        @given(strategies.integers(0, 100))
        def test_it(n):
            with FakeRest("payments") as payments:
                payments.get("/<int:n>").reply()
                get(f"{payments.url}/{n}")
                assert n < 7
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["the last of * ledgers; *", "  payments  1 call on 1 connection*"])
    assert result.stdout.str().count("  payments  1 call on 1 connection") == 1


def test_hypothesis_meets_the_same_faults_in_each_example(run: Run) -> None:
    result = run(
        """
        from hypothesis import given, settings, strategies
        from client import get
        from pytest_integrations import FakeRest

        seen = set()

        @settings(max_examples=10, database=None, deadline=None)
        @given(strategies.integers())
        def test_it(n):
            with FakeRest("payments") as payments:
                payments.get("/").reply()
                seen.add(tuple(get(payments.url) for _ in range(20)))

        def test_seen():
            assert len(seen) == 1 and len(set(*seen)) > 1
        """,
        "--fault-profile=hostile",
        "--fault-seed=3",
    )

    result.assert_outcomes(passed=2)


def test_asyncio(run: Run) -> None:
    result = run("""
        import asyncio
        from client import get

        def test_it(fake_rest):
            fake_rest.get("/").reply()
            async def main():
                return await asyncio.gather(*(asyncio.to_thread(get, fake_rest.url) for _ in range(3)))
            assert asyncio.run(main()) == [200, 200, 200]
    """)

    result.assert_outcomes(passed=1)


def test_xdist_has_the_evidence(run_apart: Run) -> None:
    result = run_apart(
        """
        import pytest
        from client import get

        @pytest.mark.parametrize("n", range(4))
        def test_it(fake_rest, n):
            get(fake_rest.url + f"/{n}")
        """,
        "-n2",
        "-p",
        "no:randomly",
    )

    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines_random([
        f"replay: pytest 'test_it.py::test_it[[]{n}]'" for n in range(4)
    ])  # fmt: skip


def test_a_group_of_xdist_does_not_change_the_faults(run_apart: Run) -> None:
    suite = """
        import pytest
        from client import get

        @pytest.mark.xdist_group("a")
        def test_it(fake_rest):
            fake_rest.get("/").reply()
            assert "".join("." if get(fake_rest.url) == 200 else "x" for _ in range(40)) == ""
    """
    options = ("--fault-profile=hostile", "--fault-seed=3", "-p", "no:randomly")

    shown = [
        [line for line in run_apart(suite, *options, *more).outlines if line.startswith(("E  ", "replay:"))]
        for more in ((), ("-n1", "--dist=loadgroup"))
    ]

    assert shown[0] == shown[1]
    assert shown[0][-1] == "replay: pytest 'test_it.py::test_it' --fault-profile hostile --fault-seed 3"


def test_faults_leave_the_random_numbers_of_the_test_alone(run: Run) -> None:
    result = run(
        """
        import random
        from client import get

        def test_it(fake_rest):
            before = random.getstate()
            fake_rest.get("/").reply()
            assert len({get(fake_rest.url) for _ in range(20)}) > 1
            assert random.getstate() == before
        """,
        "--fault-profile=hostile",
        "--fault-seed=3",
    )

    result.assert_outcomes(passed=1)


@pytest.mark.skipif(not hasattr(pytest, "Subtests"), reason="subtests came with pytest 9")
def test_subtests_have_the_evidence(run: Run) -> None:
    result = run("""
        from client import get

        def test_it(fake_rest, subtests):
            fake_rest.get("/").reply()
            for n in (1, 2):
                with subtests.test(n=n):
                    assert get(fake_rest.url) == 200 + n
    """)

    result.stdout.fnmatch_lines([
        "E*assert 200 == (200 + 1)", "  #1 * GET /  ok 200", "E*assert 200 == (200 + 2)", "  #2 * GET /  ok 200",
    ])  # fmt: skip


def test_the_plugin_may_be_named_by_its_module(run_apart: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    run_apart("def test_it(fake_rest): pass", "-p", "pytest_integrations.plugin").assert_outcomes(passed=1)
