"""Clients of gRPC that are not grpcio: grpclib on asyncio, and connect's client, which speaks gRPC over httpx."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.faults import connection_reset, hang
from pytest_integrations.faults.grpc import empty_ok, grpc_status, http_status, no_trailers, reset_stream
from pytest_integrations.faults.grpc_messages import truncated_message, two_messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.methods import MethodRule
    from pytest_integrations.backends.grpc.services import Service
    from pytest_integrations.core.fault import Fault

grpclib_client = pytest.importorskip("grpclib.client")
grpclib_exceptions = pytest.importorskip("grpclib.exceptions")


def over_grpclib(fake: FakeGrpc, act: Callable[[Any], Awaitable[Any]]) -> Any:
    """Return what *act* does with a channel of grpclib."""

    async def run() -> Any:
        channel = grpclib_client.Channel("127.0.0.1", fake.port)
        try:
            return await asyncio.wait_for(act(channel), 5)
        finally:
            channel.close()

    return asyncio.run(run())


def _call(channel: Any, method: MethodRule) -> Any:
    kinds = {
        "unary": grpclib_client.UnaryUnaryMethod,
        "client-stream": grpclib_client.StreamUnaryMethod,
        "server-stream": grpclib_client.UnaryStreamMethod,
        "bidi": grpclib_client.StreamStreamMethod,
    }
    schema = method.schema
    return kinds[schema.wire.kind](channel, schema.path, schema.request, schema.reply)


def test_grpclib_makes_calls_of_each_kind(shop: FakeGrpc, orders: Service) -> None:
    async def act(channel: Any) -> Any:
        request = orders.Get.schema.request
        order, note = orders.Upload.schema.request, orders.Chat.schema.request
        return (
            await _call(channel, orders.Get)(request(id="o1"), timeout=5),
            await _call(channel, orders.List)(orders.List.schema.request()),
            await _call(channel, orders.Upload)([order(id="a"), order(id="b")]),
            await _call(channel, orders.Chat)([note(text="a"), note(text="b")]),
        )

    got, listed, uploaded, said = over_grpclib(shop, act)
    assert got.id == "o1"
    assert [each.id for each in listed] == ["a", "b", "c"]
    assert uploaded.count == 2
    assert [each.text for each in said] == ["A", "B"]
    assert [call.verdict for call in shop.calls] == ["OK"] * 4
    assert len(shop.connections) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (grpc_status("NOT_FOUND", "no such order"), "NOT_FOUND"),
        (http_status(503), "UNAVAILABLE"),
        (no_trailers(), "TimeoutError"),  # it waits for them
        (empty_ok(), "AssertionError"),
        (reset_stream("INTERNAL_ERROR"), "StreamTerminatedError"),
        (connection_reset(), "StreamTerminatedError"),
        (truncated_message(), "AssertionError"),
    ],
    ids=repr,
)
def test_what_grpclib_sees_of_faults(shop: FakeGrpc, orders: Service, fault: Fault, error: str) -> None:
    async def act(channel: Any) -> Any:
        return await _call(channel, orders.Get)(orders.Get.schema.request(id="o1"), timeout=1)

    shop.inject(fault)
    with pytest.raises(Exception) as caught:  # noqa: PT011 -- of several kinds, told apart below
        over_grpclib(shop, act)
    status = getattr(caught.value, "status", None)
    assert (status.name if status is not None else type(caught.value).__name__) == error
    assert over_grpclib(shop, act).id == "o1"


def test_grpclib_takes_the_first_of_two_messages(shop: FakeGrpc, orders: Service) -> None:
    async def act(channel: Any) -> Any:
        return await _call(channel, orders.Get)(orders.Get.schema.request(id="o1"), timeout=2)

    shop.inject(two_messages())
    assert over_grpclib(shop, act).id == "o1"


# -- connect


@pytest.fixture
def connect(shop: FakeGrpc) -> Iterator[Any]:
    """A client of connect that speaks gRPC, by HTTP/2 with prior knowledge."""
    client = pytest.importorskip("connectrpc.client")
    compat = pytest.importorskip("connectrpc.compat")
    protocol = pytest.importorskip("connectrpc.protocol")
    pyqwest = pytest.importorskip("pyqwest")
    transport = pyqwest.SyncHTTPTransport(http_version=pyqwest.HTTPVersion.HTTP2)
    with client.ConnectClientSync(
        shop.url,
        protocol=protocol.ProtocolType.GRPC,
        codec=compat.google_protobuf_binary_codec(),
        timeout_ms=2000,
        http_client=pyqwest.SyncClient(transport),
    ) as made:
        yield made


def _info(method: MethodRule) -> Any:
    from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType

    schema = method.schema
    return MethodInfo(
        name=schema.name,
        service_name=schema.descriptor.containing_service.full_name,
        input=schema.request,
        output=schema.reply,
        stream_type=StreamType[{"unary": "UNARY", "bidi": "BIDI_STREAM"}.get(schema.wire.kind, "SERVER_STREAM")],
        idempotency_level=IdempotencyLevel.UNKNOWN,
    )


def test_connect_makes_calls(shop: FakeGrpc, orders: Service, connect: Any) -> None:
    got = connect.execute_unary(request=orders.Get.schema.request(id="o1"), method=_info(orders.Get))
    assert got.id == "o1"
    listed = connect.execute_server_stream(request=orders.List.schema.request(), method=_info(orders.List))
    assert [each.id for each in listed] == ["a", "b", "c"]
    notes = iter([orders.Chat.schema.request(text="a"), orders.Chat.schema.request(text="b")])
    said = connect.execute_bidi_stream(request=notes, method=_info(orders.Chat))
    assert [each.text for each in said] == ["A", "B"]
    call: Any = shop.calls[0]
    assert call.headers["grpc-encoding"] == "gzip"  # which it does by itself
    assert call.requests == (orders.Get.schema.request(id="o1"),)
    assert [each.verdict for each in shop.calls] == ["OK"] * 3


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (grpc_status("NOT_FOUND", "no such order"), "NOT_FOUND"),
        (http_status(503), "UNAVAILABLE"),
        (empty_ok(), "UNIMPLEMENTED"),
        (two_messages(), "UNIMPLEMENTED"),
        (no_trailers(), "INTERNAL"),
        (truncated_message(), "INTERNAL"),
        (reset_stream("INTERNAL_ERROR"), "INTERNAL"),
        (connection_reset(), "UNAVAILABLE"),
        (hang(), "DEADLINE_EXCEEDED"),
    ],
    ids=repr,
)
def test_what_connect_sees_of_faults(shop: FakeGrpc, orders: Service, connect: Any, fault: Fault, code: str) -> None:
    errors = pytest.importorskip("connectrpc.errors")
    shop.inject(fault)
    with pytest.raises(errors.ConnectError) as caught:
        connect.execute_unary(request=orders.Get.schema.request(id="o1"), method=_info(orders.Get), timeout_ms=500)
    assert caught.value.code.name == code
