"""The table without pytest: what a case comes to, and what is raised in the end."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_integrations import FakeRest, NothingToCheck, ResilienceError, UnexpectedCall, exponential
from pytest_integrations.core.errors import FaultNeverFired, ScriptingError
from pytest_integrations.faults import connection_reset, hang, rate_limit, status
from pytest_integrations.profiles import rule
from pytest_integrations.tester import Expected, IntegrationTester, play
from tests.tester.stock import Stock

if TYPE_CHECKING:
    from pytest_integrations.tester import CaseResult


def _only(tester: IntegrationTester, stock: FakeRest, **case: Any) -> CaseResult:
    """Return what came of one case, without raising what did not pass."""
    tester.add("the case", **{"call": "left", "request": "tea", **case})
    with suppress(Exception):
        tester.run(Stock(stock.url))
    (result,) = tester.results
    return result


@pytest.mark.usefixtures("no_leaks")
def test_a_case_that_passes(tester: IntegrationTester, stock: FakeRest) -> None:
    result = _only(
        tester,
        stock,
        expect=3,
        faults=rule(status(503), times=2),
        attempts=3,
        within=3,
        resilience={"backoff": exponential(base=1)},
    )

    assert (result.name, result.status, result.duration) == ("the case", "passed", 3.0)
    assert (result.response, result.error, result.raised) == (3, None, None)
    assert (result.calls, result.faulted, result.point, result.request) == (3, 2, "left", "tea")
    assert str(result) == "passed  3.000 s  the case: tea"
    assert result.facts() == {
        "name": "the case",
        "point": "left",
        "status": "passed",
        "seconds": 3.0,
        "clock": "virtual",
        "request": "tea",
        "response": "3",
        "error": "",
        "calls": 3,
        "faulted": 2,
    }


def test_another_answer_is_a_failure(tester: IntegrationTester, stock: FakeRest) -> None:
    result = _only(tester, stock, expect=4)

    assert result.status == "failed"
    assert isinstance(result.error, AssertionError)
    assert str(result.error) == "value: expected 4, got 3"


def test_what_the_client_raises_is_an_error(tester: IntegrationTester, stock: FakeRest) -> None:
    result = _only(tester, stock, faults=connection_reset(), resilience={"attempts": 2})

    assert result.status == "error"
    assert isinstance(result.error, requests.ConnectionError)
    assert result.raised is result.error
    assert result.error.__notes__ == [
        "The case 'the case' expected a success.",
        "And expected exactly 2 attempts of GET /stock/<sku>, saw 1",
    ]
    assert result.facts()["error"].startswith("ConnectionError: ('Connection aborted.'")


def test_its_traceback_begins_where_the_case_is_written(tester: IntegrationTester, stock: FakeRest) -> None:
    tester.add("the case", call="left", request="tea", faults=connection_reset())
    line = _line_of("tester.add(")

    with pytest.raises(requests.ConnectionError) as caught:
        tester.run(Stock(stock.url))

    shown = [entry for entry in caught.traceback if not entry.frame.f_locals.get("__tracebackhide__")]
    assert [(entry.path.name, entry.lineno + 1) for entry in shown][1:2] == [(_here(), line)]
    assert shown[2].name == "left", "and goes on in the client"


def _line_of(text: str) -> int:
    import inspect  # of this helper alone

    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    lines, first = inspect.getsourcelines(frame.f_back)
    return first + next(number for number, row in enumerate(lines) if text in row)


def _here() -> str:
    return __file__.rpartition("/")[2]


@pytest.mark.parametrize("raises", [requests.HTTPError, "HTTPError", (OSError, ValueError)], ids=str)
def test_what_the_client_is_to_raise(tester: IntegrationTester, stock: FakeRest, raises: Any) -> None:
    expect = Expected(raises=raises)

    result = _only(tester, stock, expect=expect, faults=rule(status(503), times=3), resilience={"gives_up": 3})

    assert result.passed, result.error
    assert isinstance(result.raised, requests.HTTPError)
    assert result.facts()["response"].startswith("HTTPError(")


def test_a_function_that_is_to_hold(tester: IntegrationTester, stock: FakeRest) -> None:
    def is_enough(left: int) -> None:
        assert left > 3, f"only {left} left"

    result = _only(tester, stock, expect=is_enough)

    assert (result.status, str(result.error).partition("\n")[0]) == ("failed", "only 3 left")


@pytest.mark.parametrize(
    "judges",
    [
        {"expect": lambda left: left["amount"] > 3},
        {"expect": 3, "resilience": lambda calls: calls[7]},
        {"expect": 4, "resilience": lambda calls: calls[7]},
    ],
)
def test_a_function_that_cannot_judge_fails_its_case_alone(
    tester: IntegrationTester, stock: FakeRest, judges: dict[str, Any]
) -> None:
    result = _only(tester, stock, **judges)

    assert (result.status, type(result.error)) == ("failed", IndexError if "resilience" in judges else TypeError)
    tester.add("another", call="left", request="tea")
    with suppress(Exception):
        tester.run(Stock(stock.url))
    assert [each.status for each in tester.results] == ["failed", "failed", "passed"]


def test_a_client_that_raises_a_group(tester: IntegrationTester) -> None:
    def raises() -> None:
        msg = "two of them"
        raise ExceptionGroup(msg, [ValueError("one"), OSError("other")])

    tester.add("the case")
    with pytest.raises(ExceptionGroup):
        tester.run(raises)
    assert tester.results[0].facts()["error"] == "ValueError: one; OSError: other"


def test_a_client_that_does_not_raise(tester: IntegrationTester, stock: FakeRest) -> None:
    result = _only(tester, stock, expect=requests.HTTPError)

    assert str(result.error) == "expected HTTPError to be raised, got 3"


def test_a_client_that_takes_too_long(tester: IntegrationTester, stock: FakeRest) -> None:
    result = _only(tester, stock, expect=3, faults=status(503), within=0.5)

    assert result.status == "failed"
    assert str(result.error) == "the client took 1.000 s; 0.5 s is the limit"


def test_several_broken_expectations_are_told_as_one(tester: IntegrationTester, stock: FakeRest) -> None:
    result = _only(tester, stock, expect=4, faults=status(503), attempts=3, within=0.5)

    lines = str(result.error).splitlines()
    assert lines[0] == (
        "value: expected 4, got 3; the client took 1.000 s; 0.5 s is the limit; "
        "expected exactly 3 attempts of GET /stock/<sku>, saw 2, which succeeded"
    )
    assert [line for line in lines if line[:1].isdigit()][2].startswith("3. expected exactly 3 attempts")
    assert not isinstance(result.error, ResilienceError)


def test_broken_rules_of_resilience_alone_are_one_error_of_that_kind(
    tester: IntegrationTester, stock: FakeRest
) -> None:
    result = _only(tester, stock, faults=status(503), resilience=[{"attempts": 3}, {"total_time": 0.5}])

    assert isinstance(result.error, ResilienceError)


def test_a_rule_that_nothing_could_break_is_not_kept(tester: IntegrationTester, stock: FakeRest) -> None:
    assert isinstance(_only(tester, stock, attempts=1).error, NothingToCheck)


def test_a_call_that_nothing_answers_fails_its_case_alone(tester: IntegrationTester, stock: FakeRest) -> None:
    tester.add("missing", request=("GET", "/stok/tea"), expect=404)
    tester.add("there", request=("GET", "/stock/tea"), expect={"left": 3})

    with pytest.raises(UnexpectedCall, match="nothing answers GET /stok/tea"):
        tester.run(stock.url)
    assert [each.status for each in tester.results] == ["failed", "passed"]


def test_an_assertion_in_the_client_is_a_failure(tester: IntegrationTester) -> None:
    def fails() -> None:
        assert not tester, "said by the client"

    tester.add("the case")
    with pytest.raises(AssertionError, match="said by the client"):
        tester.run(fails)
    assert tester.results[0].status == "failed"


@pytest.mark.usefixtures("no_leaks")
def test_only_the_calls_of_the_case_are_judged(tester: IntegrationTester, stock: FakeRest) -> None:
    for number in range(3):
        tester.add(f"case {number}", call="left", request="tea", faults=status(503), attempts=2)

    results = tester.run(Stock(stock.url))

    assert [each.calls for each in results] == [2, 2, 2]


def test_one_table_for_two_clients(tester: IntegrationTester, stock: FakeRest) -> None:
    tester.add("refused once", request=("tea",), expect=3, faults=status(503))

    def naive(sku: str) -> int:
        with requests.get(f"{stock.url}/stock/{sku}", timeout=2) as response:
            response.raise_for_status()
            return int(response.json()["left"])

    assert tester.run(Stock(stock.url).left)[0].passed
    with pytest.raises(requests.HTTPError):
        tester.run(naive)
    assert [each.point for each in tester.results] == ["left", "naive"]
    assert tester.health().status == "degraded"


def test_several_that_did_not_pass_are_a_group(tester: IntegrationTester, stock: FakeRest) -> None:
    for expected in (3, 4, 5):
        tester.add(f"{expected} left", call="left", request="tea", expect=expected)

    with pytest.raises(ExceptionGroup, match="2 of 3 cases did not pass: '4 left', '5 left'") as caught:
        tester.run(Stock(stock.url))
    assert [str(error) for error in caught.value.exceptions] == ["value: expected 4, got 3", "value: expected 5, got 3"]
    assert [each.name for each in tester.results.passed] == ["3 left"]
    assert [each.name for each in tester.results[1:]] == ["4 left", "5 left"]
    assert "failed  0.000 s  4 left: tea  value: expected 4, got 3" in repr(tester.results)


def test_what_reached_the_fakes(tester: IntegrationTester, stock: FakeRest) -> None:
    result = _only(tester, stock, faults=status(503), received={"GET /stock/<sku>": 1, "POST *": 0})

    assert str(result.error) == "expected 1 call of GET /stock/<sku> to be received, got 2"


def test_a_client_that_is_called_again_and_again(tester: IntegrationTester, stock: FakeRest) -> None:
    import pybreaker

    breaker = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=60, throw_new_error_on_trip=False)

    def left(sku: str) -> Any:
        with breaker.calling():
            return requests.get(f"{stock.url}/stock/{sku}", timeout=2).raise_for_status()

    tester.add(
        "the breaker opens",
        request="tea",
        expect=pybreaker.CircuitBreakerError,
        faults=rule(status(503), every=1),
        repeat=6,
        every=2,
        received={"GET *": 3},
        resilience={"breaker_opens": {"after": 3, "recovery": 60}},
    )
    (result,) = tester.run(left)

    assert (result.passed, result.calls, result.duration) == (True, 3, 0.0)
    assert [call.started for call in stock.calls] == [0.0, 2.0, 4.0]


def test_a_fault_that_never_fired_is_told(tester: IntegrationTester, stock: FakeRest) -> None:
    with pytest.warns(
        FaultNeverFired, match=r"case 'the case' passed without its fault: stock: .*status\(503\).* never"
    ) as told:
        result = _only(tester, stock, faults=rule(status(503), skip=5))

    assert [each.filename for each in told] == [__file__], "the line that runs the table"
    assert result.passed
    assert len(result.never_fired) == 1


@pytest.mark.parametrize("fault", [rule(status(503), probability=0.0), rate_limit(9, 1)], ids=["chance", "watch"])
def test_a_fault_that_need_not_fire_is_not_told(tester: IntegrationTester, stock: FakeRest, fault: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _only(tester, stock, faults=fault).never_fired == ()


def test_a_hanging_service_ends_with_the_timeout_of_its_client(tester: IntegrationTester, stock: FakeRest) -> None:
    result = _only(tester, stock, expect=requests.Timeout, faults=hang(), within=2, resilience={"times_out": 2})

    assert result.passed, result.error


@pytest.mark.parametrize(("within", "limit"), [(None, 300), (2, 14)])
def test_a_client_that_never_comes_back_is_interrupted(
    tester: IntegrationTester, stock: FakeRest, within: float | None, limit: float
) -> None:
    def waits_for_ever(sku: str) -> int:
        return requests.get(f"{stock.url}/stock/{sku}", timeout=None).status_code

    tester.add("hangs", request="tea", faults=hang(), within=within)
    tester.add("goes on", request="tea", expect=200)

    with pytest.raises(
        ResilienceError, match=rf"the client was not done after {limit}\.0\d\d s, {limit} s is the limit"
    ):
        tester.run(waits_for_ever)
    assert [each.status for each in tester.results] == ["failed", "passed"]
    assert tester.results[0].duration == pytest.approx(limit, abs=0.1)


def test_a_client_that_never_comes_back_is_interrupted_in_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "_GRACE", 0.2)
    with FakeRest("stock") as stock:
        stock.get("/").reply()
        tester = IntegrationTester([stock])
        tester.add("hangs", request=stock.url, faults=hang(), within=0.1)

        with pytest.raises(ResilienceError, match=r"the client was not done after \d\.\d+ s, 0\.4 s is the limit"):
            tester.run(requests.get)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"name": ""}, "name='' is not text"),
        ({"within": 0}, "within=0 leaves no time: valid are seconds above 0"),
        ({"within": "soon"}, "within='soon' is not a number"),
        ({"repeat": 0}, "repeat=0 is not a count"),
        ({"every": -1}, "every=-1 is not a duration"),
        ({"received": 3}, "received=3 is nothing that can reach a fake"),
        ({"attempts": 0}, "attempts=0 is not a count"),
        ({"call": ""}, "call='' is not text"),
        ({"faults": 503}, "503 is not a fault"),
        ({"resilience": {"atempts": 3}}, "unknown assertion 'atempts'"),
    ],
    ids=str,
)
def test_what_cannot_be_a_case(tester: IntegrationTester, case: dict[str, Any], said: str) -> None:
    with pytest.raises(ScriptingError, match=said):
        tester.add(**{"name": "the case", **case})
    assert tester.cases == ()


def test_a_table_is_not_empty_and_its_names_are_unique(tester: IntegrationTester) -> None:
    with pytest.raises(ScriptingError, match="there is no case to run: add one, such as"):
        tester.run(len)
    tester.add("the case")
    with pytest.raises(ScriptingError, match="there is a case called 'the case' in this table already"):
        tester.add("the case")
    assert repr(tester) == "<IntegrationTester: 1 cases, 0 results>"
    assert [each.name for each in tester.cases] == ["the case"]
