"""Which fakes a case is about, and which ledger tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest, Ledger
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.faults import status
from pytest_integrations.tester import IntegrationTester

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_service_without_fakes_is_timed_and_judged_by_what_comes_back(stock: FakeRest) -> None:
    tester = IntegrationTester()
    tester.add("there", request="GET /stock/tea", expect=200, within=1)

    (result,) = tester.run(stock.url)

    assert (result.passed, result.calls, result.point) == (True, 0, "GET /stock/tea")


def test_resilience_cannot_be_asked_without_a_fake(stock: FakeRest) -> None:
    tester = IntegrationTester()
    tester.add("there", request="GET /stock/tea", attempts=2)

    with pytest.raises(ScriptingError, match="case 'there' asks for attempts, but there is no fake whose calls could"):
        tester.run(stock.url)


@pytest.fixture
def apart() -> Iterator[list[FakeRest]]:
    """Two fakes with ledgers of their own."""
    with FakeRest("a") as one, FakeRest("b") as other:
        for fake in (one, other):
            fake.get("/").reply()
        yield [one, other]


def test_fakes_with_ledgers_of_their_own_cannot_be_judged(apart: list[FakeRest]) -> None:
    tester = IntegrationTester(apart)
    tester.add("there", request="GET /", received={"GET /": 1})

    with pytest.raises(ScriptingError, match=r"the fakes a, b have ledgers of their own: give them one, ledger=Ledger"):
        tester.run(apart[0].url)


def test_they_can_if_the_case_names_one_of_them(apart: list[FakeRest]) -> None:
    one, other = apart
    tester = IntegrationTester(apart)
    tester.add("as the client", request="GET /", received={"GET /": 1}, client=one)
    tester.add("by a fault", request="GET /", expect=503, faults={other: status(503)}, received={"GET /": 1})
    tester.add("only what comes back", request="GET /", expect=200)

    assert [each.status for each in tester.run(other.url)] == ["passed"] * 3


def test_a_fake_that_only_the_case_names(stock: FakeRest) -> None:
    tester = IntegrationTester()
    tester.add("refused", request="GET /stock/tea", expect=503, faults={stock.get("/stock/<sku>"): status(503)})

    assert tester.run(stock.url)[0].faulted == 1


def test_fakes_that_share_a_ledger(virtual_clock: object) -> None:
    ledger = Ledger()
    with FakeRest("a", ledger=ledger) as one, FakeRest("b", ledger=ledger) as other:
        one.get("/").reply()
        tester = IntegrationTester([one, other])
        tester.add("there", request="GET /", expect=200, received={"GET /": 1})
        assert tester.run(one.url)[0].passed


def test_what_is_to_be_received_cannot_be_asked_without_a_fake() -> None:
    tester = IntegrationTester()
    tester.add("there", received={"GET *": 1})

    with pytest.raises(ScriptingError, match="case 'there' asks for received, but there is no fake"):
        tester.run(len)
