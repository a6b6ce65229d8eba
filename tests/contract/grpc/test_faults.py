"""What the clients of grpcio see of each fault: the code, or that there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.faults import (
    close_on_accept,
    connection_refused,
    connection_reset,
    dribble,
    empty_response,
    hang,
    latency,
    reset_on_accept,
)
from pytest_integrations.faults.grpc import (
    break_stream,
    empty_ok,
    fail_after_headers,
    goaway,
    grpc_status,
    http_status,
    no_ping_ack,
    no_trailers,
    reset_stream,
    unknown_code,
    window_stall,
)
from pytest_integrations.faults.grpc_messages import (
    bad_flag,
    false_compression,
    garbage_message,
    oversize,
    truncated_message,
    two_messages,
)
from tests.contract.grpc.clients import CLIENTS, Client, races, until

if TYPE_CHECKING:
    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service
    from pytest_integrations.core.fault import Fault

pytestmark = pytest.mark.usefixtures("quiet")

SHORT = 1.0
"""Seconds for a call that waits for its deadline."""
NONE = "OK without a message"
GARBAGE = "INTERNAL, or none at all"
"""What cannot be decoded is INTERNAL with threads; with asyncio it is logged, and the answer is None."""

STREAMED: list[tuple[Fault, str]] = [
    (grpc_status("UNAVAILABLE"), "UNAVAILABLE"),
    (fail_after_headers("ABORTED"), "ABORTED"),
    (reset_stream("INTERNAL_ERROR"), "INTERNAL"),
    (no_trailers(), "UNKNOWN"),
    (http_status(502), "UNAVAILABLE"),
    (connection_reset(), "UNAVAILABLE"),
    (hang(), "DEADLINE_EXCEEDED"),
]
"""Faults of calls that stream, and the codes that they come to."""

UNARY: list[tuple[Fault, str]] = [
    (grpc_status("NOT_FOUND"), "NOT_FOUND"),
    (grpc_status("UNAVAILABLE", retry_after=1), "UNAVAILABLE"),
    (unknown_code(99), "UNKNOWN"),
    (fail_after_headers("ABORTED"), "ABORTED"),
    (break_stream(after=0, code="DATA_LOSS"), "DATA_LOSS"),
    (break_stream(after=1, code="DATA_LOSS"), "DATA_LOSS"),
    (reset_stream("NO_ERROR"), "INTERNAL"),
    (reset_stream("PROTOCOL_ERROR"), "INTERNAL"),
    (reset_stream("INTERNAL_ERROR"), "INTERNAL"),
    (reset_stream("REFUSED_STREAM"), "UNAVAILABLE"),
    (reset_stream("CANCEL"), "CANCELLED"),
    (reset_stream("ENHANCE_YOUR_CALM"), "RESOURCE_EXHAUSTED"),
    (reset_stream("INADEQUATE_SECURITY"), "PERMISSION_DENIED"),
    (goaway(), "OK"),
    (no_trailers(), "UNKNOWN"),
    (empty_ok(), NONE),
    (truncated_message(), NONE),
    (bad_flag(), NONE),
    (garbage_message(), GARBAGE),
    (false_compression(), "INTERNAL"),
    (oversize(), "RESOURCE_EXHAUSTED"),
    (oversize(50 * 1024 * 1024, announced=True), "RESOURCE_EXHAUSTED"),
    (http_status(200), "UNKNOWN"),
    (http_status(400), "INTERNAL"),
    (http_status(401), "UNAUTHENTICATED"),
    (http_status(403), "PERMISSION_DENIED"),
    (http_status(404), "UNIMPLEMENTED"),
    (http_status(429), "UNAVAILABLE"),
    (http_status(500), "UNKNOWN"),
    (http_status(502), "UNAVAILABLE"),
    (http_status(503), "UNAVAILABLE"),
    (http_status(504), "UNAVAILABLE"),
    (connection_reset(), "UNAVAILABLE"),
    (connection_reset(at="after_headers"), "UNAVAILABLE"),
    (connection_reset(at="mid_body"), "UNAVAILABLE"),
    (empty_response(), "UNAVAILABLE"),
    (reset_on_accept(), "UNAVAILABLE"),
    (close_on_accept(), "UNAVAILABLE"),
    (latency(0.05), "OK"),
    (dribble(chunks=3, duration=0.05), "OK"),
    (no_ping_ack(), "OK"),
]
WAITING: list[Fault] = [two_messages(), hang(), window_stall(), latency(60)]
"""What a client without a deadline would wait for, for ever or too long."""


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize(("fault", "code"), UNARY, ids=[repr(fault) for fault, _ in UNARY])
def test_a_unary_call(shop: FakeGrpc, orders: Service, client: Client, fault: Fault, code: str) -> None:
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
    healthy = client(shop.target, orders.Get, [{"id": "o2"}])
    assert [each.id for each in healthy.messages] == ["o2"]
    assert shop.calls[0].fault == (None if fault.scope == "connection" and code == "OK" else fault)
    assert shop.calls[0].failed == (code not in {"OK", "NOT_FOUND"} and not _is_denial(shop.calls[0]))


def _is_denial(call: Any) -> bool:
    """Tell whether the request is to blame, by the code that was sent."""
    return bool(getattr(call, "code", "")) and call.denied and not call.failed


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("fault", WAITING, ids=map(repr, WAITING))
def test_a_call_that_waits_for_its_deadline(shop: FakeGrpc, orders: Service, client: Client, fault: Fault) -> None:
    shop.inject(fault)
    assert client(shop.target, orders.Get, [{"id": "o1"}], timeout=SHORT).code == "DEADLINE_EXCEEDED"
    until(lambda: shop.calls)  # one whose request did not come is there when it ends
    call = shop.calls[0]
    assert 0 < call.timeout <= SHORT + 0.01
    if fault != two_messages():
        until(lambda: call.gone is not None)  # the client tells its application first, and the server then
        assert (call.verdict, call.cancelled, call.reset, call.failed) == ("cancelled", True, "CANCEL", True)
        assert call.gone is not None
        assert call.gone >= SHORT - 0.1
    assert client(shop.target, orders.Get, [{"id": "o2"}]).code == "OK"


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("kind", ["List", "Upload", "Chat"])
@pytest.mark.parametrize(("fault", "code"), STREAMED, ids=repr)
def test_a_stream(  # noqa: PLR0917 -- two fixtures and what it is asked for
    shop: FakeGrpc, orders: Service, client: Client, kind: str, fault: Fault, code: str
) -> None:
    method = getattr(orders, kind)
    shop.inject(fault)
    requests: dict[str, list[dict[str, Any]]] = {"List": [{}], "Upload": [{}, {}], "Chat": [{"text": "a"}]}
    seen = client(shop.target, method, requests[kind], timeout=SHORT if code == "DEADLINE_EXCEEDED" else 5.0)
    assert seen.code in {code} | races(is_async=client is CLIENTS["grpcio-aio"], fault=fault)
    until(lambda: shop.calls and shop.calls[0].failed)  # the client tells its application first, and the server then
    assert client(shop.target, method, requests[kind]).code == "OK"


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (break_stream(after=2, code="DATA_LOSS"), "DATA_LOSS"),
        (reset_stream("INTERNAL_ERROR", after=2), "INTERNAL"),
    ],
    ids=repr,
)
def test_what_came_of_a_stream_before_it_broke(
    shop: FakeGrpc, orders: Service, client: Client, fault: Fault, code: str
) -> None:
    shop.inject(fault)
    seen = client(shop.target, orders.List)
    assert seen.code == code
    if "reset" not in fault.name:  # a reset may overtake, in the client, what came before it
        assert [each.id for each in seen.messages] == ["a", "b"]


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_a_port_that_is_down(shop: FakeGrpc, orders: Service, client: Client) -> None:
    with shop.injected(connection_refused()):
        assert client(shop.target, orders.Get).code == "UNAVAILABLE"
    assert client(shop.target, orders.Get).code == "OK"


def test_a_stream_with_garbage_in_it(shop: FakeGrpc, orders: Service) -> None:
    shop.inject(garbage_message(at=2), every=1)
    seen = CLIENTS["grpcio"](shop.target, orders.List)
    assert (seen.code, [each.id for each in seen.messages]) == ("INTERNAL", ["a"])
    seen = CLIENTS["grpcio-aio"](shop.target, orders.List)  # to which all is well
    assert (seen.code, [each and each.id for each in seen.messages]) == ("OK", ["a", None, "c"])
