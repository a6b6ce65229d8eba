"""Files of cases: what pytest makes of them."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SHOP = """
import time
import urllib.error
import urllib.request

class Shop:
    def __init__(self, url, attempts=3):
        self.url, self.attempts = url, attempts

    def status(self, path):
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(1)
            try:
                with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    raise
        raise TimeoutError(path)
"""

CASES = """
marks = ["virtual_time"]

[client]
make = "shop:Shop"
arguments = { url = "{stock.url}" }

[fakes.stock]
routes = [{ route = "GET /tea", reply = { json = { left = 3 } } }]

[[cases]]
name = "there is tea"
call = "status"
request = "/tea"
expect = { value = 200 }

[[cases]]
name = "GET /tea: refused once"
call = "status"
request = { path = "/tea" }
expect = { value = 200 }
faults = [{ fault = "status", settings = { code = 503 } }]
within = 2
resilience = { attempts = 2, backoff = { schedule = { fixed = 1 } } }
"""

FAILING = """
[[cases]]
name = "there is coffee"
call = "status"
request = "/tea"
expect = { value = 201 }
"""

_PLAIN = ("-p", "no:randomly", "-p", "no:hypothesispytest", "-W", "default")


@pytest.fixture
def play(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run pytest on one file of cases, beside `shop.py`."""
    pytester.makepyfile(shop=SHOP)
    pytester.syspathinsert()

    def play(text: str, *options: str, name: str = "test_shop.integration.toml") -> pytest.RunResult:
        (pytester.path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return pytester.runpytest_inprocess(*_PLAIN, *options)

    return play


def test_each_case_is_a_test(play: Callable[..., pytest.RunResult]) -> None:
    result = play(CASES, "-v", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "test_shop.integration.toml::there is tea PASSED*",
            "test_shop.integration.toml::GET /tea: refused once PASSED*",
        ]
    )


def test_a_failure_shows_the_case_and_what_crossed_the_wire(play: Callable[..., pytest.RunResult]) -> None:
    result = play(CASES + FAILING, "-p", "no:cacheprovider")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ there is coffee _*",
            "    [[][[]cases[]][]]",
            '    name = "there is coffee"',
            '    call = "status"',
            '    request = "/tea"',
            ">   expect = { value = 201 }",
            "E   AssertionError: value: expected 201, got 200",
            "test_shop.integration.toml:30: AssertionError",
            "*- integration timeline -*",
            "  #1 * GET /tea  ok 200",
            "replay: pytest 'test_shop.integration.toml::there is coffee'",
            "FAILED test_shop.integration.toml::there is coffee - AssertionError: value: e*",
        ]
    )
    assert "fakes = " not in result.stdout.str(), "our own arguments are nobody's business"


def test_what_the_client_raises_is_shown_below_the_case(play: Callable[..., pytest.RunResult]) -> None:
    result = play(CASES + FAILING.replace("/tea", "/coffee"), "-p", "no:cacheprovider")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            ">   expect = { value = 201 }",
            "test_shop.integration.toml:30: *",
            "shop.py:14: in status",
            "E*urllib.error.HTTPError: HTTP Error 404: Not Found",
            "E*The case 'there is coffee' expected value 201.",
            "unexpected: stock: nothing answers GET /coffee",
        ]
    )


@pytest.mark.parametrize(
    ("options", "passed"),
    [
        (("-k", "refused"), 1),
        (("-k", "not refused"), 1),
        (("test_shop.integration.toml::there is tea",), 1),
        (("test_shop.integration.toml",), 2),
        (("--deselect", "test_shop.integration.toml::there is tea"), 1),
    ],
)
def test_cases_are_chosen_as_tests_are(
    play: Callable[..., pytest.RunResult], options: tuple[str, ...], passed: int
) -> None:
    assert play(CASES, "-p", "no:cacheprovider", *options).parseoutcomes()["passed"] == passed


def test_last_failed(play: Callable[..., pytest.RunResult]) -> None:
    play(CASES + FAILING)

    play(CASES + FAILING, "--lf").assert_outcomes(failed=1)


def test_profiles(play: Callable[..., pytest.RunResult]) -> None:
    result = play(CASES, "-v", "-p", "no:cacheprovider", "--fault-profile", "slow,rate-limited", "--fault-seed", "7")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["test_shop.integration.toml::there is tea?slow? PASSED*", "*there is tea?rate-limited? P*"]
    )


def test_xdist(play: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> None:
    (pytester.path / "test_shop.integration.toml").write_text(CASES + FAILING, encoding="utf-8")
    (pytester.path / "pytest.ini").write_text("[pytest]\npythonpath = .\n", encoding="utf-8")

    result = pytester.runpytest_subprocess(*_PLAIN, "-n", "2", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["E   AssertionError: value: expected 201, got 200"])


def test_yaml(play: Callable[..., pytest.RunResult]) -> None:
    result = play(
        """
        client: {url: "{stock.url}"}
        fakes:
          stock:
            routes:
              - route: GET /tea
                reply: {json: {left: null}}
        cases:
          - name: there is tea
            request: GET /tea
            expect: {json: {left: null}}
          - name: there is coffee
            request: GET /tea
            expect:
              json: {left: 3}
        """,
        "-p",
        "no:cacheprovider",
        name="test_shop.integration.yaml",
    )

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "    - name: there is coffee",
            "      request: GET /tea",
            "      expect:",
            ">       json: {left: 3}",
            "E       AssertionError: body.left: expected 3, got None",
            "test_shop.integration.yaml:15: AssertionError",
        ]
    )


def test_a_client_from_a_fixture_that_knows_the_fakes(
    play: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    pytester.makeconftest("""
        import pytest
        from shop import Shop

        @pytest.fixture
        def shop(fakes):
            yield Shop(fakes["stock"].url)
            print("the shop is closed")
    """)

    result = play(
        """
        [client]
        fixture = "shop"

        [fakes.stock]
        routes = [{ route = "GET /tea" }]

        [[cases]]
        name = "there is tea"
        call = "status"
        request = "/tea"
        """,
        "-p",
        "no:cacheprovider",
        "-s",
    )

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*the shop is closed*"])


def test_hard_coded_urls_go_to_a_fake(play: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        hard="from shop import Shop\n\ndef status():\n    return Shop('http://api.example.com').status('/tea')"
    )

    result = play(
        """
        [client]
        call = "hard:status"

        [fakes.stock]
        routes = [{ route = "GET /tea" }]

        [intercept]
        "http://api.example.com" = "stock"

        [[cases]]
        name = "there is tea"
        expect = { value = 200 }
        """,
        "-p",
        "no:cacheprovider",
    )

    result.assert_outcomes(passed=1)


def test_markers_of_the_file_and_of_a_case(play: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> None:
    (pytester.path / "pytest.ini").write_text("[pytest]\nmarkers =\n  slow: slow\n  shop: the shop\n", encoding="utf-8")
    text = (
        CASES.replace('"virtual_time"', '"virtual_time", "shop"')
        + FAILING
        + 'marks = ["slow", { skip = { reason = "x" } }]'
    )

    assert play(text, "-p", "no:cacheprovider", "-m", "shop", "--strict-markers").parseoutcomes() == {
        "passed": 2,
        "skipped": 1,
    }
    assert play(text, "-p", "no:cacheprovider", "-m", "slow").parseoutcomes() == {"skipped": 1, "deselected": 2}
    unknown = play(CASES.replace("virtual_time", "virtual_tyme"), "-p", "no:cacheprovider", "--strict-markers")
    unknown.assert_outcomes(errors=1)
    unknown.stdout.fnmatch_lines(["*'virtual_tyme' not found in `markers` configuration option*"])


def test_mistakes_are_told_when_the_file_is_collected(play: Callable[..., pytest.RunResult]) -> None:
    result = play(CASES + FAILING.replace("expect", "expct"), "-p", "no:cacheprovider")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*_ ERROR collecting test_shop.integration.toml _*",
            "test_shop.integration.toml:26: case 'there is coffee': cases.expct: unknown key. Did you mean 'expect'? *",
        ]
    )
    assert "Traceback" not in result.stdout.str()


def test_mistakes_that_show_when_it_is_played_are_told_at_the_case(play: Callable[..., pytest.RunResult]) -> None:
    result = play(CASES.replace('call = "status"\nrequest = "/tea"', 'call = "stat"'), "-p", "no:cacheprovider")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            '    call = "stat"',
            ">   expect = { value = 200 }",
            "E   pytest_integrations.ScriptingError: call='stat': *has no 'stat'. Did you mean 'status'? It has: *",
        ]
    )


def test_a_fault_that_never_fired_is_a_warning(play: Callable[..., pytest.RunResult]) -> None:
    result = play(
        CASES + FAILING.replace("201", "200") + 'faults = [{ fault = "hang", skip = 3 }]', "-p", "no:cacheprovider"
    )

    result.assert_outcomes(passed=3, warnings=1)
    result.stdout.fnmatch_lines(
        ["*FaultNeverFired: passed without its fault: stock: inject(hang(), skip=3) never fired"]
    )


@pytest.mark.parametrize(
    ("name", "options", "collected"),
    [
        ("shop.integration.toml", (), 0),
        ("shop.integration.toml", ("shop.integration.toml",), 2),
        ("test_shop.toml", (), 0),
        ("test_shop.integration.toml", ("-p", "no:integrations"), 0),
    ],
)
def test_which_files_are_collected(
    play: Callable[..., pytest.RunResult], name: str, options: tuple[str, ...], collected: int
) -> None:
    result = play(CASES, "-p", "no:cacheprovider", *options, name=name)

    assert result.parseoutcomes().get("passed", 0) == collected


def test_the_results_are_in_the_report(play: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> None:
    play(CASES + FAILING, "-p", "no:cacheprovider", "--integrations-report", "report.html", "--junitxml", "junit.xml")

    junit = Path(pytester.path, "junit.xml").read_text(encoding="utf-8")
    assert junit.count('name="integrations_cases" value="1 passed"') == 2
    assert junit.count('name="integrations_cases" value="1 failed"') == 1
    told = json.loads(Path(pytester.path, "report.json").read_text(encoding="utf-8"))
    cases = [case for test in told["tests"] for case in test.get("cases", [])]
    assert sorted((case["name"], case["status"], case["clock"]) for case in cases) == [
        ("GET /tea: refused once", "passed", "virtual"),
        ("there is coffee", "failed", "virtual"),
        ("there is tea", "passed", "virtual"),
    ]
