"""The fixture `intercept`, as a user's test has it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("modules_kept")


def test_a_refused_connection_fails_the_test_though_the_client_swallows_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import urllib.request
        from pytest_integrations import FakeRest

        def fetch(url):
            try:
                return urllib.request.urlopen(url).status
            except OSError:
                return None

        def test_led(intercept, fake_rest):
            intercept("https://api.example.com", fake_rest)
            assert fetch("https://api.example.com/") is None  # 404: an unexpected call

        def test_refused(intercept, fake_rest):
            assert fetch("https://api.example.com/") is None

        def test_refused_beside_a_fake_of_ones_own(intercept):
            with FakeRest() as fake:
                intercept("https://other.example.com", fake)
                assert fetch("https://api.example.com/") is None

        def test_refused_without_a_fake(intercept):
            assert fetch("https://api.example.com/") is None

        def test_with_the_clock_last(intercept, fake_rest, virtual_clock):
            fake_rest.get("/").reply(204)
            intercept("https://api.example.com", fake_rest)
            assert fetch("https://api.example.com/") == 204
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")

    result.assert_outcomes(failed=3, passed=2, errors=1)
    result.stdout.fnmatch_lines(["E*UnexpectedCall: fake_rest: nothing answers GET /"])
    result.stdout.fnmatch_lines_random(["*_ ERROR at teardown of test_refused_without_a_fake _*"])
    told = "E *UnexpectedCall: intercept: a connection to api.example.com was refused, since nothing intercepts it"
    assert [line for line in result.outlines if line.endswith(told.removeprefix("E *"))]


def test_a_profile_of_broken_handshakes_is_for_intercepted_hosts(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(
        """
        [[tool.pytest_integrations.profiles.broken.rules]]
        fault = "tls"
        settings = { kind = "expired" }
        times = 1
        """
    )
    pytester.makepyfile(
        """
        import ssl, urllib.error, urllib.request
        import pytest

        def test_led(intercept, fake_rest):
            fake_rest.get("/").reply(204)
            intercept("https://api.example.com", fake_rest)
            with pytest.raises(urllib.error.URLError, match="certificate has expired"):
                urllib.request.urlopen("https://api.example.com/")
            assert urllib.request.urlopen("https://api.example.com/").status == 204
        """
    )
    result = pytester.runpytest_inprocess("--fault-profile", "broken", "-W", "ignore")
    result.assert_outcomes(passed=1)
