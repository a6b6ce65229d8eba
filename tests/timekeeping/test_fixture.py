"""The fixture, the marker and the flag, in suites of somebody else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations import FakeRest

_QUIET = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-W", "default")


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=source)
        return pytester.runpytest_inprocess(*_QUIET, *options)

    return run


WAITS = """
import time, unittest, pytest

def test_fixture(fake_rest, virtual_clock):
    time.sleep(0.2)
    assert virtual_clock.exact and virtual_clock.now == 0.2
    assert fake_rest.ledger.now() == 0.2  # second 0 of the ledger is the clock's, whoever is named first

@pytest.mark.virtual_time
def test_marker(fakes):
    time.sleep(0.2)
    assert fakes.ledger.now() == 0.2 and fakes.ledger.clock.exact

@pytest.mark.virtual_time(start="2030-01-01", time_zone="Asia/Tokyo", limit=7200)
def test_settings(virtual_clock):
    time.sleep(7000)
    assert time.localtime()[:4] == (2030, 1, 1, 1)

@pytest.mark.virtual_time
class TestUnittest(unittest.TestCase):
    def test_method(self):
        before = time.monotonic()
        time.sleep(3000)
        assert time.monotonic() - before > 3000
"""


def test_virtual(run: Callable[..., pytest.RunResult]) -> None:
    before = time.perf_counter()
    result = run(WAITS)
    result.assert_outcomes(passed=4)
    assert time.perf_counter() - before < 30
    assert not [line for line in result.outlines if line.startswith("integrations:")]


@pytest.mark.parametrize("how", ["flag", "ini"])
def test_the_same_on_the_real_clock(how: str, run: Callable[..., pytest.RunResult]) -> None:
    source = """
    import time, pytest

    @pytest.mark.virtual_time(start="2030-01-01", limit=7200)
    def test_it(fakes, virtual_clock):
        before = time.perf_counter()
        time.sleep(0.05)
        assert 0.05 <= time.perf_counter() - before < 5
        assert 0.05 <= virtual_clock.now < 5 and not fakes.ledger.clock.exact
        assert time.gmtime()[0] == 2030
    """
    result = run(source, *(["--integrations-clock=real"] if how == "flag" else ["-o", "integrations_clock=real"]))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["integrations: real clock"])


def test_a_clock_that_nobody_knows(run: Callable[..., pytest.RunResult]) -> None:
    result = run("def test_it(): pass", "-o", "integrations_clock=fast")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*integrations_clock = 'fast' in the configuration: expected 'virtual' or 'real'"])


def test_a_marker_whose_settings_have_no_names(run: Callable[..., pytest.RunResult]) -> None:
    result = run("import pytest\n@pytest.mark.virtual_time(3)\ndef test_it(): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*virtual_time of test_it.py::test_it: name its settings, such as limit=7200"])


def test_a_deadlock_fails_the_test_and_tells_what_the_fakes_hold_back(run: Callable[..., pytest.RunResult]) -> None:
    source = """
    import pytest, requests
    from pytest_integrations.faults import hang

    @pytest.mark.virtual_time(stall=0.1)
    def test_stalls(fake_rest):
        fake_rest.get("/slow").reply(text="ok")
        fake_rest.inject(hang())
        requests.get(fake_rest.url + "/slow")

    def test_next(): pass
    """
    result = run(source)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*every thread waits for ever*", "*fake_rest holds back #1 GET /slow <- hang()*"])


def test_a_test_without_it_imports_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
        import sys
        def test_it(fake_rest): assert not [name for name in sys.modules if "timekeeping" in name]
        """
    )
    pytester.runpytest_subprocess(*_QUIET).assert_outcomes(passed=1)


def test_durations_and_timeouts_are_real(run: Callable[..., pytest.RunResult]) -> None:
    result = run(WAITS, "--durations=0", "-vv")
    spent = [float(line.partition("s call")[0]) for line in result.outlines if "s call" in line]
    assert len(spent) == 4
    assert max(spent) < 10


def test_a_fake_made_by_hand_follows(virtual_clock: object, fake_rest: FakeRest) -> None:
    time.sleep(12.5)
    assert fake_rest.ledger.now() == 12.5
