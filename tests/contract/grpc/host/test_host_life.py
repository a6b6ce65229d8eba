"""A real servicer in virtual time, and what is left of it when it is over: nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.faults import hang, latency
from pytest_integrations.faults.grpc import grpc_status
from pytest_integrations.timekeeping import VirtualClock
from tests.backends.grpc.hosting import SERVICERS, Threaded, hosted
from tests.contract.grpc.clients import CLIENTS, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.services import Service

pytestmark = pytest.mark.usefixtures("quiet")

both_clients = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    """Virtual time."""
    with VirtualClock() as clock:
        yield clock


@pytest.fixture
def shop(clock: VirtualClock) -> Iterator[FakeGrpc]:
    """A running fake in it."""
    with FakeGrpc("shop") as fake:
        yield fake


@both_clients
def test_what_the_servicer_waits_for_takes_no_time(
    clock: VirtualClock, shop: FakeGrpc, orders: Service, client: Client
) -> None:
    began = time.clock_gettime(time.CLOCK_MONOTONIC)
    assert client(shop.target, orders.Get, [{"id": "sleep"}], timeout=3600).code == "OK"
    assert time.clock_gettime(time.CLOCK_MONOTONIC) - began < 5
    assert clock.now == 60
    call: Any = shop.calls[0]
    assert call.ended - call.started == 60


class Slow(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """An interceptor with threads that waits."""

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        """Wait, and go on."""
        time.sleep(30)
        return continuation(details)


class SlowAsync(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # as above
    """One of asyncio."""

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        """Wait, and go on."""
        await asyncio.sleep(30)
        return await continuation(details)


@pytest.mark.parametrize(("kind", "slow"), [("threads", Slow), ("asyncio", SlowAsync)], ids=SERVICERS)
def test_what_interceptors_wait_for_takes_no_time(clock: VirtualClock, kind: str, slow: Any) -> None:
    began = time.clock_gettime(time.CLOCK_MONOTONIC)
    with FakeGrpc("shop") as shop:
        orders = hosted(shop, SERVICERS[kind](), interceptors=[slow()])
        for _ in range(3):
            assert CLIENTS["grpcio"](shop.target, orders.Get, [{"id": "sleep"}], timeout=3600).code == "OK"
    assert clock.now == 270
    assert time.clock_gettime(time.CLOCK_MONOTONIC) - began < 5


@both_clients
def test_time_stands_still_while_the_servicer_works(
    clock: VirtualClock, shop: FakeGrpc, orders: Service, client: Client
) -> None:
    for _ in range(50):
        assert client(shop.target, orders.Get, [{"id": "o1"}], timeout=30).code == "OK"
        assert client(shop.target, orders.Chat, [{"id": "o1"}], timeout=30).code == "OK"
    assert clock.now == 0


@both_clients
def test_faults_take_no_time(clock: VirtualClock, shop: FakeGrpc, orders: Service, client: Client) -> None:
    shop.inject(latency(20), hang(), grpc_status("UNAVAILABLE"))
    assert client(shop.target, orders.Get, timeout=30).code == "OK"
    assert clock.now == 20
    assert client(shop.target, orders.Get, timeout=30).code == "DEADLINE_EXCEEDED"
    call: Any = shop.calls[1]
    assert (call.started, call.gone) == (20, pytest.approx(50, abs=2))  # as the client has rounded it
    assert client(shop.target, orders.Get, timeout=30).code == "UNAVAILABLE"


@both_clients
def test_a_deadline_that_the_servicer_misses(
    clock: VirtualClock, shop: FakeGrpc, orders: Service, client: Client
) -> None:
    assert client(shop.target, orders.Get, [{"id": "sleep"}], timeout=30).code == "DEADLINE_EXCEEDED"
    call: Any = shop.calls[0]
    assert (call.verdict, call.gone) == ("cancelled", pytest.approx(30, abs=2))


@pytest.mark.usefixtures("no_leaks")
def test_nothing_is_left() -> None:
    for _ in range(20):
        with FakeGrpc("shop") as shop:
            orders = hosted(shop, Threaded())
            hosted(shop, Threaded())
            assert CLIENTS["grpcio"](shop.target, orders.Get).code == "OK"


@pytest.mark.parametrize("kind", SERVICERS)
def test_a_servicer_that_never_returns_holds_nobody_up(kind: str) -> None:
    program = f"""
        import threading, time, grpc
        from pytest_integrations.backends.grpc.fake import FakeGrpc
        from tests.backends.grpc.hosting import SERVICERS, hosted
        from tests.backends.grpc.orders import OPTIONS, stub

        class Stuck(SERVICERS[{kind!r}]):
            began = threading.Event()

        def stuck(self, request, context):
            Stuck.began.set()
            threading.Event().wait(60)

        Stuck.Upload = stuck  # in the server of asyncio this one has a thread as well
        with FakeGrpc("shop") as shop:
            orders = hosted(shop, Stuck())
            with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
                future = stub(channel, orders.Upload).future(iter([{{"id": "a"}}]), timeout=60)
                Stuck.began.wait(20)
                began = time.monotonic()
                future.cancel()
        assert time.monotonic() - began < 15
        print("stopped")
    """
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.stdout == "stopped\n", done.stderr
    assert done.returncode == 0
    assert time.monotonic() - began < 45
