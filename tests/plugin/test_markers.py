"""The markers: a test chooses its profile, or none, and beats the flag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

SUITE = """
    import unittest
    import pytest
    from pytest_integrations import FakeRest

    def test_plain(fake_rest, fault_profile): print(f"<plain {fault_profile}>")

    @pytest.mark.fault_profile("slow")
    def test_chooses(fake_rest, fault_profile): print(f"<chooses {fault_profile}>")

    @pytest.mark.fault_profile("slow", "lossy")
    def test_several(fake_rest, fault_profile): print(f"<several {fault_profile}>")

    @pytest.mark.no_faults
    def test_none(fake_rest, fault_profile): print(f"<none {fault_profile}: {fake_rest.profile.rules}>")

    @pytest.mark.fault_profile("brownout")
    class TestClass:
        def test_of_class(self, fake_rest, fault_profile): print(f"<class {fault_profile}>")

        @pytest.mark.fault_profile("slow")
        def test_own(self, fake_rest, fault_profile): print(f"<own {fault_profile}>")

        @pytest.mark.no_faults
        def test_none(self, fake_rest, fault_profile): print(f"<none {fault_profile}>")

    @pytest.mark.fault_profile("slow")
    class TestCase(unittest.TestCase):
        def test_method(self):
            with FakeRest() as fake:
                print(f"<method {fake.profile.rules}>")
"""


def _said(result: pytest.RunResult) -> list[str]:
    return [part.partition(">")[0] for part in result.stdout.str().split("<")[1:]]


@pytest.mark.parametrize("options", [(), ("--fault-profile=flaky,outage", "--deselect=test_it.py::test_plain")])
def test_the_nearest_marker_beats_the_flag(run: Run, options: tuple[str, ...]) -> None:
    said = _said(run(SUITE, "-s", *options))

    assert [line for line in said if not line.startswith("plain")] == [
        "chooses slow",
        "several slow",
        "several lossy",
        "none None: ()",
        "class brownout",
        "own slow",
        "none None",
        "method (inject(latency(lognormal=(0.3, 0.6, 3.0)), every=1),)",
    ]


def test_where_there_is_no_marker_the_flag_holds(run: Run) -> None:
    assert _said(run(SUITE, "-s", "-k", "plain", "--fault-profile=flaky,calm")) == ["plain flaky", "plain calm"]


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ('"flakey"', "unknown fault profile 'flakey'. Did you mean 'flaky'? Known: *"),
        ('"slow", "lossi"', "unknown fault profile 'lossi'. Did you mean 'lossy'? Known: *"),
        ("", 'give it the name of a profile, such as fault_profile("flaky")'),
        ('name="flaky"', 'give it the name of a profile, such as fault_profile("flaky")'),
    ],
)
def test_a_typo_is_one_line_before_any_test(run: Run, marker: str, message: str) -> None:
    result = run(
        f"""
        import pytest

        def test_first(): print("<ran>")

        @pytest.mark.fault_profile({marker})
        def test_it(fake_rest): pass
        """,
        "-s",
    )

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: @pytest.mark.fault_profile of test_it.py::test_it*: {message}"])
    assert not _said(result)


def test_a_typo_under_xdist_is_told_before_any_test(run_apart: Run) -> None:
    result = run_apart(
        """
        import pytest

        def test_first(): assert 0

        @pytest.mark.fault_profile("flakey")
        def test_it(fake_rest): pass
        """,
        "-n2",
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["@pytest.mark.fault_profile of test_it: unknown fault profile 'flakey'. *'flaky'*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
