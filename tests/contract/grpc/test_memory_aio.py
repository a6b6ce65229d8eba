"""What applications do to calls of asyncio, with and without interceptors: the same by memory as by the wire."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.faults import hang, latency
from pytest_integrations.faults.grpc import grpc_status
from tests.backends.grpc.orders import stub
from tests.contract.grpc.clients import until
from tests.contract.grpc.test_memory_interceptors import AioCached, AioUnary, aio_channel_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service

WAYS = ("wire", "memory")
ways = pytest.mark.parametrize("way", WAYS)


def run(shop: FakeGrpc, way: str, do: Callable[[Any], Awaitable[Any]], *interceptors: Any) -> Any:
    """Return what *do* returns for a channel."""

    async def within() -> Any:
        async with aio_channel_of(shop, way, *interceptors) as channel:
            return await do(channel)

    return asyncio.run(within())


# -- requests


@ways
@pytest.mark.parametrize("kind", ["Upload", "Chat"])
def test_requests_from_a_list(shop: FakeGrpc, orders: Service, way: str, kind: str) -> None:
    method = getattr(orders, kind)

    async def ask(channel: Any) -> Any:
        call = stub(channel, method)([{}, {}], timeout=5)
        return [each async for each in call] if kind == "Chat" else (await call).count

    assert run(shop, way, ask) in ([method.schema.reply(), method.schema.reply()], 2)


@ways
@pytest.mark.parametrize("interceptors", [(), (AioUnary("m"),)], ids=["bare", "of another kind"])
def test_requests_that_raise_cancel_the_call(
    shop: FakeGrpc, orders: Service, way: str, interceptors: tuple[Any, ...]
) -> None:
    async def broken() -> AsyncIterator[dict[str, str]]:
        yield {"id": "a"}
        raise LookupError

    async def ask(channel: Any) -> Any:
        call = stub(channel, orders.Upload)(broken(), timeout=5)
        with pytest.raises(asyncio.CancelledError):
            await call
        return await call.code(), await call.details(), call.cancelled()

    expected = (grpc.StatusCode.CANCELLED, "Locally cancelled by application!", True)
    assert run(shop, way, ask, *interceptors) == expected


@ways
def test_what_is_written_after_the_end(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def ask(channel: Any) -> list[str]:
        seen = []
        call = stub(channel, orders.Upload)(timeout=5)
        await call.write({"id": "a"})
        await call.done_writing()
        await call.done_writing()
        for _ in range(2):
            try:
                await call.write({"id": "b"})
            except asyncio.InvalidStateError as error:
                seen.append(str(error))
            seen.append(str((await call).count))
        fed = stub(channel, orders.Upload)([{}], timeout=5)
        with pytest.raises(grpc.aio.UsageError):
            await fed.write({})
        with pytest.raises(grpc.aio.UsageError):
            await fed.done_writing()
        await fed
        return seen

    half = 'RPC is half closed after calling "done_writing".'
    assert run(shop, way, ask) == [half, "1", "RPC already finished.", "1"]


# -- replies, and how a call ends


@ways
def test_styles_of_reading_are_not_mixed(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def ask(channel: Any) -> list[Any]:
        call = stub(channel, orders.List)({}, timeout=5)
        iterator = aiter(call)
        assert aiter(call) is iterator
        first = await anext(iterator)
        with pytest.raises(grpc.aio.UsageError):
            await call.read()
        rest = [each.id async for each in iterator]
        assert await call.read() is grpc.aio.EOF
        return [first.id, *rest]

    assert run(shop, way, ask) == ["a", "b", "c"]


@ways
@pytest.mark.parametrize("interceptors", [(), (AioUnary("m"),)], ids=["bare", "intercepted"])
def test_what_a_call_tells_of_its_end(shop: FakeGrpc, orders: Service, way: str, interceptors: tuple[Any, ...]) -> None:
    orders.Get.reply(id="o1").metadata({"h": "1"}, trailing={"t": "2"})
    shop.inject(grpc_status("ABORTED", "no", trailing={"x": "y"}), skip=1)

    async def one(channel: Any) -> tuple[Any, ...]:
        told: list[bool] = []
        call = stub(channel, orders.Get)({}, timeout=5)
        call.add_done_callback(lambda done: told.append(done.done()))
        end = await call.code(), await call.details()
        metadata = list(await call.initial_metadata()), list(await call.trailing_metadata())
        assert isinstance(await call.debug_error_string(), str)
        call.add_done_callback(lambda done: told.append(done.done()))
        assert told == [True, True]
        try:
            return *end, *metadata, (await call).id
        except grpc.aio.AioRpcError as error:
            raised = error
        assert (raised.code(), raised.details()) == end
        assert (list(raised.initial_metadata()), list(raised.trailing_metadata())) == metadata
        return *end, *metadata, None

    async def ask(channel: Any) -> list[Any]:
        return [await one(channel), await one(channel)]

    assert run(shop, way, ask, *interceptors) == [
        (grpc.StatusCode.OK, "", [("h", "1")], [("t", "2")], "o1"),
        (grpc.StatusCode.ABORTED, "no", [], [("x", "y")], None),
    ]


@ways
@pytest.mark.parametrize("interceptors", [(), (AioUnary("m"),)], ids=["bare", "intercepted"])
def test_a_call_that_is_cancelled_while_it_is_awaited(
    shop: FakeGrpc, orders: Service, way: str, interceptors: tuple[Any, ...]
) -> None:
    shop.inject(hang())

    async def ask(channel: Any) -> Any:
        call = stub(channel, orders.Get)({}, timeout=60)
        assert (call.done(), call.cancelled()) == (False, False)
        waiting = asyncio.ensure_future(asyncio.wait_for(call, 60))
        await asyncio.to_thread(until, lambda: shop.calls)
        assert not call.done()
        assert call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not call.cancel()
        return await call.code(), call.done(), call.cancelled(), await call.details()

    code, details = grpc.StatusCode.CANCELLED, "Locally cancelled by application!"
    assert run(shop, way, ask, *interceptors) == (code, True, True, details)


@ways
def test_what_cannot_be_sent(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def ask(channel: Any) -> list[Any]:
        seen = []
        for metadata in ((("Upper", "x"),), (("a", "x\ny"),)):
            try:
                await stub(channel, orders.Get)({}, timeout=5, metadata=metadata)
            except grpc.aio.AioRpcError as error:
                seen.append(error.code())
        return seen

    if way == "memory":
        assert run(shop, way, ask) == [grpc.StatusCode.INTERNAL, grpc.StatusCode.INTERNAL]
        assert not shop.calls
    else:
        with pytest.raises(Exception):  # noqa: B017, PT011 -- an error of grpcio's own, which is no status
            run(shop, way, ask)


def test_a_request_that_cannot_be_serialized(shop: FakeGrpc, orders: Service) -> None:
    async def ask(channel: Any) -> Any:
        call = stub(channel, orders.Get)({"nope": 1}, timeout=5)
        return await call.code(), await call.details()

    assert run(shop, "memory", ask) == (grpc.StatusCode.INTERNAL, "Exception serializing request!")


@ways
def test_compression(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def ask(channel: Any) -> Any:
        return (await stub(channel, orders.Get)({"id": "o1"}, timeout=5, compression=grpc.Compression.Gzip)).id

    assert run(shop, way, ask) == "o1"
    assert shop.calls[0].headers["grpc-encoding"] == "gzip"


def test_how_much_time_is_left(shop: FakeGrpc, orders: Service) -> None:
    async def ask(channel: Any) -> Any:
        call = stub(channel, orders.Get)({}, timeout=50)
        before = call.time_remaining()
        await call
        return before, call.time_remaining(), stub(channel, orders.Get)({}).time_remaining()

    before, after, without = run(shop, "memory", ask)
    assert 40 < after <= before <= 50
    assert without is None


# -- interceptors that end a call themselves


class Refusing(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Answers with an error of grpcio's."""

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        metadata = grpc.aio.Metadata(("a", "b"))
        raise grpc.aio.AioRpcError(grpc.StatusCode.CANCELLED, metadata, metadata, details="not today")


class Slow(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Waits before it calls."""

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        await asyncio.sleep(30)
        return await continuation(details, request)


@ways
def test_an_interceptor_that_refuses(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def ask(channel: Any) -> Any:
        call = stub(channel, orders.Get)({}, timeout=5)
        told: list[Any] = []
        call.add_done_callback(told.append)
        seen = [await call.code(), await call.details(), list(await call.trailing_metadata())]
        seen.append(list(await call.initial_metadata()))
        call.add_done_callback(told.append)
        await asyncio.sleep(0)
        with pytest.raises(grpc.aio.AioRpcError):
            await call
        return *seen, call.done(), call.cancelled(), call.cancel(), len(told)

    code = grpc.StatusCode.CANCELLED
    pairs = [("a", "b")]
    assert run(shop, way, ask, Refusing()) == (code, "not today", pairs, pairs, True, True, False, 2)
    assert not shop.calls


@ways
def test_a_call_that_is_cancelled_before_it_is_made(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def ask(channel: Any) -> Any:
        call = stub(channel, orders.Get)({}, timeout=5)
        await asyncio.sleep(0.01)
        assert call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return await call.code(), await call.details(), await call.initial_metadata(), call.done(), call.cancelled()

    code = grpc.StatusCode.CANCELLED
    assert run(shop, way, ask, Slow()) == (code, "Locally cancelled by application!", None, True, True)
    assert not shop.calls


@ways
def test_a_call_that_an_interceptor_answers(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def ask(channel: Any) -> Any:
        call = stub(channel, orders.Get)({}, timeout=5)
        seen = await call, await call.code(), await call.details(), await call.trailing_metadata()
        await call.wait_for_connection()
        return *seen, call.done(), call.cancelled(), call.cancel()

    assert run(shop, way, ask, AioCached()) == ("cached", grpc.StatusCode.OK, "", None, True, False, False)


class AioLogging(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Asks how each call ended, and hands on the call."""

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        call = await continuation(details, request)
        assert isinstance(call, grpc.aio.UnaryUnaryCall)
        assert await call.code() is grpc.StatusCode.OK
        return call


@ways
def test_interceptors_around_one_that_answers(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def ask(channel: Any) -> Any:
        return await stub(channel, orders.Get)({}, timeout=5)

    assert run(shop, way, ask, AioLogging(), AioLogging(), AioCached()) == "cached"


class Louder(grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[misc]
    """Replaces the replies by others."""

    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        call = await continuation(details, request)

        async def replies() -> AsyncIterator[Any]:
            async for each in call:
                each.id = each.id.upper()
                yield each

        return replies()


@ways
def test_a_stream_that_an_interceptor_replaces(shop: FakeGrpc, orders: Service, way: str) -> None:
    shop.inject(latency(0.05))

    async def ask(channel: Any) -> Any:
        call = stub(channel, orders.List)({}, timeout=5)
        messages = [each.id async for each in call]
        return messages, await call.code(), call.done(), call.cancelled()

    assert run(shop, way, ask, Louder()) == (["A", "B", "C"], grpc.StatusCode.OK, True, False)


@ways
def test_writing_to_a_call_with_an_interceptor(shop: FakeGrpc, orders: Service, way: str) -> None:
    from tests.contract.grpc.test_memory_interceptors import AioStreamIn

    async def ask(channel: Any) -> Any:
        fed = stub(channel, orders.Upload)([{}], timeout=5)
        with pytest.raises(grpc.aio.UsageError):
            await fed.write({})
        assert (await fed).count == 1
        call = stub(channel, orders.Upload)(timeout=5)
        await call.write({"id": "a"})
        await call.done_writing()
        assert (await call).count == 1
        with pytest.raises(asyncio.InvalidStateError):
            await call.write({"id": "late"})
        return True

    assert run(shop, way, ask, AioStreamIn("m"))
