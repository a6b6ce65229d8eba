"""A fault that was scripted and never met is told: the test has proved less than it seems."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

NEVER = """
    from client import get
    from pytest_integrations.faults import status

    def test_it(fake_rest):
        fake_rest.get("/a").reply()
        fake_rest.get("/b").reply().inject(status(503))
        assert get(fake_rest.url + "/a") == 200
"""


def test_a_passing_test_gets_a_warning(run: Run) -> None:
    result = run(NEVER)

    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        ["*FaultNeverFired: fake_rest: inject(status(503)) never fired*, was it injected after them, or *"]
    )


def test_the_warning_can_be_made_an_error(run: Run) -> None:
    result = run(NEVER, "-W", "error::pytest_integrations.FaultNeverFired")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*FaultNeverFired: fake_rest: inject(status(503)) never fired*"])
    result.stdout.no_fnmatch_line("never fired: *")
    result.stdout.no_fnmatch_line("*def warn*")


def test_a_failing_test_has_it_in_its_section(run: Run) -> None:
    result = run("""
        from client import get
        from pytest_integrations.faults import status

        def test_it(fake_rest):
            fake_rest.get("/a").reply()
            fake_rest.inject(status(503), at=[2])
            assert get(fake_rest.url + "/a") == 503
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["never fired: inject(status(503), at=(2,)) on fake_rest"])


def test_what_may_rightly_not_happen_is_not_told(run: Run) -> None:
    result = run("""
        import pytest
        from client import get
        from pytest_integrations.faults import latency, status

        @pytest.mark.fault_profile("outage")
        def test_healed(fake_rest):
            fake_rest.get("/a").reply()
            rule = fake_rest.inject(status(503), at=[9])
            fake_rest.heal(rule)

        def test_chance(fake_rest):
            fake_rest.get("/a").reply()
            fake_rest.inject(status(503), probability=0)
            assert get(fake_rest.url + "/a") == 200

        def test_limit(fake_rest):
            fake_rest.rate_limit(100, per=1).max_concurrency(5).get("/a").reply()
            assert get(fake_rest.url + "/a") == 200

        def test_skipped(fake_rest):
            fake_rest.inject(status(503))
            pytest.skip("later")
    """)

    result.assert_outcomes(passed=3, skipped=1, warnings=0)


def test_a_limit_that_no_call_came_to_is_told(run: Run) -> None:
    """Each call meets one script: behind one that takes all, a bulkhead or a limit is none."""
    result = run("""
        import pytest
        from client import get
        from pytest_integrations.faults import latency, max_concurrency

        @pytest.mark.parametrize("healed", [False, True])
        def test_behind(fake_rest, healed):
            fake_rest.get("/a").reply()
            slow = fake_rest.inject(latency(0.001), every=1)
            fake_rest.inject(max_concurrency(1))
            assert get(fake_rest.url + "/a") == 200
            if healed:
                fake_rest.heal(slow)
                assert get(fake_rest.url + "/a") == 200

        def test_before(fake_rest):
            fake_rest.get("/a").reply()
            fake_rest.inject(max_concurrency(1))
            fake_rest.inject(latency(0.001), every=1)
            assert get(fake_rest.url + "/a") == 200

        def test_beside(fake_rest):
            fake_rest.get("/a").reply().inject(latency(0.001), every=1)
            fake_rest.inject(max_concurrency(1))
            assert get(fake_rest.url + "/a") == 200
    """)

    result.assert_outcomes(passed=4, warnings=1)
    result.stdout.fnmatch_lines(
        ["*FaultNeverFired: fake_rest: inject(max_concurrency(1)) never fired; * took every call, * inject it first."]
    )


def test_of_like_fakes_one_that_fired_speaks_for_all(run: Run) -> None:
    result = run("""
        from client import get
        from pytest_integrations import FakeRest
        from pytest_integrations.faults import status

        def test_examples():
            for calls in (0, 1, 2):
                with FakeRest() as fake:
                    fake.get("/").reply()
                    fake.inject(status(503))
                    for _ in range(calls):
                        get(fake.url)
    """)

    result.assert_outcomes(passed=1, warnings=0)
