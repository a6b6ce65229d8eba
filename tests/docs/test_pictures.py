"""The pictures of the pages are drawn by runs in virtual time: the same run, the same bytes.

A page shows `docs/pictures/NAME.svg`. `UPDATE_PICTURES=1 pytest tests/docs/test_pictures.py` draws them anew.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import requests

from examples.api_gateway import naive as naive_gateway
from examples.api_gateway import resilient as resilient_gateway
from examples.api_gateway.conftest import neighbours
from examples.graphql_client import naive as naive_graphql
from examples.graphql_client import resilient as resilient_graphql
from examples.grpc_client import naive as naive_grpc
from examples.grpc_client import resilient as resilient_grpc
from examples.grpc_client.schema import PROTO, messages, stubs
from examples.message_queue import resilient as resilient_queue
from examples.rest_client import naive as naive_rest
from examples.rest_client import resilient as resilient_rest
from examples.synchronous import naive as naive_synchronous
from examples.synchronous import resilient as resilient_synchronous
from pytest_integrations import ClientCalls, logical_calls
from pytest_integrations.faults import (
    connection_reset,
    grpc_status,
    hang,
    lost_response,
    rate_limited,
    status,
    throttled,
)
from pytest_integrations.views.part import drawn
from pytest_integrations.views.svg import picture
from tests.docs.fences import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from examples.api_gateway.conftest import Neighbours
    from pytest_integrations import FakeAmqp, FakeGraphQL, FakeGrpc, FakeRest, Fakes, VirtualClock
    from pytest_integrations.core.ledger import Calls

pytestmark = [pytest.mark.virtual_time(start="2026-03-02T09:00:00"), pytest.mark.no_faults]

__all__ = ["neighbours"]  # the fixture of the example


def same(name: str, calls: Calls, *, are_attempts: bool = True) -> None:
    """Compare the picture of *calls* with the one in docs/pictures, or draw that one anew."""
    seen = calls.where(lambda call: call.kind != "connect")
    groups = [each.attempts for each in logical_calls(seen)] if are_attempts else []
    layout = drawn(seen, groups=groups, marks={})
    for number, row in enumerate(layout["rows"], start=1):
        row["seq"] = number  # what a library does on connecting, which varies by its version, is left out
    svg = picture(layout, key=name) + "\n"
    path = ROOT / "docs" / "pictures" / f"{name}.svg"
    if os.environ.get("UPDATE_PICTURES"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(svg, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == svg, "run: UPDATE_PICTURES=1 pytest tests/docs/test_pictures.py"


@pytest.fixture
def stock(fake_rest: FakeRest) -> FakeRest:
    fake_rest.get("/stock").reply(json={"left": 3})
    return fake_rest


def test_synchronous_naive(stock: FakeRest) -> None:
    stock.inject(hang(), every=1)
    ClientCalls(stock.ledger).repeat(3, naive_synchronous.ServiceClient(stock.url).get, "/stock")
    same("synchronous-naive", stock.calls)


def test_synchronous_resilient(stock: FakeRest) -> None:
    random.seed(7)  # its waits are drawn; the same ones each time
    stock.inject(hang(), times=5)
    client = resilient_synchronous.ServiceClient(stock.url)
    ClientCalls(stock.ledger).repeat(12, client.get, "/stock", every=20)
    same("synchronous-resilient", stock.calls)


def test_rest_client_naive(stock: FakeRest) -> None:
    stock.inject(rate_limited(120), status(503), connection_reset())
    naive_rest.RestClient(stock.url, "secret").get("/stock")
    same("rest-client-naive", stock.calls)


def test_rest_client_resilient(stock: FakeRest) -> None:
    random.seed(7)
    stock.inject(rate_limited(120), status(503), connection_reset())
    resilient_rest.RestClient(stock.url, "secret").get("/stock")
    same("rest-client-resilient", stock.calls)


SHOP = "type Query { book: Book } type Book { title: String price: Float reviews: [String!] }"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("graphql-client-naive", naive_graphql.GraphQLClient),
        ("graphql-client-resilient", resilient_graphql.GraphQLClient),
    ],
)
def test_graphql_client(fake_graphql: FakeGraphQL, name: str, make: Callable[..., Any]) -> None:
    random.seed(7)
    fake_graphql.schema(SHOP)
    fake_graphql.query("Book").reply({"book": {"title": "Dune", "price": 9.5}})
    fake_graphql.inject(status(503), throttled(cost=1001, rate=50))
    ClientCalls(fake_graphql.ledger)(make(fake_graphql.url, "secret").query, "query Book { book { title price } }")
    same(name, fake_graphql.calls)


@pytest.mark.parametrize(
    ("name", "make"),
    [("api-gateway-naive", naive_gateway.Gateway), ("api-gateway-resilient", resilient_gateway.Gateway)],
)
def test_api_gateway(
    fakes: Fakes, neighbours: Neighbours, virtual_clock: VirtualClock, name: str, make: Callable[..., Any]
) -> None:
    gateway = make(**neighbours.addresses, per_minute=3)
    door = fakes.rest("gateway")
    door.mount(gateway)
    stranger = {"Authorization": "Bearer found in the street", "X-Client-Id": "ada"}
    ada = {"Authorization": "Bearer token of ada", "X-Client-Id": "ada"}
    for headers in (stranger, stranger, stranger, ada):
        requests.get(f"{door.url}/stock/tea", headers=headers, timeout=10)
        virtual_clock.sleep(5)
    gateway.close()
    same(name, fakes.calls, are_attempts=False)


def test_message_queue_resilient(fake_amqp: FakeAmqp) -> None:
    fake_amqp.queue("orders.dead")
    fake_amqp.queue("orders.later", ttl=30, dead_letter="orders")
    fake_amqp.queue("orders", dead_letter="orders.later")
    queue = resilient_queue.OrderQueue(fake_amqp.url)
    for order in ("bad", "bad", "17", "18"):
        queue.send(order.encode())
    queue.work(int)
    queue.close()
    told = fake_amqp.calls.where(lambda call: call.kind in {"publish", "ack", "nack"})
    same("message-queue-resilient", told, are_attempts=False)


def test_grpc_client_naive(fake_grpc: FakeGrpc) -> None:
    fake_grpc.load(PROTO).Place.reply(id="o2", book="Emma")
    fake_grpc.inject(lost_response())
    with grpc.intercept_channel(fake_grpc.memory_channel(), naive_grpc.Retry()) as channel:
        stubs.OrdersStub(channel).Place(messages.PlaceRequest(book="Emma"))
    same("grpc-client-naive", fake_grpc.calls)


def test_grpc_client_resilient(fake_grpc: FakeGrpc) -> None:
    random.seed(7)
    fake_grpc.load(PROTO).Place.reply(id="o2", book="Emma")
    fake_grpc.inject(lost_response(), grpc_status("UNAVAILABLE", pushback_ms=500))
    client = resilient_grpc.OrdersClient(fake_grpc.target)
    interceptors = (resilient_grpc.Retry(idempotent=set()), resilient_grpc.Timeout(), resilient_grpc.Logging())
    client.stub = stubs.OrdersStub(grpc.intercept_channel(fake_grpc.memory_channel(), *interceptors))
    client.place("Emma", key="order-2")
    client.close()
    same("grpc-client-resilient", fake_grpc.calls)
