"""What each client makes of each fault, as the page "what gRPC clients raise" tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.faults import grpc, grpc_frames, grpc_messages, http2
from tests.contract.grpc import unary_clients
from tests.contract.grpc.client_cases import CASES, Case
from tests.contract.grpc.unary_clients import CLIENTS, PACKAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.methods import MethodRule
    from pytest_integrations.backends.grpc.services import Service

pytestmark = [pytest.mark.timeout(30), pytest.mark.usefixtures("quiet")]

WAITING = [(case, client) for case in CASES for client in CLIENTS if case.of(client) == "waits"]


def _client(name: str) -> Callable[[str, MethodRule, float | None], str]:
    pytest.importorskip({"grpcio": "grpc"}.get(PACKAGES[name], PACKAGES[name]))
    return CLIENTS[name]


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_comes_of_it(
    shop: FakeGrpc, orders: Service, monkeypatch: pytest.MonkeyPatch, name: str, case: Case
) -> None:
    """Of a call without a deadline, so that it is seen who would wait for ever; a second call is well."""
    client = _client(name)
    expected = case.of(name).split(" or ")
    if "waits" not in expected:  # an answer may take its time, on a busy machine
        monkeypatch.setattr(unary_clients, "PATIENCE", 10)
    shop.inject(case.fault)
    assert client(shop.url, orders.Get, None) in expected
    assert shop.script.rules[0].fired == 1
    assert client(shop.url, orders.Get, 5) == "OK"


@pytest.mark.parametrize(("case", "name"), WAITING, ids=lambda value: value.id if isinstance(value, Case) else value)
def test_who_waits_has_a_deadline(shop: FakeGrpc, orders: Service, name: str, case: Case) -> None:
    """Which ends it: with a deadline none of them waits any longer."""
    client = _client(name)
    shop.inject(case.fault)
    assert client(shop.url, orders.Get, 1.0) == ("TimeoutError" if name == "grpclib" else "DEADLINE_EXCEEDED")


def test_every_fault_of_grpc_is_told_of() -> None:
    """And those of HTTP/2 that have a meaning for it: messages tell their own length, so that no body is too short."""
    told = {case.fault.name for case in CASES}
    assert {*grpc.__all__, *grpc_frames.__all__, *grpc_messages.__all__} <= told
    assert {*http2.__all__} - told == {"h2_short_body"}
