"""How fast the gRPC fake is, against grpcio's own server in the same run: `pytest -m benchmark`."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from tests.backends.grpc.orders import OPTIONS, PROTO
from tests.benchmarks.lives import start_and_stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.benchmark

GET, LIST, CREATE = (f"/shop.v1.Orders/{name}" for name in ("Get", "List", "Create"))
ROUNDS, CALLS, STREAMED = 7, 300, 2000
ORDER = b"\x0a\x02o1\x10\x02"
KIBIBYTE = b"\x42\x80\x08" + bytes(1024)
LARGE = b"\x42\xe0\xcf\xd5\x01" + bytes(3_500_000)
"""A blob of 3.5 MB: field 8 of an order."""


@contextmanager
def hello_world() -> Iterator[str]:
    """grpcio's server with eight workers, which answers bytes with bytes, as its examples make it."""

    class Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            return {
                GET: grpc.unary_unary_rpc_method_handler(lambda _request, _context: ORDER),
                LIST: grpc.unary_stream_rpc_method_handler(lambda _request, _context: iter([KIBIBYTE] * STREAMED)),
                CREATE: grpc.unary_unary_rpc_method_handler(lambda request, _context: request),
            }.get(details.method)

    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((Handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@contextmanager
def fake() -> Iterator[str]:
    with FakeGrpc(max_message=64 * 1024 * 1024) as fake:
        fake.load(PROTO)
        orders = fake.service("shop.v1.Orders")
        orders.Get.reply(ORDER)
        orders.List.reply_stream([KIBIBYTE] * STREAMED)
        orders.Create.reply(LARGE)
        yield fake.target


def ratio(measure: Callable[[str], float], capsys: pytest.CaptureFixture[str], what: str, unit: float = 1e6) -> float:
    """Return how much longer the fake takes: the median of rounds in which both are measured, one after the other.

    Threads run where the kernel puts them, since both servers have threads beside the client's, one in C and one not.
    """
    ratios, ours, theirs = [], [], []
    with fake() as target, hello_world() as peer:
        measure(target), measure(peer)
        for _ in range(ROUNDS):
            theirs.append(measure(peer))
            ours.append(measure(target))
            ratios.append(ours[-1] / theirs[-1])
    found = statistics.median(ratios)
    with capsys.disabled():
        mine, other = statistics.median(ours) * unit, statistics.median(theirs) * unit
        print(f"\ngrpc: {what}: {mine:.0f} against {other:.0f} of grpcio's server, ratio {found:.2f}")
    return found


def p50(target: str) -> float:
    with grpc.insecure_channel(target, options=OPTIONS) as channel:
        get = channel.unary_unary(GET)
        get(b"", timeout=5)
        times = []
        for _ in range(CALLS):
            began = time.perf_counter()
            get(b"", timeout=5)
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def eight_threads(target: str) -> float:
    """Return the seconds that one of 1600 calls takes, made by eight threads on one channel."""
    with grpc.insecure_channel(target, options=OPTIONS) as channel:
        get = channel.unary_unary(GET)
        get(b"", timeout=5)
        threads = [
            threading.Thread(target=lambda: [get(b"", timeout=20) for _ in range(200)], daemon=True) for _ in range(8)
        ]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return (time.perf_counter() - began) / 1600


def stream(target: str) -> float:
    """Return the seconds that one message of a stream takes."""
    with grpc.insecure_channel(target, options=OPTIONS) as channel:
        list(channel.unary_stream(LIST)(b"", timeout=20))
        began = time.perf_counter()
        assert sum(1 for _ in channel.unary_stream(LIST)(b"", timeout=20)) == STREAMED
        return (time.perf_counter() - began) / STREAMED


def large(target: str) -> float:
    """Return the seconds that 3.5 MB take, there and back."""
    with grpc.insecure_channel(target, options=OPTIONS) as channel:
        create = channel.unary_unary(CREATE)
        create(LARGE, timeout=20)
        began = time.perf_counter()
        for _ in range(5):
            assert len(create(LARGE, timeout=20)) == len(LARGE)
        return (time.perf_counter() - began) / 5


def test_p50_of_a_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert ratio(p50, capsys, "p50 of a unary call, us") <= 1.25


def test_calls_of_eight_threads(capsys: pytest.CaptureFixture[str]) -> None:
    assert ratio(eight_threads, capsys, "a call of eight threads, us") <= 1.0


def test_messages_of_a_stream(capsys: pytest.CaptureFixture[str]) -> None:
    assert ratio(stream, capsys, "a message of a stream, us") <= 1 / 1.5


def test_large_messages(capsys: pytest.CaptureFixture[str]) -> None:
    assert ratio(large, capsys, "3.5 MB both ways, us") <= 2.0


def test_it_starts_and_stops_in_half_a_millisecond(capsys: pytest.CaptureFixture[str]) -> None:
    start, stop = start_and_stop(FakeGrpc)
    with capsys.disabled():
        print(f"\ngrpc: start {start:.2f} ms, stop {stop:.2f} ms (median of 200)")
    assert start <= 0.5
    assert stop <= 0.5


def test_fifty_fakes_take_no_thread() -> None:
    with FakeGrpc():
        before = threading.active_count()
        fakes = [FakeGrpc().start() for _ in range(50)]
        for each in fakes:
            with grpc.insecure_channel(each.target, options=OPTIONS) as channel:
                grpc.channel_ready_future(channel).result(5)
        servers = [thread.name for thread in threading.enumerate() if thread.name.startswith("integrations-")]
        for each in fakes:
            each.stop()
    assert servers == ["integrations-io"]
    assert threading.active_count() <= before + 1
