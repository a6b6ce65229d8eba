"""What the naive client does wrong, and which assertion tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from examples.grpc_client.naive import OrdersClient
from examples.grpc_client.schema import PROTO
from pytest_integrations import (
    FakeGrpc,
    ResilienceError,
    assert_deadline_propagated,
    assert_gives_up,
    assert_no_unsafe_retry,
    assert_not_retried,
    assert_respects_retry_after,
)
from pytest_integrations.faults import empty_ok, grpc_status, lost_response

if TYPE_CHECKING:
    from collections.abc import Iterator

# grpcio keeps time by itself, in C, so that its waits are real ones here: some milliseconds.

pytestmark = pytest.mark.no_faults  # but those of the test: it shows one flaw at a time


@pytest.fixture
def shop(fake_grpc: FakeGrpc) -> FakeGrpc:
    orders = fake_grpc.load(PROTO)
    orders.Get.reply(id="o1", book="Dune")
    orders.Place.reply(id="o2", book="Emma")
    return fake_grpc


@pytest.fixture
def client(shop: FakeGrpc) -> Iterator[OrdersClient]:
    made = OrdersClient(shop.target)
    yield made
    made.close()


def test_the_service_is_not_told_how_long_there_is(shop: FakeGrpc, client: OrdersClient) -> None:
    client.get("o1")

    with pytest.raises(ResilienceError, match=r"#1 has no grpc-timeout, and 2.000 s were left of 2 s"):
        assert_deadline_propagated(shop.calls, within=2, since=shop.calls[0].started)


def test_an_order_is_placed_twice(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(lost_response())

    client.place("Emma")

    with pytest.raises(ResilienceError, match=r"/shop.v1.Orders/Place was sent again"):
        assert_no_unsafe_retry(shop.calls)


def test_what_is_not_there_is_asked_for_again(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(grpc_status("NOT_FOUND"), every=1)

    with pytest.raises(grpc.RpcError):
        client.get("o9")
    with pytest.raises(ResilienceError, match=r"/shop.v1.Orders/Get was tried again after NOT_FOUND"):
        assert_not_retried(shop.calls, after="NOT_FOUND")


def test_it_comes_back_before_it_was_asked_to(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(grpc_status("UNAVAILABLE", pushback_ms=100))

    client.get("o1")

    with pytest.raises(ResilienceError, match=r"#1 said 'grpc-retry-pushback-ms: 100'.* but #2 came after"):
        assert_respects_retry_after(shop.calls)


def test_nothing_is_taken_for_an_answer(shop: FakeGrpc, client: OrdersClient) -> None:
    """OK without a message, from a proxy that cut it off say, is None in grpcio, and no error."""
    shop.inject(empty_ok())

    assert client.get("o1") is None


def test_its_callers_meet_the_librarys_error(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), every=1)

    with pytest.raises(grpc.RpcError) as caught:
        client.get("o1")
    with pytest.raises(ResilienceError, match="expected LookupError"):
        assert_gives_up(shop.calls, after=3, error=caught.value, declared=LookupError)
