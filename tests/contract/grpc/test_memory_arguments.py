"""What calls are given, right and wrong: the same by memory as by the wire."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from tests.backends.grpc.orders import stub
from tests.contract.grpc.test_memory import channel_of
from tests.contract.grpc.test_memory_interceptors import aio_channel_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service

pytestmark = pytest.mark.usefixtures("quiet")

ways = pytest.mark.parametrize("way", ["wire", "memory"])


def outcome(call: Callable[[], Any]) -> Any:
    """Return what *call* returns, or what a client has of the error that it raises."""
    try:
        return call()
    except grpc.RpcError as error:
        return error.code().name, error.details()
    except (TypeError, KeyError) as error:
        return type(error)


@ways
def test_the_names_of_the_parameters(shop: FakeGrpc, orders: Service, way: str) -> None:
    with channel_of(shop, way) as channel:
        get, upload = stub(channel, orders.Get), stub(channel, orders.Upload)
        assert get(request={"id": "o1"}, timeout=5).id == "o1"
        assert get.with_call(request={"id": "o1"}, timeout=5)[0].id == "o1"
        assert get.future(request={"id": "o1"}, timeout=5).result().id == "o1"
        assert upload(request_iterator=iter([{}, {}]), timeout=5).count == 2
        assert len(list(stub(channel, orders.List)(request={}, timeout=5))) == 3
        assert len(list(stub(channel, orders.Chat)(request_iterator=iter([{}]), timeout=5))) == 1


@ways
def test_the_names_of_the_parameters_with_asyncio(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def ask() -> None:
        async with aio_channel_of(shop, way) as channel:
            assert (await stub(channel, orders.Get)(request={"id": "o1"}, timeout=5)).id == "o1"
            assert (await stub(channel, orders.Upload)(request_iterator=[{}, {}], timeout=5)).count == 2
            chat = stub(channel, orders.Chat)(request_iterator=[{}], timeout=5)
            assert len([each async for each in chat]) == 1

    asyncio.run(ask())


@ways
@pytest.mark.parametrize("requests", [[{}, {}], None, 7], ids=["a list", "nothing", "a number"])
def test_requests_that_no_iterator_gives(shop: FakeGrpc, orders: Service, way: str, requests: Any) -> None:
    unknown = ("UNKNOWN", "Exception iterating requests!")
    with channel_of(shop, way) as channel:
        assert outcome(lambda: stub(channel, orders.Upload)(requests, timeout=5)) == unknown
        assert outcome(lambda: list(stub(channel, orders.Chat)(requests, timeout=5))) == unknown


METADATA: dict[str, tuple[Any, Any]] = {
    "text in binary": ((("a-bin", "x"),), TypeError),
    "an array in binary": ((("a-bin", bytearray(b"x")),), TypeError),
    "a number": ((("a", 1),), TypeError),
    "a key that is a number": (((1, "x"),), TypeError),
    "bytes": ((("x-a", b"x"),), {"x-a": "x"}),
    "nothing": ((("x-a", None),), {"x-a": ""}),
}


@ways
@pytest.mark.parametrize("what", METADATA)
def test_values_of_metadata(shop: FakeGrpc, orders: Service, way: str, what: str) -> None:
    metadata, expected = METADATA[what]

    def sent() -> Any:
        stub(channel, orders.Get)({}, timeout=5, metadata=metadata)
        call: Any = shop.calls[-1]
        return {key: value for key, value in call.metadata if key.startswith("x-")}

    with channel_of(shop, way) as channel:
        assert outcome(sent) == expected


@ways
@pytest.mark.usefixtures("orders")
def test_a_message_that_is_text(shop: FakeGrpc, way: str) -> None:
    with channel_of(shop, way) as channel:
        assert outcome(lambda: channel.unary_unary("/shop.v1.Orders/Get")("text", timeout=5)) is TypeError


@ways
@pytest.mark.usefixtures("orders")
def test_a_reply_that_is_decoded_as_nothing(shop: FakeGrpc, way: str) -> None:
    def nothing(_: bytes) -> None: ...

    misread = ("INTERNAL", "Exception deserializing response!")
    with channel_of(shop, way) as channel:
        get = channel.unary_unary("/shop.v1.Orders/Get", response_deserializer=nothing)
        rows = channel.unary_stream("/shop.v1.Orders/List", response_deserializer=nothing)
        assert outcome(lambda: get(b"", timeout=5)) == misread
        assert outcome(lambda: list(rows(b"", timeout=5))) == misread


@ways
def test_a_compression_that_is_none(shop: FakeGrpc, orders: Service, way: str) -> None:
    with channel_of(shop, way) as channel:
        get = stub(channel, orders.Get)
        assert outcome(lambda: get({}, timeout=5, compression="gzip")) is KeyError
        assert get({"id": "o1"}, timeout=5, compression=grpc.Compression.NoCompression).id == "o1"


@ways
@pytest.mark.parametrize("timeout", [1e10, float(2**63), float("inf"), float("nan")], ids=repr)
def test_a_timeout_that_is_too_long(shop: FakeGrpc, orders: Service, way: str, timeout: float) -> None:
    with channel_of(shop, way) as channel:
        late = outcome(lambda: stub(channel, orders.Get)({"id": "o1"}, timeout=timeout))
        assert late == ("DEADLINE_EXCEEDED", "Deadline Exceeded")
        assert stub(channel, orders.Get)({"id": "o1"}, timeout=7e9).id == "o1"
