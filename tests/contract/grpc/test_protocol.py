"""What else a channel may ask of a server: compression, TLS, cancelling, many calls at a time, waiting for it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.grpc_message import Uncompressed
from pytest_integrations.faults import connection_refused, hang, latency
from tests.backends.grpc.orders import OPTIONS, PROTO, stub
from tests.contract.grpc.clients import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.services import Service


@pytest.fixture
def get(shop: FakeGrpc, orders: Service) -> Iterator[Any]:
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        yield stub(channel, orders.Get)


# -- compression


@pytest.mark.parametrize("replies", ["identity", "gzip", "deflate"])
@pytest.mark.parametrize("requests", [grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compression_both_ways(requests: Any, replies: str) -> None:
    with FakeGrpc(compression=replies) as fake:
        fake.load(PROTO)
        create = fake.service("shop.v1.Orders").Create
        create.reply(lambda order: {"blob": order.blob})
        with grpc.insecure_channel(fake.target, options=OPTIONS, compression=requests) as channel:
            answer, done = stub(channel, create).with_call({"blob": bytes(100_000)}, timeout=5)
        assert answer.blob == bytes(100_000)
        assert create.requests[0].blob == bytes(100_000)
        call: Any = fake.calls[0]
        encoding = "identity" if requests is grpc.Compression.NoCompression else requests.name.lower()
        assert call.headers.get("grpc-encoding", "identity") == encoding
        small = fake.connections[0].received < 10_000, fake.connections[0].sent < 10_000
        assert small == (requests is not grpc.Compression.NoCompression, replies != "identity")
        assert done.code() is grpc.StatusCode.OK


@pytest.mark.parametrize("is_plain", [False, True])
def test_compression_message_by_message(is_plain: bool) -> None:  # noqa: FBT001
    """Each is as it is chosen, on either side; the bytes on the wire tell."""
    with FakeGrpc(compression="gzip") as fake:
        fake.load(PROTO)
        create = fake.service("shop.v1.Orders").Create
        reply = create.schema.reply(blob=bytes(50_000)).SerializeToString()
        create.reply(Uncompressed(reply) if is_plain else reply)
        with grpc.insecure_channel(fake.target, options=OPTIONS) as channel:
            calls = [
                stub(channel, create)({"blob": bytes(1000)}, timeout=5, compression=how).blob
                for how in (grpc.Compression.Gzip, grpc.Compression.NoCompression)
            ]
        assert calls == [bytes(50_000)] * 2
        assert [call.compressed for call in fake.calls] == [[True], [False]]  # type: ignore[attr-defined]
        assert (fake.connections[0].sent > 100_000) == is_plain


def test_a_compression_that_is_none() -> None:
    with pytest.raises(ScriptingError, match=r"compression='zstd' is unknown: valid are 'identity', 'deflate', 'gzip'"):
        FakeGrpc(compression="zstd")


# -- TLS


def test_tls_by_alpn() -> None:
    pytest.importorskip("trustme")
    with FakeGrpc(tls=True) as fake:
        fake.load(PROTO)
        method = fake.service("shop.v1.Orders").Get
        method.reply(id="o1")
        with open(fake.ca_file, "rb") as file:  # noqa: PTH123 -- as people write it
            credentials = grpc.ssl_channel_credentials(file.read())
        with grpc.secure_channel(fake.target, credentials, options=OPTIONS) as channel:
            assert stub(channel, method)({}, timeout=5).id == "o1"
        assert fake.url == f"https://{fake.target}"
        assert fake.connections[0].tls


# -- cancelling, and calls at a time


def test_a_call_that_is_cancelled(shop: FakeGrpc, orders: Service, get: Any) -> None:
    shop.inject(hang())
    future = get.future({"id": "o1"}, timeout=5)
    until(lambda: shop.ledger.latest)
    future.cancel()
    with pytest.raises(grpc.FutureCancelledError):
        future.result(timeout=5)
    get({"id": "o2"}, timeout=5)  # on the same connection: the RST_STREAM came before it
    call: Any = shop.calls[0]
    assert (call.verdict, call.cancelled, call.reset, call.outcome) == ("cancelled", True, "CANCEL", "hung")


def test_a_stream_that_is_cancelled_in_the_middle(shop: FakeGrpc, orders: Service) -> None:
    orders.List.reply_stream([{"id": str(number)} for number in range(100)], every=0.01)
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        stream = stub(channel, orders.List)({}, timeout=5)
        assert [next(stream).id for _ in range(3)] == ["0", "1", "2"]
        stream.cancel()
        stub(channel, orders.Get)({}, timeout=5)
    call: Any = orders.List.calls[0]
    assert (call.verdict, call.outcome) == ("cancelled", "abandoned")
    assert 3 <= len(call.replies) < 100


def test_calls_that_hang_hold_nobody_up(shop: FakeGrpc, orders: Service, get: Any) -> None:
    shop.inject(hang(), times=40)
    hanging = [get.future({}, timeout=5) for _ in range(40)]
    until(lambda: shop.ledger.latest == 40)
    assert get({"id": "o1"}, timeout=5).id == "o1"
    for each in hanging:
        each.cancel()
    assert len(shop.connections) == 1
    assert sum(thread.name.startswith("integrations-io") for thread in threading.enumerate()) == 1


def test_many_calls_at_a_time(shop: FakeGrpc, orders: Service) -> None:
    async def ask() -> list[str]:
        async with grpc.aio.insecure_channel(shop.target, options=OPTIONS) as channel:
            get = stub(channel, orders.Get)
            answers = await asyncio.gather(*(get({"id": str(number)}, timeout=10) for number in range(300)))
            return [answer.id for answer in answers]

    shop.inject(latency(0.02), every=3)
    assert asyncio.run(ask()) == [str(number) for number in range(300)]
    assert len(shop.calls) == 300


def test_thirty_large_messages_at_a_time(shop: FakeGrpc, orders: Service) -> None:
    async def ask() -> list[int]:
        async with grpc.aio.insecure_channel(shop.target, options=OPTIONS) as channel:
            create = stub(channel, orders.Create)
            sizes = [100_000 * number for number in range(30)]
            answers = await asyncio.gather(*(create({"blob": bytes(size)}, timeout=20) for size in sizes))
            return [len(answer.blob) for answer in answers]

    orders.Create.reply(lambda order: {"blob": order.blob})
    assert asyncio.run(ask()) == [100_000 * number for number in range(30)]


# -- waiting for the server


def test_wait_for_ready(shop: FakeGrpc, orders: Service, get: Any) -> None:
    with shop.injected(connection_refused()):
        future = get.future({"id": "o1"}, timeout=5, wait_for_ready=True)
        with pytest.raises(grpc.FutureTimeoutError):
            future.result(timeout=0.1)
    assert future.result(timeout=5).id == "o1"


def test_a_stub_made_by_the_compiler(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    protoc = pytest.importorskip("grpc_tools.protoc")
    message, service = "message Item { string id = 1; }", "service Items { rpc Get(Item) returns (Item); }"
    (tmp_path / "generated_shop.proto").write_text(f'syntax = "proto3"; package gen; {message} {service}')
    told = ["protoc", f"-I{tmp_path}", f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}"]
    assert protoc.main([*told, str(tmp_path / "generated_shop.proto")]) == 0
    monkeypatch.syspath_prepend(tmp_path)
    import generated_shop_pb2 as pb2  # type: ignore[import-not-found]
    import generated_shop_pb2_grpc as pb2_grpc  # type: ignore[import-not-found]

    with FakeGrpc() as fake:
        added, loaded = fake.add(pb2), fake.load(tmp_path / "generated_shop.proto")
        assert loaded.Get is added.Get  # one schema, whichever way it came
        assert added.Get.schema.reply is pb2.Item
        added.Get.reply(pb2.Item(id="i1"))
        with grpc.insecure_channel(fake.target, options=OPTIONS) as channel:
            assert pb2_grpc.ItemsStub(channel).Get(pb2.Item(id="x"), timeout=5) == pb2.Item(id="i1")
        assert added.Get.requests == [pb2.Item(id="x")]
