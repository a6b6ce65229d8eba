"""What is peculiar to a channel without a socket: its life, virtual time, what it refuses."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations import assert_no_attempt_after_deadline
from pytest_integrations.assertions.attempts import assert_attempts
from pytest_integrations.assertions.backoff import assert_backoff
from pytest_integrations.assertions.schedules import exponential
from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.core.errors import CannotPerform, FakeStopped, ScriptingError
from pytest_integrations.faults import connection_refused, hang, latency, reset_on_accept
from pytest_integrations.faults.grpc import grpc_status, no_ping_ack, window_stall
from pytest_integrations.timekeeping import VirtualClock
from tests.backends.grpc.orders import PROTO, stub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.services import Service
    from pytest_integrations.core.fault import Fault


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    with VirtualClock() as clock:
        yield clock


@pytest.fixture
def virtual(clock: VirtualClock) -> Iterator[FakeGrpc]:
    with FakeGrpc("shop") as fake:
        fake.load(PROTO)
        fake.service("shop.v1.Orders").Get.reply(id="o1")
        yield fake


# -- interceptors in virtual time


class Retry(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Waits 1, 2, 4 s between attempts, and keeps to the deadline that it was given."""

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        pause = 1.0
        end = None if details.timeout is None else time.monotonic() + details.timeout
        while True:
            call = continuation(self.with_the_rest(details, end), request)
            if call.code() is not grpc.StatusCode.UNAVAILABLE or self.is_late(end, pause):
                return call
            time.sleep(pause)
            pause *= 2

    def with_the_rest(self, details: Any, end: float | None) -> Any:
        return details if end is None else details._replace(timeout=end - time.monotonic())

    def is_late(self, end: float | None, pause: float) -> bool:
        return end is not None and time.monotonic() + pause >= end


class Hasty(Retry):
    """Gives each attempt the whole timeout, and knows no end: wrong."""

    def with_the_rest(self, details: Any, end: float | None) -> Any:
        return details

    def is_late(self, end: float | None, pause: float) -> bool:
        return pause > 16


def test_a_retry_of_seven_seconds(clock: VirtualClock, virtual: FakeGrpc) -> None:
    virtual.inject(grpc_status("UNAVAILABLE"), times=3)
    get = stub(grpc.intercept_channel(virtual.memory_channel(), Retry()), virtual.service("shop.v1.Orders").Get)
    assert get({"id": "o1"}, timeout=60).id == "o1"
    assert clock.now == 7
    assert_attempts(virtual.calls, exactly=4)
    assert_backoff(virtual.calls, exponential(base=1.0, factor=2))
    recorded: Any = virtual.calls
    assert [call.timeout for call in recorded] == pytest.approx([60, 59, 57, 53], abs=0.001)  # readings have hairs
    assert [call.started for call in recorded] == [0, 1, 3, 7]


@pytest.mark.parametrize(("interceptor", "is_right"), [(Retry(), True), (Hasty(), False)], ids=["right", "wrong"])
def test_an_interceptor_that_does_not_keep_to_the_deadline_is_found(
    virtual: FakeGrpc, interceptor: Retry, *, is_right: bool
) -> None:
    virtual.inject(grpc_status("UNAVAILABLE"), every=1)
    get = stub(grpc.intercept_channel(virtual.memory_channel(), interceptor), virtual.service("shop.v1.Orders").Get)
    with pytest.raises(grpc.RpcError), virtual.logical_call():
        get({"id": "o1"}, timeout=5)
    if is_right:
        assert_no_attempt_after_deadline(virtual.calls)
    else:
        with pytest.raises(AssertionError):
            assert_no_attempt_after_deadline(virtual.calls)


@pytest.mark.parametrize("fault", [hang(), latency(60)], ids=repr)
def test_a_deadline_is_exact(clock: VirtualClock, virtual: FakeGrpc, fault: Fault) -> None:
    virtual.inject(fault)
    get = stub(virtual.memory_channel(), virtual.service("shop.v1.Orders").Get)
    with pytest.raises(grpc.RpcError) as caught:
        get({"id": "o1"}, timeout=30)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
    assert clock.now == 30
    call: Any = virtual.calls[0]
    assert (call.verdict, call.gone, call.deadline, call.timeout, call.reset) == ("cancelled", 30, 30, 30, "CANCEL")
    assert get({"id": "o1"}, timeout=30).id == "o1"
    assert clock.now == 30


def test_deadlines_and_backoff_with_asyncio(clock: VirtualClock, virtual: FakeGrpc) -> None:
    orders = virtual.service("shop.v1.Orders")
    virtual.inject(grpc_status("UNAVAILABLE"), grpc_status("UNAVAILABLE"), hang())

    async def run() -> list[Any]:
        codes = []
        async with virtual.aio_memory_channel() as channel:
            for pause in (1, 2, 0):
                call = stub(channel, orders.Get)({"id": "o1"}, timeout=20)
                assert call.time_remaining() == 20
                codes.append((await call.code()).name)
                await asyncio.sleep(pause)
        return codes

    assert asyncio.run(run()) == ["UNAVAILABLE", "UNAVAILABLE", "DEADLINE_EXCEEDED"]
    assert [call.started for call in virtual.calls] == [0, 1, 3]
    assert clock.now == 23


def test_a_stream_has_its_pauses_in_virtual_time(clock: VirtualClock, virtual: FakeGrpc) -> None:
    orders = virtual.service("shop.v1.Orders")
    orders.List.reply_stream([{"id": str(number)} for number in range(3)], every=60)
    heard = [clock.now for _ in stub(virtual.memory_channel(), orders.List)({}, timeout=3600)]
    assert heard == [60, 120, 180]


def test_the_deadline_of_a_stream_comes_in_the_middle(clock: VirtualClock, virtual: FakeGrpc) -> None:
    orders = virtual.service("shop.v1.Orders")
    orders.List.reply_stream([{"id": str(number)} for number in range(3)], every=60)
    call = stub(virtual.memory_channel(), orders.List)({}, timeout=100)
    assert [next(call).id, clock.now] == ["0", 60]
    assert call.time_remaining() == 40
    with pytest.raises(grpc.RpcError):
        next(call)
    assert (call.code(), clock.now) == (grpc.StatusCode.DEADLINE_EXCEEDED, 100)


def test_waiting_for_a_result_is_virtual_too(clock: VirtualClock, virtual: FakeGrpc) -> None:
    virtual.inject(latency(50))
    future = stub(virtual.memory_channel(), virtual.service("shop.v1.Orders").Get).future({"id": "o1"}, timeout=60)
    with pytest.raises(grpc.FutureTimeoutError):
        future.result(timeout=10)
    assert (clock.now, future.running()) == (10, True)
    assert future.result().id == "o1"
    assert clock.now == 50


# -- what grpcio's channels can do


def test_futures(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply(lambda request: {"id": request.id})
    told: list[Any] = []
    with shop.memory_channel() as channel:
        future = stub(channel, orders.Get).future({"id": "o1"}, timeout=5)
        assert future.result(timeout=5).id == "o1"
        assert (future.exception(), future.traceback(), future.done(), future.running()) == (None, None, True, False)
        assert (future.cancel(), future.cancelled(), future.is_active()) == (False, False, False)
        future.add_done_callback(told.append)
        assert told == [future]
        assert not future.add_callback(lambda: None)
    failing = orders.Create
    failing.fail("ABORTED", "no")
    with shop.memory_channel() as channel:
        future = stub(channel, failing).future({}, timeout=5)
        assert future.exception() is future
        with pytest.raises(grpc.RpcError) as caught:
            future.result()
        assert caught.value is future
        assert future.traceback() is not None
        assert "StatusCode.ABORTED" in str(future)


def test_a_call_is_cancelled(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply(id="o1")
    shop.inject(hang())
    done = threading.Event()
    with shop.memory_channel() as channel:
        future = stub(channel, orders.Get).future({"id": "o1"}, timeout=5)
        future.add_done_callback(lambda _: done.set())
        while not shop.calls:
            pass
        assert future.cancel()
        assert (future.cancelled(), future.done(), future.code()) == (True, True, grpc.StatusCode.CANCELLED)
        with pytest.raises(grpc.FutureCancelledError):
            future.result()
        assert done.wait(5)
        call: Any = shop.calls[0]
        assert (call.verdict, call.reset) == ("cancelled", "CANCEL")


def test_a_channel_is_ready(shop: FakeGrpc) -> None:
    with shop.memory_channel() as channel:
        grpc.channel_ready_future(channel).result(timeout=5)
        seen: list[Any] = []
        there = threading.Event()
        channel.subscribe(lambda state: (seen.append(state), there.set()), try_to_connect=True)
        assert there.wait(5)
        assert seen == [grpc.ChannelConnectivity.READY]

    async def ready() -> None:
        channel = shop.aio_memory_channel()
        await channel.channel_ready()
        assert channel.get_state() is grpc.ChannelConnectivity.READY
        waiting = asyncio.ensure_future(channel.wait_for_state_change(grpc.ChannelConnectivity.READY))
        await asyncio.sleep(0)
        await channel.close()
        await waiting
        assert channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN

    asyncio.run(ready())


def test_options_of_a_call(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply(lambda request: {"id": request.id})
    with shop.memory_channel() as channel:
        get = stub(channel, orders.Get)
        answer = get({"id": "o1"}, timeout=5, wait_for_ready=True, compression=grpc.Compression.Gzip)
        assert answer.id == "o1"
    call: Any = shop.calls[0]
    assert call.headers["grpc-encoding"] == "gzip"
    assert call.request.id == "o1"


def test_generated_code_says_that_a_method_is_registered(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply(id="o1")
    with shop.memory_channel() as channel:
        get = channel.unary_unary("/shop.v1.Orders/Get", _registered_method=True)
        assert get(b"", timeout=5) == b"\n\x02o1"


def test_a_conversation(shop: FakeGrpc, orders: Service) -> None:
    orders.Chat.reply(lambda note: {"text": note.text.upper()})
    turn = threading.Semaphore(1)

    def notes() -> Iterator[dict[str, str]]:
        for text in "abc":
            assert turn.acquire(timeout=5)
            yield {"text": text}

    with shop.memory_channel() as channel:
        heard = []
        for reply in stub(channel, orders.Chat)(notes(), timeout=5):
            heard.append(reply.text)
            turn.release()
    assert heard == ["A", "B", "C"]


def test_requests_that_fail_to_come(shop: FakeGrpc, orders: Service) -> None:
    orders.Upload.reply(count=1)

    def broken() -> Iterator[dict[str, str]]:
        yield {"id": "a"}
        raise LookupError

    with shop.memory_channel() as channel:
        for requests, code, text in (
            (broken(), "UNKNOWN", "Exception iterating requests!"),
            (iter([{"nope": 1}]), "INTERNAL", "Exception serializing request!"),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                stub(channel, orders.Upload)(requests, timeout=5)
            assert (caught.value.code().name, caught.value.details()) == (code, text)
        with pytest.raises(grpc.RpcError) as caught:
            stub(channel, orders.Get)({"nope": 1}, timeout=5)
        assert caught.value.code() is grpc.StatusCode.INTERNAL


@pytest.mark.parametrize("metadata", [[("Upper", "x")], [("a", "é")], [("a", "x\ny")]])
def test_metadata_that_cannot_be_sent(shop: FakeGrpc, orders: Service, metadata: Any) -> None:
    with shop.memory_channel() as channel, pytest.raises(grpc.RpcError) as caught:
        stub(channel, orders.Get)({}, timeout=5, metadata=metadata)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.INTERNAL, "Invalid metadata")
    assert not shop.calls


def test_a_generator_waits_for_a_client_that_does_not_read(shop: FakeGrpc, orders: Service) -> None:
    made = []

    def rows(_request: Any) -> Iterator[dict[str, Any]]:
        for number in range(100):
            made.append(number)
            yield {"id": str(number), "blob": bytes(64 * 1024)}

    orders.List.reply(rows)
    with shop.memory_channel() as channel:
        call = stub(channel, orders.List)({}, timeout=5)
        assert next(call).id == "0"
        shop.ledger.settle()
        time.sleep(0.05)
        assert len(made) < 20
        assert [row.id for row in call][-1] == "99"
    assert len(made) == 100


def test_a_call_that_nothing_answers_fails_the_test(shop: FakeGrpc, orders: Service) -> None:
    with shop.memory_channel() as channel, pytest.raises(grpc.RpcError) as caught:
        stub(channel, orders.Get)({}, timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "nothing was said" in shop.ledger.untold()[0].text


# -- its life


@pytest.mark.usefixtures("no_leaks")
def test_nothing_is_left() -> None:
    with FakeGrpc("shop") as shop:
        orders: Any = shop.load(PROTO)
        orders = shop.service("shop.v1.Orders")
        orders.List.reply_stream([{"id": "a"}], every=60)
        channel = shop.memory_channel()
        call = stub(channel, orders.List)({}, timeout=90)
        while not shop.calls:
            pass
    assert call.code() is grpc.StatusCode.UNAVAILABLE
    assert shop.connections[0].closed_by == "fake"
    with pytest.raises(grpc.RpcError) as caught:
        stub(channel, orders.Get)({}, timeout=5)
    assert (caught.value.code(), "stopped" in caught.value.details()) == (grpc.StatusCode.UNAVAILABLE, True)
    with pytest.raises(FakeStopped):
        shop.memory_channel()


def test_a_closed_channel(shop: FakeGrpc, orders: Service) -> None:
    shop.inject(hang())
    channel = shop.memory_channel()
    call = stub(channel, orders.Get).future({}, timeout=60)
    while not shop.calls:
        pass
    channel.close()
    channel.close()
    assert (call.code(), call.details()) == (grpc.StatusCode.CANCELLED, "Channel closed!")
    assert shop.calls[0].connection.closed_by == "client"
    with pytest.raises(ValueError, match="closed channel"):
        stub(channel, orders.Get)({}, timeout=5)

    async def closed() -> None:
        channel = shop.aio_memory_channel()
        await channel.close()
        with pytest.raises(grpc.aio.UsageError, match="closed"):
            stub(channel, orders.Get)({}, timeout=5)

    asyncio.run(closed())


def test_an_asyncio_channel_gives_its_calls_time(clock: VirtualClock, virtual: FakeGrpc) -> None:
    orders = virtual.service("shop.v1.Orders")
    virtual.inject(latency(5), latency(50))

    async def run() -> list[Any]:
        channel = virtual.aio_memory_channel()
        calls = [stub(channel, orders.Get)({"id": "o1"}, timeout=90) for _ in range(2)]
        await channel.close(grace=10)
        return [(await call.code()).name for call in calls]

    assert asyncio.run(run()) == ["OK", "CANCELLED"]
    assert clock.now == 10


# -- what it refuses

SOCKETS: list[Fault] = [reset_on_accept(), connection_refused(), no_ping_ack(), window_stall()]


@pytest.mark.parametrize("fault", SOCKETS, ids=repr)
def test_faults_that_need_a_socket(shop: FakeGrpc, fault: Fault) -> None:
    channel = shop.memory_channel()
    with pytest.raises(CannotPerform, match=r"has a memory channel.*grpc_status, latency"):
        shop.inject(fault)
    assert not shop.script.rules
    channel.close()


@pytest.mark.parametrize("fault", SOCKETS, ids=repr)
def test_faults_that_need_a_socket_and_were_there_before(shop: FakeGrpc, fault: Fault) -> None:
    rule = shop.inject(fault, after=60) if fault == connection_refused() else shop.inject(fault)
    with pytest.raises(CannotPerform, match="has a memory channel"):
        shop.memory_channel()
    shop.heal(rule)
    shop.memory_channel().close()


def test_credentials_need_a_secure_channel(shop: FakeGrpc, orders: Service) -> None:
    credentials = grpc.access_token_call_credentials("secret")
    with shop.memory_channel() as channel, pytest.raises(ScriptingError, match=r"no secure channel.*tls=True"):
        stub(channel, orders.Get)({}, timeout=5, credentials=credentials)

    async def run() -> None:
        async with shop.aio_memory_channel() as channel:
            stub(channel, orders.Get)({}, timeout=5, credentials=credentials)

    with pytest.raises(ScriptingError, match="no secure channel"):
        asyncio.run(run())


def test_what_is_no_interceptor(shop: FakeGrpc) -> None:
    with pytest.raises(ValueError, match=r"no interceptor of grpc\.aio"):
        shop.aio_memory_channel([object()])
