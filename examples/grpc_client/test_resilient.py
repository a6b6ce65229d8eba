"""The resilient client, under the same scripts and a few more."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from examples.grpc_client.resilient import NotFound, OrdersClient, OrdersError, Unavailable, within
from examples.grpc_client.schema import PROTO, messages
from pytest_integrations import (
    FakeGrpc,
    VirtualClock,
    assert_attempts,
    assert_cancels,
    assert_deadline_propagated,
    assert_deadline_shrinks,
    assert_gives_up,
    assert_idempotency_key,
    assert_no_attempt_after_deadline,
    assert_no_unsafe_retry,
    assert_not_retried,
    assert_respects_retry_after,
)
from pytest_integrations.faults import empty_ok, grpc_status, hang, lost_response, reset_stream, truncated_message

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def test_the_service_is_told_what_is_left(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), times=2)
    began = shop.ledger.now()

    with within(0.5):
        client.get("o1")

    assert_attempts(shop.calls, exactly=3)
    assert_deadline_propagated(shop.calls, within=0.5, since=began)
    assert_deadline_shrinks(shop.calls)


@pytest.mark.no_faults  # the call is made once, by the stub itself
def test_what_a_call_is_made_with_is_left_as_it_is(shop: FakeGrpc, client: OrdersClient) -> None:
    with within(5):
        client.stub.Get(messages.GetRequest(id="o1"), compression=grpc.Compression.Gzip)

    assert shop.calls[0].headers["grpc-encoding"] == "gzip"


@pytest.mark.parametrize(("key", "attempts"), [("", 1), ("order-7", 2)], ids=["no key", "key"])
def test_nothing_is_ordered_twice(shop: FakeGrpc, client: OrdersClient, key: str, attempts: int) -> None:
    shop.inject(lost_response())
    try:
        client.place("Emma", key=key)
    except Unavailable:
        assert not key

    assert_no_unsafe_retry(shop.calls)
    assert_attempts(shop.calls, exactly=attempts)


def test_its_key_stays_the_same(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(grpc_status("UNAVAILABLE"))

    assert client.place("Emma", key="order-7").id == "o2"

    assert_idempotency_key(shop.calls)


@pytest.mark.parametrize("fault", [grpc_status("UNAVAILABLE"), reset_stream("REFUSED_STREAM")], ids=["status", "reset"])
def test_what_may_be_repeated_is(shop: FakeGrpc, client: OrdersClient, fault: Any) -> None:
    shop.inject(fault)

    assert client.get("o1").book == "Dune"
    assert_attempts(shop.calls, exactly=2)


def test_it_waits_as_long_as_it_is_asked_to(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(grpc_status("UNAVAILABLE", pushback_ms=100))

    client.get("o1")

    assert_respects_retry_after(shop.calls)


def test_it_gives_up_if_it_is_asked_to(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(grpc_status("UNAVAILABLE", pushback_ms=-1))

    with pytest.raises(Unavailable):
        client.get("o1")
    assert_respects_retry_after(shop.calls)


def test_what_is_not_there_is_asked_for_once(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(grpc_status("NOT_FOUND"))

    with pytest.raises(NotFound):
        client.get("o9")
    assert_not_retried(shop.calls, after="NOT_FOUND")


def test_it_stops_when_time_is_up(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), every=1)

    with pytest.raises(Unavailable), within(0.1):
        client.get("o1")

    assert_no_attempt_after_deadline(shop.calls)


def test_whatever_happens_is_told_by_its_own_error(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(grpc_status("INTERNAL"), every=1)

    with pytest.raises(OrdersError) as caught:
        client.get("o1")
    assert_gives_up(shop.calls, after=1, error=caught.value, declared=OrdersError)


def test_it_does_not_wait_for_ever_and_hangs_up(shop: FakeGrpc, client: OrdersClient) -> None:
    shop.inject(hang())

    with pytest.raises(Unavailable), within(0.1):
        client.get("o1")

    assert_cancels(shop.calls)


@pytest.mark.parametrize("fault", [empty_ok(), truncated_message()], ids=["nothing", "half a message"])
def test_nothing_is_no_answer(shop: FakeGrpc, client: OrdersClient, fault: Any) -> None:
    shop.inject(fault)

    with pytest.raises(Unavailable, match="said OK and sent nothing"):
        client.get("o1")


# -- every profile

PROFILES = ("calm", "slow", "flaky", "lossy", "rate-limited", "outage", "brownout", "hostile")


@pytest.mark.virtual_time  # in which an outage of half a minute is over at once
@pytest.mark.fault_profile(*PROFILES)
def test_in_every_weather_it_is_the_answer_or_its_own_error(client: OrdersClient, virtual_clock: VirtualClock) -> None:
    books = []

    def get_and_place() -> None:
        virtual_clock.sleep(10)
        with contextlib.suppress(Unavailable), within(5):
            books.append(client.get("o1").book)
        with contextlib.suppress(Unavailable), within(5):
            books.append(client.place("Emma", key=f"at {virtual_clock.now}").book)

    for _ in range(10):
        get_and_place()
    with virtual_clock.real_time():  # in which grpcio waits before it connects again, after an outage
        grpc.channel_ready_future(client.channel).result(10)
    for _ in range(10):
        get_and_place()

    assert set(books) == {"Dune", "Emma"}
