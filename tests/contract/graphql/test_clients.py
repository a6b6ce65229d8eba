"""What real clients make of each fault, for each kind of operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gql.transport.exceptions import TransportQueryError

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from tests.contract.graphql.cases import CASES, Case
from tests.contract.graphql.clients import ASKED, CLIENTS, SCHEMA, http_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.timekeeping import VirtualClock

PLAYED = [pytest.param(case, operation, id=f"{case.id} {operation}") for case in CASES for operation in case.operations]


@pytest.fixture
def api(virtual_clock: VirtualClock) -> Iterator[FakeGraphQL]:
    with FakeGraphQL(SCHEMA) as fake:
        yield fake


def seen(client: str, fake: FakeGraphQL, operation: str) -> str:
    """Return what *client* gives to its caller, or the name of what it raises."""
    try:
        return CLIENTS[client](fake, operation)
    except TransportQueryError as error:
        return "TransportQueryError with data" if error.data else "TransportQueryError"
    except Exception as error:  # noqa: BLE001 -- which one is the question
        return type(error).__name__


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("operation", ASKED)
def test_without_a_fault_all_is_well(api: FakeGraphQL, client: str, operation: str) -> None:
    assert seen(client, api, operation) == "data"
    (call,) = api.calls
    assert (call.kind, call.result, call.failed, call.outcome) == (operation, "data", False, "answered")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("case", "operation"), PLAYED)
def test_what_comes_of_it(api: FakeGraphQL, client: str, case: Case, operation: str) -> None:
    api.inject(case.fault, every=1)
    assert seen(client, api, operation) == case.of(client)
    assert {call.fault for call in api.calls} == {case.fault}


@pytest.mark.parametrize(("case", "operation"), PLAYED)
def test_the_status_that_it_has(api: FakeGraphQL, case: Case, operation: str) -> None:
    api.inject(case.fault, every=1)
    assert http_status(api, operation) == case.status
