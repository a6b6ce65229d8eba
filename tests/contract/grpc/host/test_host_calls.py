"""A real servicer behind the fake, called by real clients: what it says arrives, and what goes wrong on the way."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_status import rpc_status

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.faults.grpc import (
    break_stream,
)
from tests.backends.grpc.hosting import Threaded, generated, hosted
from tests.backends.grpc.orders import OPTIONS, error_of, stub
from tests.contract.grpc.clients import CLIENTS, Client, until
from tests.contract.grpc.test_faults import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.services import Service

pytestmark = pytest.mark.usefixtures("no_leaks", "quiet")


both_clients = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


# -- what passes


@both_clients
@pytest.mark.parametrize(
    ("method", "requests", "wanted", "kind"),
    [
        ("Get", [{"id": "o1", "qty": 3}], ["o1"], "unary"),
        ("Upload", [{"id": "a"}, {"id": "b"}], [2], "client-stream"),
        ("List", [{}], ["a", "b", "c"], "server-stream"),
        ("Chat", [{"id": "a"}, {"id": "b"}], ["hello", "A", "B"], "bidi"),
    ],
)
def test_calls_of_each_kind(  # noqa: PLR0917 -- two fixtures and what it is asked for
    shop: FakeGrpc, orders: Service, client: Client, method: str, requests: Any, wanted: Any, kind: str
) -> None:
    seen = client(shop.target, getattr(orders, method), requests)
    assert seen.code == "OK"
    assert [getattr(each, "id", None) or each.count for each in seen.messages] == wanted
    call: Any = shop.calls[0]
    assert (call.operation, call.kind, call.verdict) == (f"/hosted.v1.Orders/{method}", kind, "OK")
    assert (len(call.requests), len(call.replies)) == (len(requests), len(wanted))
    assert call.requests[0].DESCRIPTOR.full_name == "hosted.v1.Order"
    assert call.handled
    assert call.fault is None


def test_metadata_passes_both_ways(shop: FakeGrpc, orders: Service, servicer: Threaded) -> None:
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        metadata = (("request-id", "r1"), ("token-bin", b"\x00\x01,\xff"))
        _, call = stub(channel, orders.Get).with_call({"id": "o1"}, timeout=5, metadata=metadata)
        before, after = dict(call.initial_metadata()), dict(call.trailing_metadata())
    assert (before["before"], before["before-bin"]) == ("1", b"\x00\xff")
    assert (after["after"], after["after-bin"]) == ("2", b"\xff\x00")
    told = servicer.seen[0].metadata
    assert (told["request-id"], told["token-bin"]) == ("r1", b"\x00\x01,\xff")
    assert told["user-agent"].startswith("grpc-python")
    recorded: Any = shop.calls[0]
    assert recorded.headers["request-id"] == "r1"
    assert recorded.trailers == (("after", "2"), ("after-bin", b"\xff\x00"))


def test_the_servicers_own_errors_pass(shop: FakeGrpc, orders: Service) -> None:
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        get = stub(channel, orders.Get)
        with pytest.raises(grpc.RpcError) as caught:
            get({"id": "abort"}, timeout=5)
        assert (caught.value.code(), caught.value.details()) == (
            grpc.StatusCode.NOT_FOUND,
            "no such order: 50 % of Zoë",
        )
        assert dict(caught.value.trailing_metadata())["after-bin"] == b"\xff\x00"
        with pytest.raises(grpc.RpcError) as caught:
            get({"id": "rich"}, timeout=5)
        status = rpc_status.from_call(caught.value)
    assert (status.message, status.details[0].type_url) == ("again", "type.googleapis.com/google.rpc.RetryInfo")
    assert [call.verdict for call in shop.calls] == ["NOT_FOUND", "ABORTED"]
    assert [getattr(call, "details", "") for call in shop.calls] == ["no such order: 50 % of Zoë", "again"]


def test_a_servicer_that_raises_is_unknown_and_the_test_goes_on(shop: FakeGrpc, orders: Service) -> None:
    code, text = error_of(shop.target, orders.Get, {"id": "raise"})
    assert code == "UNKNOWN"
    assert "raise" in text
    shop.verify()


def test_a_servicer_that_cancels_its_call(shop: FakeGrpc) -> None:
    orders = hosted(shop, Threaded())
    assert error_of(shop.target, orders.Get, {"id": "cancel"})[0] == "CANCELLED"


@both_clients
def test_a_servicer_that_answers_before_it_has_heard_all(shop: FakeGrpc, orders: Service, client: Client) -> None:
    seen = client(shop.target, orders.Upload, [{"id": "early"}, *[{"blob": bytes(100_000)}] * 200])
    assert (seen.code, [each.count for each in seen.messages]) == ("OK", [1])


@both_clients
def test_large_messages(shop: FakeGrpc, orders: Service, client: Client) -> None:
    blob = bytes(range(256)) * 15_000
    seen = client(shop.target, orders.Get, [{"id": "o1", "blob": blob}])
    assert seen.messages[0].blob == blob
    seen = client(shop.target, orders.List, [{"blob": blob}])
    assert [each.blob == blob for each in seen.messages] == [True] * 3
    seen = client(shop.target, orders.Get, [{"blob": bytes(5_000_000)}])
    assert (seen.code, seen.text[:31]) == ("RESOURCE_EXHAUSTED", "SERVER: Received message larger")


def test_many_messages(shop: FakeGrpc, orders: Service, servicer: Threaded) -> None:
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        assert len(list(stub(channel, orders.List)({"qty": 3000}, timeout=20))) == 3000
        assert stub(channel, orders.Upload)(iter([{"id": "a"}] * 3000), timeout=20).count == 3000


def test_calls_at_the_same_time(shop: FakeGrpc, orders: Service) -> None:
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        get = stub(channel, orders.Get)
        futures = [get.future({"id": str(number)}, timeout=20) for number in range(100)]
        assert [each.result().id for each in futures] == [str(number) for number in range(100)]
    assert len(shop.connections) == 1


@pytest.mark.parametrize("ours", [None, grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_messages(shop: FakeGrpc, orders: Service, ours: Any) -> None:
    with grpc.insecure_channel(shop.target, options=OPTIONS, compression=ours) as channel:
        answer, call = stub(channel, orders.Get).with_call({"id": "gzip", "blob": bytes(100_000)}, timeout=5)
        assert answer.blob == bytes(100_000)
        assert call.code() is grpc.StatusCode.OK
    assert shop.calls[0].connection.sent < 5_000
    assert (shop.calls[0].connection.received < 5_000) == (ours is not None)


def test_the_servicer_chooses_which_messages_are_compressed(shop: FakeGrpc, orders: Service) -> None:
    seen = CLIENTS["grpcio"](shop.target, orders.List, [{"id": "gzip", "blob": bytes(100_000)}])
    assert [len(each.blob) for each in seen.messages] == [100_000] * 3
    assert 100_000 < shop.calls[0].connection.sent < 110_000  # one of them is not


def test_a_client_with_tls(servicer: Threaded) -> None:
    with FakeGrpc("shop", tls=True) as shop:
        orders = hosted(shop, servicer)
        credentials = grpc.ssl_channel_credentials(Path(shop.ca_file).read_bytes())
        with grpc.secure_channel(f"localhost:{shop.port}", credentials, options=OPTIONS) as channel:
            assert stub(channel, orders.Get)({"id": "o1"}, timeout=5).id == "o1"


# -- deadlines, and who gives up


@both_clients
def test_the_servicer_knows_the_deadline(shop: FakeGrpc, orders: Service, servicer: Threaded, client: Client) -> None:
    client(shop.target, orders.Get, [{"id": "o1"}], timeout=4)
    left = servicer.seen[0].left
    assert left is not None
    assert 3 < left <= 4.1
    call: Any = shop.calls[0]
    assert call.timeout == pytest.approx(4, abs=0.5)


def test_without_a_deadline_there_is_none(shop: FakeGrpc, orders: Service, servicer: Threaded) -> None:
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        stub(channel, orders.Get).future({"id": "o1"}).result(timeout=5)
    assert servicer.seen[0].left is None


@both_clients
def test_at_the_deadline_the_servicer_is_cancelled(
    shop: FakeGrpc, orders: Service, servicer: Threaded, client: Client
) -> None:
    assert client(shop.target, orders.Get, [{"id": "hang"}], timeout=SHORT).code == "DEADLINE_EXCEEDED"
    assert servicer.cancelled.wait(5)


def test_a_client_that_cancels(shop: FakeGrpc, orders: Service, servicer: Threaded) -> None:
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        future = stub(channel, orders.Get).future({"id": "hang"}, timeout=20)
        until(lambda: servicer.seen)
        future.cancel()
        assert servicer.cancelled.wait(5)
    call: Any = shop.calls[0]
    until(lambda: call.cancelled)
    assert call.verdict == "cancelled"


def test_a_client_that_goes(shop: FakeGrpc, orders: Service, servicer: Threaded) -> None:
    channel = grpc.insecure_channel(shop.target, options=OPTIONS)
    stream = stub(channel, orders.List)({"qty": 1_000_000, "blob": bytes(1000)}, timeout=20)
    next(stream)
    channel.close()
    assert servicer.cancelled.wait(5)


def test_a_call_that_a_fault_ends_is_cancelled(shop: FakeGrpc, orders: Service, servicer: Threaded) -> None:
    orders.List.inject(break_stream(after=2))
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel, pytest.raises(grpc.RpcError):
        list(stub(channel, orders.List)({"qty": 1_000_000, "blob": bytes(1000)}, timeout=20))
    assert servicer.cancelled.wait(5)


# -- nobody is read faster than the other takes it


def test_a_client_that_does_not_read_holds_the_servicer_back(
    shop: FakeGrpc, orders: Service, servicer: Threaded
) -> None:
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        stream = stub(channel, orders.List)({"qty": 2000, "blob": bytes(20_000)}, timeout=60)
        next(stream)
        until(lambda: _is_still(lambda: servicer.yielded))
        assert servicer.yielded < 1000  # of 40 MB in all
        assert sum(1 for _ in stream) == 1999  # and goes on when it does
    call: Any = shop.calls[0]
    assert call.verdict == "OK"


def test_a_servicer_that_does_not_read_holds_the_client_back(
    shop: FakeGrpc, orders: Service, servicer: Threaded
) -> None:
    given = 0

    def requests() -> Iterator[dict[str, Any]]:
        nonlocal given
        for number in range(2000):
            given += 1
            yield {"id": "" if number else "wait", "blob": bytes(20_000)}

    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        future = stub(channel, orders.Upload).future(requests(), timeout=60)
        until(lambda: given > 10 and _is_still(lambda: given))
        assert given < 1000
        servicer.go_on.set()
        assert future.result().count == 2000


def _is_still(number: Any) -> bool:
    before = number()
    threading.Event().wait(0.2)
    return bool(number() == before)


# -- what a test says itself


def test_what_is_scripted_comes_before_the_servicer(shop: FakeGrpc, orders: Service, servicer: Threaded) -> None:
    sync = CLIENTS["grpcio"]
    orders.Get.when(id="o9").reply(id="scripted")
    assert sync(shop.target, orders.Get, [{"id": "o9"}]).messages[0].id == "scripted"
    assert sync(shop.target, orders.Get, [{"id": "o1"}]).messages[0].id == "o1"
    orders.Get.reply(id="all")
    assert sync(shop.target, orders.Get, [{"id": "o1"}]).messages[0].id == "all"
    orders.Chat.when(id="o9").reply(id="scripted")
    assert [each.id for each in sync(shop.target, orders.Chat, [{"id": "o9"}]).messages] == ["scripted"]
    assert [each.id for each in sync(shop.target, orders.Chat, [{"id": "o1"}]).messages] == ["hello", "O1"]
    assert [seen.method for seen in servicer.seen] == ["Get", "Chat"]


def test_what_a_servicer_does_not_have_is_its_own_affair(shop: FakeGrpc) -> None:
    class Partly(generated()[1].OrdersServicer):  # type: ignore[misc]  # it is made at run time
        def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
            return request

    orders = hosted(shop, Partly())
    assert error_of(shop.target, orders.List)[0] == "UNIMPLEMENTED"
    assert shop.calls[0].verdict == "UNIMPLEMENTED"
    shop.verify()


# -- the server


def test_a_server_that_leaves_is_connected_to_again(shop: FakeGrpc, servicer: Threaded) -> None:
    orders = hosted(shop, servicer, options=[("grpc.max_connection_age_ms", 100)])
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        get = stub(channel, orders.Get)
        for number in range(60):
            assert get({"id": str(number)}, timeout=5).id == str(number)
            threading.Event().wait(0.01)
    assert len(shop.connections) == 1  # which is the client's affair


def test_a_server_that_takes_one_call_at_a_time(shop: FakeGrpc, servicer: Threaded) -> None:
    orders = hosted(shop, servicer, options=[("grpc.max_concurrent_streams", 1)])
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        get = stub(channel, orders.Get)
        get({"id": "o1"}, timeout=5)  # by which the server has said so
        first = get.future({"id": "hang"}, timeout=20)
        until(lambda: len(servicer.seen) == 2)
        with pytest.raises(grpc.RpcError) as caught:
            get({"id": "o2"}, timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        first.cancel()


def test_interceptors_of_the_server(shop: FakeGrpc) -> None:
    methods = []

    class Noting(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
        def intercept_service(self, continuation: Any, details: Any) -> Any:
            methods.append(details.method)
            return continuation(details)

    orders = hosted(shop, Threaded(), interceptors=[Noting()])
    assert CLIENTS["grpcio"](shop.target, orders.Get).code == "OK"
    assert methods == ["/hosted.v1.Orders/Get"]


def test_one_hosted_later_takes_over(shop: FakeGrpc, servicer: Threaded) -> None:
    hosted(shop, Threaded())
    later = hosted(shop, servicer)
    assert CLIENTS["grpcio"](shop.target, later.Get).code == "OK"
    assert len(servicer.seen) == 1


def test_without_a_socket_on_the_clients_side(shop: FakeGrpc, orders: Service, servicer: Threaded) -> None:
    with shop.memory_channel() as channel:
        assert stub(channel, orders.Get)({"id": "o1"}, timeout=5).id == "o1"
        assert stub(channel, orders.Upload)(iter([{"id": "a"}, {"id": "b"}]), timeout=5).count == 2
        assert [each.id for each in stub(channel, orders.List)({}, timeout=5)] == ["a", "b", "c"]
        assert [each.id for each in stub(channel, orders.Chat)(iter([{"id": "a"}]), timeout=5)] == ["hello", "A"]
        future = stub(channel, orders.Get).future({"id": "hang"}, timeout=20)
        until(lambda: len(servicer.seen) == 5)
        future.cancel()
        assert servicer.cancelled.wait(5)
