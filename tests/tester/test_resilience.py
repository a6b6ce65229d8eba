"""Assertions by their names: which, with which settings, and about which calls."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_integrations import (
    ClientCalls,
    NothingToCheck,
    ResilienceError,
    assert_attempts,
    assert_breaker_opens,
    exponential,
)
from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.faults import status
from pytest_integrations.tester.made import made
from pytest_integrations.tester.resilience import Evidence, Requirement, names

if TYPE_CHECKING:
    from pytest_integrations import Fakes
    from pytest_integrations.core.ledger import Calls


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"attempts": {"exactly": 3}}, [("attempts", {"exactly": 3}, "*", "*")]),
        ({"assert_attempts": 3}, [("attempts", {"exactly": 3}, "*", "*")]),
        ({"total_time": 2.5}, [("total_time", {"at_most": 2.5}, "*", "*")]),
        ({"no_unsafe_retry": True}, [("no_unsafe_retry", {}, "*", "*")]),
        (
            {"attempts": [{"exactly": 3, "fake": "stock"}, {"at_most": 2, "operation": "POST *"}]},
            [("attempts", {"exactly": 3}, "stock", "*"), ("attempts", {"at_most": 2}, "*", "POST *")],
        ),
        (
            [{"attempts": 1}, {"same_request": True}],
            [("attempts", {"exactly": 1}, "*", "*"), ("same_request", {}, "*", "*")],
        ),
        (partial(assert_attempts, exactly=3), [("attempts", {}, "*", "*")]),
        ((), []),
    ],
)
def test_forms_in_which_they_may_be_written(written: Any, expected: list[Any]) -> None:
    found = Requirement.all_of(written)

    assert [(each.name, dict(each.settings), each.fake, each.operation) for each in found] == expected


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"atempts": 3}, "unknown assertion 'atempts'. Did you mean 'attempts'"),
        (
            {"attempts": {"exact": 3}},
            "attempts takes no 'exact': valid are exactly, at_least, at_most, per, fake, operation",
        ),
        ({"breaker_opens": {"after": 3}}, "breaker_opens needs recovery"),
        ({"timeout_order": {"outer": 3}}, "does not ask about the calls of one case; give a function"),
        ("attempts", "resilience='attempts' asks for nothing"),
        (3, "resilience=3 asks for nothing"),
    ],
    ids=str,
)
def test_what_cannot_be_asked(written: Any, said: str) -> None:
    with pytest.raises(ScriptingError) as caught:
        Requirement.all_of(written)
    assert said in str(caught.value)
    assert isinstance(caught.value, UnknownName) == said.startswith("unknown")


def test_every_assertion_about_calls_or_messages_has_a_name() -> None:
    askable = []
    for name in names():
        try:
            Requirement.named(name)
        except ScriptingError as error:
            if "needs" not in str(error):
                continue
        askable.append(name)

    assert {"attempts", "backoff", "breaker_opens", "nothing_lost", "dead_lettered", "total_time"} < set(askable)
    assert len(askable) >= len(names()) - 2


def _evidence(fakes: Fakes, demand: ClientCalls | None = None, error: BaseException | None = None) -> Evidence:
    return Evidence(calls=fakes.calls, messages=fakes.messages, demand=demand or ClientCalls(fakes.ledger), error=error)


@pytest.fixture
def asked(fakes: Fakes) -> Fakes:
    """Two calls to stock, of which one failed, and one to payments."""
    for name in ("stock", "payments"):
        fakes.rest(name).get("/").reply()
    stock = fakes["stock"]
    stock.inject(status(503))
    for url in (fakes["stock"], fakes["stock"], fakes["payments"]):
        requests.get(getattr(url, "url"), timeout=5)  # noqa: B009 -- a Fake of any kind need not have one
    return fakes


def test_it_is_about_the_calls_of_some_fakes_and_operations(asked: Fakes) -> None:
    evidence = _evidence(asked)

    Requirement.named("attempts", {"exactly": 2, "fake": "st*"}).judge(evidence)
    with pytest.raises(ResilienceError, match="expected exactly 2 attempts of GET /, saw 1"):
        Requirement.named("attempts", {"exactly": 2}).judge(evidence)
    with pytest.raises(NothingToCheck, match="no call was made"):
        Requirement.named("attempts", {"exactly": 2, "operation": "POST *"}).judge(evidence)


def test_a_function_gets_the_calls(asked: Fakes) -> None:
    seen: list[Calls] = []

    (requirement,) = Requirement.all_of(seen.append)
    requirement.judge(_evidence(asked))

    assert [call.fake for call in seen[0]] == ["stock", "stock", "payments"]


def test_messages_are_given_to_those_that_ask_for_them(fakes: Fakes) -> None:
    broker = fakes.amqp("broker")
    broker.queue("orders").publish("17")

    with pytest.raises(ResilienceError, match="1 of 1 message"):
        Requirement.named("nothing_lost", {"operation": "orders"}).judge(_evidence(fakes))
    with pytest.raises(NothingToCheck):
        Requirement.named("nothing_lost", {"operation": "others"}).judge(_evidence(fakes))


def test_what_the_tester_knows_by_itself_is_filled_in(asked: Fakes) -> None:
    demand = ClientCalls(asked.ledger)
    filled = Requirement.named("breaker_opens", {"after": 3, "recovery": 5})
    given = partial(assert_breaker_opens, after=3, recovery=5, demand=demand)

    for requirement in (filled, *Requirement.all_of(given)):
        with pytest.raises(NothingToCheck):
            requirement.judge(_evidence(asked, demand))


def test_what_the_client_raised_is_filled_in(fakes: Fakes) -> None:
    stock = fakes.rest("stock")
    stock.get("/").reply(503)
    requests.get(stock.url, timeout=5)

    with pytest.raises(ResilienceError, match=r"the caller saw .*ConnectionError, expected ValueError"):
        Requirement.named("gives_up", {"after": 1, "declared": ValueError}).judge(
            _evidence(fakes, error=requests.ConnectionError())
        )


def test_values_that_are_made_of_tables() -> None:
    assert made({"schedule": {"exponential": {"base": 2}}}) == {"schedule": exponential(base=2)}
    assert repr(made({"fixed": 2})) == "fixed(2)"
    assert made([{"fixed": 2}, "a"])[1] == "a"
    assert made({"linear": {"base": 1}, "other": 2}) == {"linear": {"base": 1}, "other": 2}, "not the only key"
    with pytest.raises(ScriptingError, match=r"exponential: .*unexpected keyword argument 'bse'"):
        made({"exponential": {"bse": 1}})
