"""Every fault of HTTP does to GraphQL what it does to REST, by HTTP/2 too: the same frames, end and record."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeGraphQL, FakeRest
from pytest_integrations.timekeeping import VirtualClock
from tests.contract.cases import CASES, Case
from tests.wire.http2.client import Http2Client

if TYPE_CHECKING:
    from pytest_integrations.core.ledger import Calls

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(60)]

SCHEMA = "type Query { user: String }"
RESULT = b'{"data":{"user":"ada and grace"}}'
_BY_THE_CLOCK = {"date", "retry-after"}
_PLAIN = [
    case
    for case in CASES
    if case.calls == 1 and not case.headers and len(case.body) <= 1000 and case.fault.only_on != "HTTP/1"
]


def ask(port: int, body: bytes, patience: float) -> tuple[object, ...]:
    """Return what came: the kinds of frames, the fields, how much of a body, and how stream and connection ended."""
    try:
        with Http2Client(port, timeout=patience) as client:
            client.h2.decoder.max_header_list_size = 1024 * 1024
            stream = client.ask("/graphql", "POST", body, ("content-type", "application/json"))
            with suppress(TimeoutError):
                client.answer(stream)
            answer = client.answers[stream]
            kinds = [kind for kind, _ in groupby(frame.type for frame in client.frames if frame.stream_id == stream)]
            fields = [(name, "" if name in _BY_THE_CLOCK else value) for name, value in answer.fields]
            return kinds, fields, len(answer.body), answer.ended, answer.reset, client.is_closed
    except OSError:  # where the connection is reset before the request is out
        return [], [], 0, False, None, True


def recorded(calls: Calls) -> list[tuple[object, ...]]:
    return [(call.outcome, call.status, call.fault, call.spoiled, call.handled, len(call.reply)) for call in calls]


@pytest.mark.parametrize("case", _PLAIN, ids=lambda case: case.id)
def test_it_is_the_same_fault(case: Case) -> None:
    asked = json.dumps({"query": "query Who { user }", "extensions": {"padding": "x" * len(case.body)}}).encode()
    patience = min(case.timeout, 0.5)
    with VirtualClock(), FakeGraphQL(SCHEMA) as fake:
        fake.query("Who").reply({"user": "ada and grace"})
        fake.inject(case.fault, **case.when)
        graphql = ask(fake.port, asked, patience), recorded(fake.calls)
    with VirtualClock(), FakeRest() as fake:
        fake.post("/graphql").reply(body=RESULT, headers={"Content-Type": "application/json; charset=utf-8"})
        fake.inject(case.fault, **case.when)
        rest = ask(fake.port, asked, patience), recorded(fake.calls)
    assert graphql == rest
