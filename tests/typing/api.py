"""The public names as a user's type checker sees them: checked by mypy and pyright, never run."""

from typing import assert_type

from pytest_integrations import Call, Calls, FakeRest, IntegrationTester
from pytest_integrations.faults import status
from pytest_integrations.tester import Case, CaseResult, CaseResults, Health


def a_fake_is_a_context_manager_of_its_own_type() -> None:
    with FakeRest("payments") as payments:
        assert_type(payments, FakeRest)
        assert_type(payments.url, str)
        assert_type(payments.calls, Calls)
        for call in payments.calls:
            assert isinstance(call, Call)


def a_route_answers_and_can_be_asked() -> None:
    with FakeRest() as payments:
        route = payments.post("/charges").reply(201, json={"id": "ch_1"})
        assert_type(route.received, Calls)


def a_table_of_cases_gives_results() -> None:
    with FakeRest("stock") as stock:
        tester = IntegrationTester([stock])
        assert_type(tester.add("there is tea", request=("GET", "/tea"), faults={stock: status(503)}, within=1), Case)
        results = tester.run(stock.url)
        assert_type(results, CaseResults)
        assert_type(results[0], CaseResult)
        assert_type(results[1:], CaseResults)
        assert_type(results.health(), Health)
