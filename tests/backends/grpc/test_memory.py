"""What is peculiar to a channel without a socket: what it can do, its life, what it refuses."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.core.errors import CannotPerform, FakeStopped, ScriptingError
from pytest_integrations.faults import connection_refused, hang, reset_on_accept
from pytest_integrations.faults.grpc import grpc_status, no_ping_ack, window_stall
from tests.backends.grpc.orders import PROTO, stub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.services import Service
    from pytest_integrations.core.fault import Fault


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
        assert future.traceback() is not None
        with pytest.raises(grpc.RpcError) as caught:
            future.result()
        assert caught.value is future
        assert 'status = StatusCode.ABORTED\n\tdetails = "no"\n' in str(future)  # as grpcio has it


def test_callbacks_come_one_after_the_other(shop: FakeGrpc, orders: Service, caplog: pytest.LogCaptureFixture) -> None:
    shop.inject(hang())
    told: list[int] = []
    done = threading.Event()

    def slow(_: Any) -> None:
        time.sleep(0.05)
        told.append(1)

    def broken(_: Any) -> None:
        raise LookupError(2)

    with shop.memory_channel() as channel:
        future = stub(channel, orders.Get).future({"id": "o1"}, timeout=5)
        for callback in (slow, broken, lambda _: told.append(3), lambda _: done.set()):
            future.add_done_callback(callback)
        future.cancel()
        assert done.wait(5)
    assert told == [1, 3]
    assert "LookupError: 2" in caplog.text


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
        with pytest.raises(grpc.FutureCancelledError):
            future.exception()
        assert done.wait(5)
        call: Any = shop.calls[0]
        assert (call.verdict, call.reset) == ("cancelled", "CANCEL")


def test_a_deadline_that_has_passed_already(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply(id="o1")
    with shop.memory_channel() as channel, pytest.raises(grpc.RpcError) as caught:
        stub(channel, orders.Get)({}, timeout=-1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert not shop.calls


def test_a_stream_as_a_future(shop: FakeGrpc, orders: Service) -> None:
    orders.List.reply_stream([{"id": "a"}], every=0.05)
    with shop.memory_channel() as channel:
        call = stub(channel, orders.List)({}, timeout=5)
        assert "that goes on" in str(call)
        assert [row.id for row in call] == ["a"]
        assert call.result() is call
        assert (call.exception(), call.debug_error_string()) == (None, "")


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


def test_a_profile_does_to_calls_what_it_can(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply(id="o1")
    shop.inject_from("flaky", (reset_on_accept(),), {})
    shop.inject_from("flaky", (grpc_status("UNAVAILABLE"),), {})
    with shop.memory_channel() as channel:
        get = stub(channel, orders.Get)
        with pytest.raises(grpc.RpcError) as caught:
            get({}, timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert get({}, timeout=5).id == "o1"


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
