"""A real servicer behind the fake, and what goes wrong between it and its clients."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.attempts import assert_attempts
from pytest_integrations.faults import hang, latency, lost_response
from pytest_integrations.faults.grpc import (
    break_stream,
    empty_ok,
    grpc_status,
    http_status,
    no_trailers,
    reset_stream,
)
from pytest_integrations.faults.grpc_frames import drop_connection
from tests.contract.grpc.clients import CLIENTS, Client, races, until
from tests.contract.grpc.test_faults import GARBAGE, NONE, SHORT, STREAMED, UNARY

if TYPE_CHECKING:
    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service
    from pytest_integrations.core.fault import Fault
    from tests.backends.grpc.hosting import Threaded

pytestmark = pytest.mark.usefixtures("no_leaks", "quiet")


both_clients = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


@both_clients
@pytest.mark.parametrize(("fault", "code"), UNARY, ids=[repr(fault) for fault, _ in UNARY])
def test_a_unary_call_and_each_fault(shop: FakeGrpc, orders: Service, client: Client, fault: Fault, code: str) -> None:
    shop.inject(fault)
    seen = client(shop.target, orders.Get, [{"id": "o1"}])
    if code == GARBAGE:
        code = NONE if client is CLIENTS["grpcio-aio"] else "INTERNAL"
    if code == NONE:
        assert (seen.code, seen.messages) == ("OK", (None,))
    elif code == "OK":
        assert [each.id for each in seen.messages] == ["o1"]
    else:
        assert (seen.code, seen.messages) == (code, ())
    assert shop.script.rules[0].fired == 1
    assert [each.id for each in client(shop.target, orders.Get, [{"id": "o2"}]).messages] == ["o2"]


@both_clients
@pytest.mark.parametrize("inside", ["headers", "data", "trailers"])
def test_half_a_frame_before_a_drop(
    shop: FakeGrpc, orders: Service, servicer: Threaded, client: Client, inside: Any
) -> None:
    orders.List.inject(drop_connection(inside))
    seen = client(shop.target, orders.List)
    assert seen.code == "UNAVAILABLE"
    assert len(servicer.seen) == 1
    assert client(shop.target, orders.List).code == "OK"


@both_clients
@pytest.mark.parametrize("kind", ["List", "Upload", "Chat"])
@pytest.mark.parametrize(("fault", "code"), STREAMED, ids=repr)
def test_a_stream_and_each_fault(  # noqa: PLR0917 -- two fixtures and what it is asked for
    shop: FakeGrpc, orders: Service, client: Client, kind: str, fault: Fault, code: str
) -> None:
    method = getattr(orders, kind)
    method.inject(fault)
    seen = client(shop.target, method, [{"id": "a"}], timeout=SHORT if code == "DEADLINE_EXCEEDED" else 5.0)
    assert seen.code in {code} | races(is_async=client is CLIENTS["grpcio-aio"], fault=fault)
    until(lambda: shop.calls and shop.calls[0].failed)  # a client tells its application first, and the server then
    assert client(shop.target, method, [{"id": "a"}]).code == "OK"


@both_clients
def test_what_came_of_a_stream_before_it_broke(shop: FakeGrpc, orders: Service, client: Client) -> None:
    orders.List.inject(break_stream(after=2, code="DATA_LOSS"))
    seen = client(shop.target, orders.List, [{"qty": 10}])
    assert (seen.code, [each.id for each in seen.messages]) == ("DATA_LOSS", ["a", "b"])
    assert len(shop.calls[0].replies) == 2  # type: ignore[attr-defined]  # as a call of gRPC has them


@pytest.mark.parametrize(
    ("fault", "runs"),
    [
        (grpc_status("UNAVAILABLE"), 0),
        (reset_stream("REFUSED_STREAM"), 0),
        (http_status(503), 0),
        (hang(), 0),
        (lost_response(), 1),
        (empty_ok(), 1),
        (no_trailers(), 1),
        (latency(0.01), 1),
    ],
    ids=repr,
)
def test_whether_the_servicer_runs(
    shop: FakeGrpc, orders: Service, servicer: Threaded, fault: Fault, runs: int
) -> None:
    orders.Get.inject(fault)
    CLIENTS["grpcio"](shop.target, orders.Get, [{"id": "o1"}], timeout=SHORT)
    until(lambda: shop.calls)
    assert shop.calls[0].fault == fault
    assert len(servicer.seen) == runs


def test_faults_of_one_method_leave_the_others_alone(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.inject(reset_stream("INTERNAL_ERROR"), times=2)
    sync = CLIENTS["grpcio"]
    assert sync(shop.target, orders.List).code == "OK"
    assert sync(shop.target, orders.Get).code == "INTERNAL"
    orders.Get.when(id="o9").inject(grpc_status("NOT_FOUND"))
    assert sync(shop.target, orders.Get, [{"id": "o9"}]).code == "NOT_FOUND"
    assert sync(shop.target, orders.Get, [{"id": "o1"}]).code == "INTERNAL"
    assert sync(shop.target, orders.Get, [{"id": "o1"}]).code == "OK"


def test_attempts_are_seen_by_servicer_and_assertions(shop: FakeGrpc, orders: Service, servicer: Threaded) -> None:
    policy = {
        "maxAttempts": 3,
        "initialBackoff": "0.01s",
        "maxBackoff": "0.01s",
        "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    config = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]})
    shop.inject(grpc_status("UNAVAILABLE"), reset_stream("REFUSED_STREAM"))
    options = [("grpc.enable_retries", 1), ("grpc.service_config", config)]
    assert CLIENTS["grpcio"](shop.target, orders.Get, [{"id": "o1"}], options=options).code == "OK"
    assert_attempts(shop.calls, exactly=3)
    assert [seen.metadata.get("grpc-previous-rpc-attempts") for seen in servicer.seen] == ["2"]
    calls: Any = shop.calls
    assert [call.previous_attempts for call in calls] == [0, 1, 2]
