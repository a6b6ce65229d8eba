"""Every kind of call, by every client, and what the ledger has of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.grpc.clients import CLIENTS, Client

if TYPE_CHECKING:
    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service

pytestmark = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


def test_unary(shop: FakeGrpc, orders: Service, client: Client) -> None:
    seen = client(shop.target, orders.Get, [{"id": "o1"}])
    assert seen.code == "OK"
    assert [(each.id, each.qty) for each in seen.messages] == [("o1", 2)]
    _is_recorded(shop, "unary", 1, 1)


def test_client_stream(shop: FakeGrpc, orders: Service, client: Client) -> None:
    seen = client(shop.target, orders.Upload, [{"id": "a"}, {"id": "b"}, {"id": "c"}])
    assert [each.count for each in seen.messages] == [3]
    _is_recorded(shop, "client-stream", 3, 1)


def test_server_stream(shop: FakeGrpc, orders: Service, client: Client) -> None:
    seen = client(shop.target, orders.List)
    assert [each.id for each in seen.messages] == ["a", "b", "c"]
    _is_recorded(shop, "server-stream", 1, 3)


def test_bidi(shop: FakeGrpc, orders: Service, client: Client) -> None:
    seen = client(shop.target, orders.Chat, [{"text": "a"}, {"text": "b"}])
    assert [each.text for each in seen.messages] == ["A", "B"]
    _is_recorded(shop, "bidi", 2, 2)


def test_many_streams_of_many_messages(shop: FakeGrpc, orders: Service, client: Client) -> None:
    orders.List.reply(lambda _request: ({"qty": number} for number in range(1000)))
    seen = client(shop.target, orders.List)
    assert [each.qty for each in seen.messages] == list(range(1000))
    seen = client(shop.target, orders.Upload, [{"qty": number} for number in range(1000)])
    assert seen.messages[0].count == 1000


def test_large_messages_both_ways(shop: FakeGrpc, orders: Service, client: Client) -> None:
    size = 3 * 1024 * 1024 + 511
    orders.Create.reply(lambda order: {"blob": order.blob[::-1]})
    blob = bytes(range(256)) * (size // 256)
    seen = client(shop.target, orders.Create, [{"blob": blob}])
    assert seen.code == "OK"
    assert seen.messages[0].blob == blob[::-1]
    assert orders.Create.requests[0].blob == blob


def test_a_message_that_is_too_large_for_the_server(shop: FakeGrpc, orders: Service, client: Client) -> None:
    orders.Create.reply()
    seen = client(
        shop.target,
        orders.Create,
        [{"blob": bytes(5 * 1024 * 1024)}],
        options=[("grpc.max_send_message_length", -1)],
    )
    assert seen.code == "RESOURCE_EXHAUSTED"
    assert "larger than max" in seen.text
    assert shop.calls[0].code == "RESOURCE_EXHAUSTED"


def _is_recorded(shop: FakeGrpc, kind: str, requests: int, replies: int) -> None:
    call: Any
    (call,) = shop.calls
    assert (call.kind, call.verdict, call.outcome, call.failed) == (kind, "OK", "answered", False)
    assert (len(call.requests), len(call.replies)) == (requests, replies)
    assert call.timeout == pytest.approx(5, abs=2)
    assert call.deadline == pytest.approx(call.started + 5, abs=2)
    assert (call.previous_attempts, call.cancelled, call.reset) == (0, False, "")
    assert call.started <= call.first_byte <= call.ended
