"""Interceptors find under the memory channel what they find under a real one, right and wrong ones alike."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.faults import latency
from pytest_integrations.faults.grpc import goaway, grpc_status
from tests.backends.grpc.orders import OPTIONS, stub
from tests.contract.grpc.clients import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service

WAYS = ("wire", "memory")
ways = pytest.mark.parametrize("way", WAYS)
KINDS = ("Get", "List", "Upload", "Chat")
REQUESTS: dict[str, list[dict[str, Any]]] = {
    "Get": [{"id": "o1"}],
    "List": [{}],
    "Upload": [{"id": "a"}, {"id": "b"}],
    "Chat": [{"text": "a"}],
}
ANSWERS = {"Get": ["o1"], "List": ["a", "b", "c"], "Upload": [2], "Chat": ["A"]}


@contextmanager
def channel_of(shop: FakeGrpc, way: str) -> Iterator[Any]:
    made = grpc.insecure_channel(shop.target, options=OPTIONS) if way == "wire" else shop.memory_channel()
    with made as channel:
        yield channel


def aio_channel_of(shop: FakeGrpc, way: str, *interceptors: Any) -> Any:
    if way == "wire":
        return grpc.aio.insecure_channel(shop.target, options=OPTIONS, interceptors=interceptors)
    return shop.aio_memory_channel(interceptors)


def plain(message: Any) -> Any:
    """Return the one field that tells the answers of the tests apart."""
    return getattr(message, "id", "") or getattr(message, "text", "") or getattr(message, "count", None)


class Details(grpc.ClientCallDetails):  # type: ignore[misc]
    """What an interceptor passes on."""

    def __init__(self, details: Any, metadata: Any) -> None:
        self.method = details.method
        self.timeout = details.timeout
        self.metadata = metadata
        self.credentials = details.credentials
        self.wait_for_ready = details.wait_for_ready
        self.compression = getattr(details, "compression", None)


class Marking(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[misc]
    grpc.UnaryStreamClientInterceptor,  # type: ignore[misc]
    grpc.StreamUnaryClientInterceptor,  # type: ignore[misc]
    grpc.StreamStreamClientInterceptor,  # type: ignore[misc]
):
    """Adds metadata to calls of all kinds, and takes notes of how they end."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.seen: list[str] = []

    def _intercept(self, continuation: Any, details: Any, request: Any) -> Any:
        call = continuation(Details(details, (*(details.metadata or ()), ("x-mark", self.mark))), request)
        call.add_done_callback(lambda done: self.seen.append(done.code().name))
        return call

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = _intercept


@ways
@pytest.mark.parametrize("kind", KINDS)
def test_interceptors_of_each_kind(shop: FakeGrpc, orders: Service, way: str, kind: str) -> None:
    method = getattr(orders, kind)
    outer, inner = Marking("outer"), Marking("inner")
    with channel_of(shop, way) as channel:
        call = stub(grpc.intercept_channel(channel, outer, inner), method)
        request = iter(REQUESTS[kind]) if method.schema.wire.streams_requests else REQUESTS[kind][0]
        answer = call(request, timeout=5)
        messages = list(answer) if method.schema.wire.streams_replies else [answer]
    assert [plain(each) for each in messages] == ANSWERS[kind]
    recorded: Any = shop.calls[0]
    assert [value for name, value in recorded.metadata if name == "x-mark"] == ["outer", "inner"]
    _until_told(outer, inner)
    assert outer.seen == inner.seen == ["OK"]


def _until_told(*interceptors: Any) -> None:
    """Wait for callbacks, which come on threads of their own."""
    until(lambda: all(each.seen for each in interceptors))


@ways
@pytest.mark.parametrize("kind", ["Get", "Upload"])
def test_a_future_under_an_interceptor(shop: FakeGrpc, orders: Service, way: str, kind: str) -> None:
    method = getattr(orders, kind)
    with channel_of(shop, way) as channel:
        request = iter(REQUESTS[kind]) if method.schema.wire.streams_requests else REQUESTS[kind][0]
        future = stub(grpc.intercept_channel(channel, Marking("m")), method).future(request, timeout=5)
        assert [plain(future.result(timeout=5))] == ANSWERS[kind]
        assert (future.code(), future.done(), future.cancelled()) == (grpc.StatusCode.OK, True, False)


class AnswersItself(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Swallows errors, which is wrong: its caller takes None for an answer."""

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        call = continuation(details, request)
        return Swallowed(call) if call.code() is not grpc.StatusCode.OK else call


class Swallowed:
    def __init__(self, call: Any) -> None:
        self._call = call

    def result(self) -> None:
        return None


@ways
def test_an_interceptor_that_swallows_errors(shop: FakeGrpc, orders: Service, way: str) -> None:
    shop.inject(grpc_status("UNAVAILABLE"))
    with channel_of(shop, way) as channel:
        get = stub(grpc.intercept_channel(channel, AnswersItself()), orders.Get)
        assert get({"id": "o1"}, timeout=5) is None
        assert get({"id": "o2"}, timeout=5).id == "o2"


@pytest.mark.parametrize("times", [1, 2])
def test_a_call_that_was_not_processed_is_tried_again_by_itself(shop: FakeGrpc, orders: Service, times: int) -> None:
    seen = []
    for way in WAYS:
        shop.ledger.clear()
        shop.heal()
        shop.inject(goaway(processed=False), times=times)
        made = grpc.insecure_channel(shop.target) if way == "wire" else shop.memory_channel()
        with made as channel:
            answer = stub(channel, orders.Get).future({"id": "o1"}, timeout=5)
            code = answer.code().name
            recorded: Any = shop.calls
            seen.append((code, [(each.verdict, each.previous_attempts, each.untouched) for each in recorded]))
    assert seen[0] == seen[1]


# -- asyncio


class Marks:
    """Adds metadata."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def marked(self, details: Any) -> Any:
        details.metadata.add("x-mark", self.mark)
        return details


class AioUnary(Marks, grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self.marked(details), request)


class AioStreamOut(Marks, grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[misc]
    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self.marked(details), request)


class AioStreamIn(Marks, grpc.aio.StreamUnaryClientInterceptor):  # type: ignore[misc]
    async def intercept_stream_unary(self, continuation: Any, details: Any, requests: Any) -> Any:
        return await continuation(self.marked(details), requests)


class AioStreams(Marks, grpc.aio.StreamStreamClientInterceptor):  # type: ignore[misc]
    async def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        call = await continuation(self.marked(details), requests)

        async def loud() -> Any:
            async for message in call:
                message.text += "!"
                yield message

        return loud()


AIO: dict[str, Any] = {"Get": AioUnary, "List": AioStreamOut, "Upload": AioStreamIn, "Chat": AioStreams}


@ways
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("written", [False, True], ids=["iterator", "written"])
def test_interceptors_with_asyncio(shop: FakeGrpc, orders: Service, way: str, kind: str, *, written: bool) -> None:
    method = getattr(orders, kind)
    wire = method.schema.wire
    told: list[Any] = []

    async def each() -> Any:
        for request in REQUESTS[kind]:
            yield request

    async def run() -> list[Any]:
        async with aio_channel_of(shop, way, AIO[kind]("outer"), AIO[kind]("inner")) as channel:
            made = stub(channel, method)
            if not wire.streams_requests:
                call = made(REQUESTS[kind][0], timeout=5)
            else:
                call = made(None if written else each(), timeout=5)
            call.add_done_callback(told.append)
            if written and wire.streams_requests:
                for request in REQUESTS[kind]:
                    await call.write(request)
                await call.done_writing()
            if not wire.streams_replies:
                messages = [await call]
            elif written:
                messages = []
                while (message := await call.read()) is not grpc.aio.EOF:
                    messages.append(message)
            else:
                messages = [message async for message in call]
            assert await call.code() is grpc.StatusCode.OK
            assert (call.done(), call.cancelled(), call.cancel()) == (True, False, False)
            await asyncio.sleep(0)
            return messages

    messages = asyncio.run(run())
    expected = [f"{text}!!" for text in ANSWERS["Chat"]] if kind == "Chat" else ANSWERS[kind]
    assert [plain(each) for each in messages] == expected
    recorded: Any = shop.calls[0]
    assert [value for name, value in recorded.metadata if name == "x-mark"] == ["outer", "inner"]
    assert len(told) == 1


class AioRetry(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Tries again, twice, what is UNAVAILABLE."""

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        for _ in range(2):
            call = await continuation(details, request)
            if await call.code() is not grpc.StatusCode.UNAVAILABLE:
                return call
        return await continuation(details, request)


class AioCached(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Answers by itself."""

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return "cached"


class AioRaising(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Is broken."""

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        raise LookupError


@ways
@pytest.mark.parametrize(
    ("interceptor", "faults", "expected", "calls"),
    [
        (AioRetry(), 2, "o1", 3),
        (AioRetry(), 3, grpc.StatusCode.UNAVAILABLE, 3),
        (AioCached(), 0, "cached", 0),
        (AioRaising(), 0, LookupError, 0),
    ],
    ids=["retry", "retry in vain", "cached", "raising"],
)
def test_what_interceptors_make_of_calls(  # noqa: PLR0917 -- two fixtures and what it is asked for
    shop: FakeGrpc, orders: Service, way: str, interceptor: Any, faults: int, expected: Any, calls: int
) -> None:
    if faults:
        shop.inject(grpc_status("UNAVAILABLE"), times=faults)

    async def run() -> Any:
        async with aio_channel_of(shop, way, interceptor) as channel:
            try:
                answer = await stub(channel, orders.Get)({"id": "o1"}, timeout=5)
            except grpc.aio.AioRpcError as error:
                return error.code()
            except LookupError as error:
                return type(error)
            return answer if isinstance(answer, str) else answer.id

    assert asyncio.run(run()) == expected
    assert len(shop.calls) == calls


@ways
def test_who_is_cancelled_cancels_the_call(shop: FakeGrpc, orders: Service, way: str) -> None:
    orders.List.reply_stream([{"id": "a"}], every=60)

    async def run() -> None:
        async with aio_channel_of(shop, way) as channel:
            call = stub(channel, orders.List)({}, timeout=90)
            reading = asyncio.ensure_future(call.read())
            await asyncio.to_thread(until, lambda: shop.calls)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert (call.cancelled(), await call.code()) == (True, grpc.StatusCode.CANCELLED)
            assert await call.details() == "Locally cancelled by application!"

    asyncio.run(run())
    recorded: Any = shop.calls[0]
    until(lambda: recorded.gone is not None)
    assert (recorded.verdict, recorded.reset) == ("cancelled", "CANCEL")


@ways
def test_a_stream_that_is_written_and_read_in_turn(shop: FakeGrpc, orders: Service, way: str) -> None:
    async def run() -> list[str]:
        heard = []
        async with aio_channel_of(shop, way) as channel:
            call = stub(channel, orders.Chat)(timeout=5)
            for text in ("a", "b", "c"):
                await call.write({"text": text})
                heard.append((await call.read()).text)
            with pytest.raises(grpc.aio.UsageError):
                aiter(call)
            await call.done_writing()
            assert await call.read() is grpc.aio.EOF
            with pytest.raises(asyncio.InvalidStateError):
                await call.write({"text": "late"})
        return heard

    assert asyncio.run(run()) == ["A", "B", "C"]
    assert len(orders.Chat.requests) == 3


# -- calls that nobody has any more


@ways
def test_who_drops_a_call_cancels_it(shop: FakeGrpc, orders: Service, way: str) -> None:
    orders.List.reply_stream([{"id": "a"}, {"id": "b"}], every=0.3)
    with channel_of(shop, way) as channel:
        for row in stub(channel, orders.List)({}, timeout=60):
            assert row.id == "a"
            break
        recorded: Any = shop.calls[0]
        until(lambda: recorded.end is not None)
        assert (recorded.verdict, recorded.reset) == ("cancelled", "CANCEL")
        told: list[str] = []
        orders.Get.reply(id="o1")
        shop.heal()
        shop.inject(latency(0.1))
        stub(channel, orders.Get).future({}, timeout=5).add_done_callback(lambda call: told.append(call.code().name))
        until(lambda: told)
        assert told == ["OK"]  # who wants to be called back is
