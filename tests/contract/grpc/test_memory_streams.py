"""What becomes of streams that are read late, or never: the same by memory as by the wire."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from tests.backends.grpc.orders import stub
from tests.contract.grpc.clients import until
from tests.contract.grpc.test_memory import channel_of
from tests.contract.grpc.test_memory_interceptors import aio_channel_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service

ways = pytest.mark.parametrize("way", ["wire", "memory"])

SHORT = 0.3


@ways
def test_replies_that_are_read_after_the_deadline(shop: FakeGrpc, orders: Service, way: str) -> None:
    with channel_of(shop, way) as channel:
        call = stub(channel, orders.List)({}, timeout=SHORT)
        assert next(call).id == "a"
        until(lambda: not call.is_active())
        with pytest.raises(grpc.RpcError) as caught:
            list(call)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


@ways
def test_replies_that_are_read_after_the_deadline_with_asyncio(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def ask() -> Any:
        async with aio_channel_of(shop, way) as channel:
            call = stub(channel, orders.List)({}, timeout=SHORT)
            replies = aiter(call)
            assert (await anext(replies)).id == "a"
            over = asyncio.Event()
            call.add_done_callback(lambda _: over.set())
            await asyncio.wait_for(over.wait(), 10)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                _ = [each async for each in replies]
            return caught.value.code()

    assert asyncio.run(ask()) is grpc.StatusCode.DEADLINE_EXCEEDED


@ways
def test_requests_without_an_end(shop: FakeGrpc, orders: Service, way: str) -> None:
    requests = ({"text": str(number)} for number in itertools.count())
    with channel_of(shop, way) as channel:
        call = stub(channel, orders.Chat)(requests, timeout=5)
        assert [next(call).text for _ in range(3)] == ["0", "1", "2"]
        call.cancel()


@ways
def test_requests_without_an_end_with_asyncio(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def requests() -> AsyncIterator[dict[str, str]]:
        for number in itertools.count():
            yield {"text": str(number)}

    async def ask() -> list[str]:
        async with aio_channel_of(shop, way) as channel:
            call = stub(channel, orders.Chat)(requests(), timeout=5)
            return [(await call.read()).text for _ in range(3)]

    assert asyncio.run(ask()) == ["0", "1", "2"]


@ways
def test_replies_that_are_read_after_the_channel_is_closed(shop: FakeGrpc, orders: Service, way: str) -> None:
    with channel_of(shop, way) as channel:
        call = stub(channel, orders.List)({}, timeout=5)
        assert next(call).id == "a"
    with pytest.raises(grpc.RpcError) as caught:
        list(call)
    assert caught.value.code() is grpc.StatusCode.CANCELLED
    assert "Channel closed!" in caught.value.details()
    assert not call.cancelled()
