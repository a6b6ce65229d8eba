"""Virtual time under a stock client, whose deadlines are in C and in real time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.faults import hang, latency
from pytest_integrations.faults.grpc import grpc_status
from pytest_integrations.timekeeping import VirtualClock
from tests.backends.grpc.orders import PROTO
from tests.contract.grpc.clients import CLIENTS, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.services import Service

pytestmark = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    with VirtualClock() as clock:
        yield clock


@pytest.fixture
def shop(clock: VirtualClock) -> Iterator[FakeGrpc]:
    with FakeGrpc("shop") as fake:
        fake.load(PROTO)
        yield fake


@pytest.fixture
def orders(shop: FakeGrpc) -> Service:
    orders = shop.service("shop.v1.Orders")
    orders.Get.reply(id="o1")
    return orders


def test_a_latency_takes_no_time(clock: VirtualClock, shop: FakeGrpc, orders: Service, client: Client) -> None:
    shop.inject(latency(20))
    began = time.clock_gettime(time.CLOCK_MONOTONIC)
    assert client(shop.target, orders.Get, timeout=30).code == "OK"
    assert time.clock_gettime(time.CLOCK_MONOTONIC) - began < 5
    assert clock.now == pytest.approx(20)
    call: Any = shop.calls[0]
    assert (call.ended - call.started, call.timeout) == (20, pytest.approx(30, abs=2))


@pytest.mark.parametrize("fault", [latency(60), hang()], ids=repr)
def test_a_deadline_takes_no_time(
    clock: VirtualClock, shop: FakeGrpc, orders: Service, client: Client, fault: Any
) -> None:
    shop.inject(fault)
    began = time.clock_gettime(time.CLOCK_MONOTONIC)
    seen = client(shop.target, orders.Get, timeout=30)
    assert (seen.code, seen.text) == ("DEADLINE_EXCEEDED", "Deadline Exceeded")
    assert time.clock_gettime(time.CLOCK_MONOTONIC) - began < 5
    assert clock.now == pytest.approx(30, abs=2)  # as the client has rounded it
    call: Any = shop.calls[0]
    assert (call.verdict, call.cancelled, call.gone) == ("cancelled", True, call.deadline)
    passed = clock.now
    assert client(shop.target, orders.Get, timeout=30).code == "OK"
    assert clock.now == passed


def test_backoff_of_the_application_is_virtual(
    clock: VirtualClock, shop: FakeGrpc, orders: Service, client: Client
) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), times=3)
    pause = 1.0
    while client(shop.target, orders.Get, timeout=30).code != "OK":
        time.sleep(pause)
        pause *= 2
    assert [call.started for call in shop.calls] == [0, 1, 3, 7]


def test_a_stream_has_its_pauses_in_virtual_time(
    clock: VirtualClock, shop: FakeGrpc, orders: Service, client: Client
) -> None:
    orders.List.reply_stream([{"id": str(number)} for number in range(10)], every=60)
    assert len(client(shop.target, orders.List, timeout=3600).messages) == 10
    assert clock.now == pytest.approx(600)


def test_grpc_is_not_in_the_way_of_asyncio(
    clock: VirtualClock, shop: FakeGrpc, orders: Service, client: Client
) -> None:
    async def wait() -> float:
        await asyncio.sleep(100)
        return clock.now

    assert asyncio.run(wait()) == 100
    assert client(shop.target, orders.Get).code == "OK"
    assert grpc.StatusCode.OK is not None
