"""Every fault of HTTP does to GraphQL what it does to REST: the same end, the same record, as many bytes."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeGraphQL, FakeRest
from pytest_integrations.timekeeping import VirtualClock
from tests.contract.cases import CASES, Case

if TYPE_CHECKING:
    from pytest_integrations.core.ledger import Calls

SCHEMA = "type Query { user: String }"
RESULT = b'{"data":{"user":"ada and grace"}}'
_PLAIN = [case for case in CASES if case.calls == 1 and not case.headers and len(case.body) <= 1000]


def ask(port: int, path: str, body: bytes, timeout: float) -> str:
    """Return the status and the length of the body that came, or the name of what was raised."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return f"{answer.status} {len(answer.read())}"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def recorded(calls: Calls) -> list[tuple[object, ...]]:
    return [(call.outcome, call.status, call.fault, call.spoiled, call.handled, len(call.reply)) for call in calls]


@pytest.mark.parametrize("case", _PLAIN, ids=lambda case: case.id)
def test_it_is_the_same_fault(case: Case) -> None:
    asked = json.dumps({"query": "query Who { user }", "extensions": {"padding": "x" * len(case.body)}}).encode()
    with VirtualClock(), FakeGraphQL(SCHEMA) as fake:
        fake.query("Who").reply({"user": "ada and grace"})
        told = ask(fake.port, "/graphql", asked, 5)
        assert (told, fake.calls[0].outcome) == (f"200 {len(RESULT)}", "answered")
        fake.ledger.clear()
        fake.inject(case.fault, **case.when)
        graphql = ask(fake.port, "/graphql", asked, case.timeout), recorded(fake.calls)
    with VirtualClock(), FakeRest() as fake:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        fake.post("/graphql").reply(body=RESULT, headers=headers)
        fake.inject(case.fault, **case.when)
        rest = ask(fake.port, "/graphql", asked, case.timeout), recorded(fake.calls)
    assert graphql == rest
