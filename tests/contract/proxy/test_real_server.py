"""A proxy in front of a server that is not ours: Debian's redis-server, where it is installed."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pytest_integrations.backends.proxy import FakeProxy
from pytest_integrations.faults import connection_reset, lost_response, toxics
from tests.differential.redis.real import is_installed, real_redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.usefixtures("no_leaks"),
    pytest.mark.skipif(not is_installed(), reason="needs redis-server, a package of Debian"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with real_redis() as port:
        yield port


@pytest.fixture
def proxy(server: int) -> Iterator[FakeProxy]:
    with FakeProxy(f"redis://127.0.0.1:{server}/3") as proxy:
        yield proxy


def client_of(proxy: FakeProxy, patience: float = 10.0) -> redis.Redis:
    return redis.Redis.from_url(
        proxy.url, socket_timeout=patience, decode_responses=True, retry=Retry(NoBackoff(), 0), protocol=2
    )


@pytest.fixture
def client(proxy: FakeProxy) -> Iterator[redis.Redis]:
    with client_of(proxy) as client:
        client.flushdb()
        yield client


def took(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def test_the_url_is_that_of_the_server_by_way_of_the_proxy(proxy: FakeProxy, client: redis.Redis) -> None:
    assert proxy.url == f"redis://127.0.0.1:{proxy.port}/3"
    client.set("a", "x" * 3_000_000)
    assert client.get("a") == "x" * 3_000_000
    assert client.client_info()["db"] == 3
    (call,) = proxy.calls
    assert call.connection.received > 3_000_000
    assert call.connection.sent > 3_000_000


def test_latency_and_its_end(proxy: FakeProxy, client: redis.Redis) -> None:
    client.ping()
    with proxy.injected(toxics.latency(0.1)):
        assert took(client.ping) >= 0.1
    assert min(took(client.ping) for _ in range(5)) < 0.1


def test_a_bandwidth_that_is_kept(proxy: FakeProxy, client: redis.Redis) -> None:
    client.set("a", "x" * 50_000)
    with proxy.injected(toxics.bandwidth(200)):
        assert took(lambda: client.get("a")) >= 0.24
    assert client.get("a") == "x" * 50_000


def test_silence(proxy: FakeProxy) -> None:
    with client_of(proxy, 0.5) as client, proxy.injected(toxics.timeout(0)), pytest.raises(redis.TimeoutError):
        client.ping()
    assert [call.outcome for call in proxy.calls] == ["hung"]


def test_resets_and_closes(proxy: FakeProxy, client: redis.Redis) -> None:
    for fault, error in (
        (toxics.reset_peer(), redis.ConnectionError),
        (toxics.limit_data(2), redis.ConnectionError),
        (connection_reset(), redis.ConnectionError),
    ):
        client.ping()
        with proxy.injected(fault), pytest.raises(error):
            client.ping()
    assert client.ping()
    assert [call.outcome for call in proxy.calls[:-1]] == ["reset", "truncated", "reset"]


def test_a_payment_is_stored_whose_answer_is_lost(proxy: FakeProxy, client: redis.Redis) -> None:
    client.ping()
    proxy.inject(lost_response())
    with pytest.raises(redis.ConnectionError):
        client.rpush("payments", "one")
    assert client.lrange("payments", 0, -1) == ["one"]


def test_down_and_up(proxy: FakeProxy, client: redis.Redis) -> None:
    client.set("a", 1)
    proxy.down()
    with pytest.raises(redis.ConnectionError):
        client.get("a")
    proxy.up()
    assert client.get("a") == "1"


def test_a_server_that_closes_is_seen_closing(proxy: FakeProxy) -> None:
    with socket.create_connection(proxy.address, 5) as plain:
        plain.sendall(b"PING\r\n")
        assert plain.recv(100) == b"+PONG\r\n"
        with redis.Redis(port=proxy.upstream.port) as direct:
            direct.client_kill_filter(_type="normal", skipme=True)
        assert plain.recv(100) == b""
    (call,) = proxy.calls
    assert (call.outcome, call.connection.closed_by) == ("answered", "fake")
