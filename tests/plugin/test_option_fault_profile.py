"""--fault-profile: the whole run against bad neighbours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

PROFILES = """
[tool.pytest_integrations.profiles.teapot]
description = "Every call is refused by a teapot."
rules = [{ fault = "status", settings = { code = 418 }, every = 1 }]

[tool.pytest_integrations.profiles.broken]
rules = [{ fault = "status", settings = { code = 500 }, every = 1 }]
"""

SUITE = """
    import unittest
    import pytest
    from client import get
    from pytest_integrations import FakeRest
    from pytest_integrations.faults import status

    def test_fixture(fake_rest, fault_profile):
        fake_rest.get("/").reply()
        print(f"<{fault_profile}: {get(fake_rest.url)}>")

    @pytest.mark.parametrize("n", [1, 2])
    def test_with(n):
        with FakeRest() as fake:
            fake.get("/").reply()
            print(f"<with: {get(fake.url)}>")

    def test_scripted(fakes):
        fake = fakes.rest("payments")
        fake.get("/").reply()
        fake.inject(status(409))
        print(f"<scripted: {get(fake.url)} {get(fake.url)}>")

    def test_without(): pass

    class TestCase(unittest.TestCase):
        def test_method(self):
            with FakeRest() as fake:
                fake.get("/").reply()
                print(f"<method: {get(fake.url)}>")
"""


@pytest.fixture
def run_with_profiles(pytester: pytest.Pytester, run: Run) -> Run:
    pytester.makepyprojecttoml(PROFILES)
    return run


def _said(result: pytest.RunResult) -> list[str]:
    return re.findall("<.*>", result.stdout.str())


def test_it_applies_to_every_fake_however_it_was_started(run_with_profiles: Run) -> None:
    result = run_with_profiles(SUITE, "--fault-profile", "teapot", "--fault-seed", "7", "-s", "-q")

    result.assert_outcomes(passed=6)
    assert _said(result) == [
        "<teapot: 418>",
        "<with: 418>",
        "<with: 418>",
        "<scripted: 409 200>",
        "<method: 418>",
    ]


def test_without_it_all_is_healthy(run_with_profiles: Run) -> None:
    result = run_with_profiles(SUITE, "-s")

    assert _said(result)[:2] == ["<None: 200>", "<with: 200>"]
    result.stdout.no_fnmatch_line("integrations: *")


def test_with_several_each_test_that_asks_for_fakes_is_run_with_each(run_with_profiles: Run) -> None:
    result = run_with_profiles(SUITE, "--fault-profile", "teapot, broken", "-v", "-W", "ignore")

    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines(
        [
            "*test_fixture?teapot? PASSED*",
            "*test_fixture?broken? PASSED*",
            "*test_with?1? PASSED*",
            "*test_scripted?teapot? PASSED*",
            "*test_without PASSED*",
            "*TestCase::test_method PASSED*",
        ]
    )


def test_tests_that_cannot_be_repeated_tell_it(run_with_profiles: Run) -> None:
    result = run_with_profiles(SUITE, "--fault-profile", "teapot,broken")

    result.assert_outcomes(passed=8, warnings=3)
    result.stdout.fnmatch_lines(
        [
            "*ProfilesSkipped: ran with fault profile 'teapot' only, not with 'broken': let it ask for*",
            "*ProfilesSkipped: ran with fault profile 'teapot' only, not with 'broken': unittest tests*",
        ]
    )


def test_the_profile_is_the_last_part_of_the_id(run_with_profiles: Run) -> None:
    result = run_with_profiles(
        """
        import pytest

        @pytest.fixture(params=["x", "y"])
        def thing(request): return request.param

        @pytest.mark.parametrize("n", [1])
        def test_it(fake_rest, n, thing): pass
        """,
        "--fault-profile=teapot,broken", "--collect-only", "-q",
    )  # fmt: skip

    assert [line for line in result.outlines if "::" in line] == [
        "test_it.py::test_it[x-1-teapot]",
        "test_it.py::test_it[x-1-broken]",
        "test_it.py::test_it[y-1-teapot]",
        "test_it.py::test_it[y-1-broken]",
    ]


def test_the_header_names_it(run_with_profiles: Run) -> None:
    one = run_with_profiles(SUITE, "--fault-profile", "teapot", "--fault-seed", "7")
    two = run_with_profiles(SUITE, "--fault-profile", "teapot,broken", "--fault-seed", "7")

    one.stdout.fnmatch_lines(["integrations: fault profile 'teapot', seed 7"])
    two.stdout.fnmatch_lines(["integrations: fault profiles 'teapot', 'broken', seed 7"])


def test_the_ini_file_has_a_default_which_the_flag_beats(run_with_profiles: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nfault_profile = teapot\nfault_seed = 7\n")

    by_file, by_flag = run_with_profiles(SUITE), run_with_profiles(SUITE, "--fault-profile", "calm")

    by_file.stdout.fnmatch_lines(["integrations: fault profile 'teapot', seed 7"])
    by_flag.stdout.fnmatch_lines(["integrations: fault profile 'calm', seed 7"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("flakey", "ERROR: --fault-profile: unknown fault profile 'flakey'. Did you mean 'flaky'? Known: *"),
        ("calm,slo", "ERROR: --fault-profile: unknown fault profile 'slo'. Did you mean 'slow'? Known: *"),
        (" , ", "ERROR: --fault-profile ' , ' names no profile; *"),
    ],
)
def test_a_typo_is_one_line_before_any_test(run: Run, names: str, message: str) -> None:
    result = run("def test_it(): print('<ran>')", "-s", "--fault-profile", names)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert len(result.errlines) <= 2
    result.stderr.fnmatch_lines([message])
    assert not _said(result)


def test_a_profile_that_cannot_be_read_is_one_line(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(PROFILES.replace("settings", "setings"))

    result = run("def test_it(): pass", "--fault-profile", "flaky")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --fault-profile: pyproject.toml: *rules?0?.setings: unknown key.*"])


def test_help_is_given_whatever_the_configuration_says(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nfault_profile = flakey\nfault_seed = x")

    assert run("", "--help").ret == 0


def test_a_profile_may_name_toxics_which_only_proxies_take(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml("""
        [tool.pytest_integrations.profiles.thin]
        rules = [{ fault = "toxics.limit_data", settings = { bytes = 10 } }]
        """)

    result = run(
        """
        import socket
        from pytest_integrations.backends.proxy import FakeProxy

        def test_it(fakes):
            rest = fakes.rest("behind")
            rest.get("/").reply(text="whole")
            proxy = fakes.proxy("wire", rest)
            with socket.create_connection(proxy.address) as client:
                client.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
                assert b"".join(iter(lambda: client.recv(99), b"")) == b"HTTP/1.1 2"
        """,
        "--fault-profile",
        "thin",
    )

    result.assert_outcomes(passed=1)
