"""A channel without a socket in virtual time: interceptors, right and wrong, and deadlines that are exact."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations import assert_no_attempt_after_deadline
from pytest_integrations.assertions.attempts import assert_attempts
from pytest_integrations.assertions.backoff import assert_backoff
from pytest_integrations.assertions.schedules import exponential
from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.faults import hang, latency
from pytest_integrations.faults.grpc import grpc_status
from pytest_integrations.timekeeping import VirtualClock
from tests.backends.grpc.orders import PROTO, stub

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def test_a_stream_is_late_too_where_it_is_read_late(clock: VirtualClock, virtual: FakeGrpc) -> None:
    orders = virtual.service("shop.v1.Orders")
    orders.List.reply_stream([{"id": "a"}, {"id": "b"}, {"id": "c"}])
    call = stub(virtual.memory_channel(), orders.List)({}, timeout=100)
    assert next(call).id == "a"
    time.sleep(60)
    assert next(call).id == "b"
    time.sleep(60)
    with pytest.raises(grpc.RpcError):
        next(call)
    assert call.code() is grpc.StatusCode.DEADLINE_EXCEEDED

    call = stub(virtual.memory_channel(), orders.List)({}, timeout=100)
    assert [each.id for each in call] == ["a", "b", "c"]
    time.sleep(200)
    assert (call.code(), clock.now) == (grpc.StatusCode.OK, 320)


def test_waiting_for_a_result_is_virtual_too(clock: VirtualClock, virtual: FakeGrpc) -> None:
    virtual.inject(latency(50))
    future = stub(virtual.memory_channel(), virtual.service("shop.v1.Orders").Get).future({"id": "o1"}, timeout=60)
    with pytest.raises(grpc.FutureTimeoutError):
        future.result(timeout=10)
    assert (clock.now, future.running()) == (10, True)
    assert future.result().id == "o1"
    assert clock.now == 50


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
