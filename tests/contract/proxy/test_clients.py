"""What real clients make of each toxic, and that the calls that a proxy does not spoil are as good as direct ones."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pika
import pytest
import redis
import requests

from pytest_integrations import FakeRest
from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.backends.proxy import FakeProxy
from pytest_integrations.backends.redis import FakeRedis
from pytest_integrations.faults import close_on_accept, connection_refused, lost_request, lost_response, toxics

from .attempts import ATTEMPTS, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.timekeeping import VirtualClock

pytestmark = [pytest.mark.usefixtures("no_leaks", "virtual_clock"), pytest.mark.filterwarnings("default")]

HARMLESS = [
    toxics.latency(0.02, jitter=0.01),
    toxics.bandwidth(1000),
    toxics.slow_close(0.02),
    toxics.slicer(average_size=7, size_variation=3),
    toxics.latency(0.02, stream="upstream"),
    toxics.bandwidth(1000, stream="upstream"),
    toxics.slicer(average_size=7, stream="upstream"),
    toxics.limit_data(100_000),
]

HANG = ("ReadTimeout", "ReadTimeout", "TimeoutError", "TimeoutError", "AMQPConnectorStackTimeout")
RESET = ("ConnectionError", "ReadError", "ConnectionError", "ConnectionError", "IncompatibleProtocolError")
CLOSE = ("ConnectionError", "RemoteProtocolError", "ConnectionError", "ConnectionError", "IncompatibleProtocolError")
REFUSED = ("ConnectionError", "ConnectError", "ConnectionError", "ConnectionError", "AMQPConnectionError")

HARMFUL: list[tuple[Fault, tuple[str, ...], str | None]] = [
    (toxics.latency(60), HANG, "abandoned"),
    (toxics.timeout(0), HANG, "hung"),
    (toxics.timeout(0.1), CLOSE, "hung"),
    (toxics.reset_peer(), RESET, "reset"),
    (toxics.limit_data(0), CLOSE, "closed"),
    (toxics.limit_data(3), CLOSE, "truncated"),
    (toxics.timeout(0, stream="upstream"), HANG, "hung"),
    (toxics.reset_peer(stream="upstream"), RESET, "reset"),
    (toxics.limit_data(3, stream="upstream"), CLOSE, "closed"),
    (close_on_accept(), CLOSE, "closed"),
    (connection_refused(), REFUSED, None),
]


@contextmanager
def greeter(client: str) -> Iterator[FakeRest | FakeRedis | FakeAmqp]:
    """Run the fake that this *client* is for, with a greeting in it."""
    if client in {"requests", "httpx"}:
        with FakeRest() as rest:
            rest.get("/greeting").reply(body=b"hello")
            yield rest
    elif client.startswith("redis"):
        with FakeRedis() as server:
            with redis.Redis.from_url(server.url) as direct:
                direct.set("greeting", "hello")
            yield server
    else:
        with FakeAmqp() as broker:
            broker.queue("greetings")
            connection = pika.BlockingConnection(pika.URLParameters(broker.url))
            connection.channel().basic_publish("", "greetings", b"hello")
            connection.close()
            yield broker


@pytest.mark.parametrize("client", ATTEMPTS)
def test_a_proxy_without_faults_is_not_seen(client: str) -> None:
    with greeter(client) as upstream, FakeProxy(upstream) as proxy:
        assert outcome(client, proxy) == "hello"
        (call,) = proxy.calls
        (inner,) = upstream.connections[-1:]
        assert call.outcome == "answered"
        assert (call.connection.received, call.connection.sent) == (inner.received, inner.sent)


@pytest.mark.parametrize("client", ATTEMPTS)
@pytest.mark.parametrize("toxic", HARMLESS, ids=repr)
def test_what_is_slow_is_right_all_the_same(client: str, toxic: Fault) -> None:
    with greeter(client) as upstream, FakeProxy(upstream) as proxy:
        proxy.inject(toxic)
        assert outcome(client, proxy) == "hello"
        assert proxy.calls[0].outcome == "answered"


@pytest.mark.parametrize("client", ATTEMPTS)
@pytest.mark.parametrize(("fault", "seen", "told"), HARMFUL, ids=[repr(each[0]) for each in HARMFUL])
def test_what_is_broken_is_seen_and_told(client: str, fault: Fault, seen: tuple[str, ...], told: str | None) -> None:
    with greeter(client) as upstream, FakeProxy(upstream) as proxy:
        proxy.inject(fault)
        patience = 0.25 if seen is HANG else 10.0
        assert outcome(client, proxy, patience) == dict(zip(ATTEMPTS, seen, strict=True))[client]
        if told is not None:
            assert {call.outcome for call in proxy.calls} == {told}
            assert all(call.failed for call in proxy.calls)
        proxy.heal()
        assert outcome(client, proxy) in {"hello", "TypeError"}  # pika's greeting may have been taken


@pytest.mark.parametrize(("fault", "stored"), [(lost_response(), 1), (lost_request(), 0)], ids=repr)
def test_a_lost_response_and_a_lost_request_look_alike(fault: Fault, stored: int) -> None:
    with FakeRedis() as server, FakeProxy(server) as proxy, redis.Redis.from_url(proxy.url, protocol=2) as client:
        client.ping()  # the connection is there, so that the next thing that passes is the command
        proxy.inject(fault)
        with pytest.raises(redis.ConnectionError):
            client.execute_command("RPUSH", "payments", "one")
        with redis.Redis.from_url(server.url) as direct:
            assert direct.llen("payments") == stored


def test_a_pool_meets_a_toxic_on_the_connection_that_it_keeps(virtual_clock: VirtualClock) -> None:
    with FakeRest() as rest, FakeProxy(rest) as proxy, requests.Session() as session:
        rest.get("/greeting").reply(body=b"hello")
        session.get(f"{proxy.url}/greeting", timeout=5)
        with proxy.injected(toxics.latency(3)):
            before = virtual_clock.now
            assert session.get(f"{proxy.url}/greeting", timeout=5).text == "hello"
            assert virtual_clock.now - before == pytest.approx(3, abs=1e-4)
        with proxy.injected(toxics.latency(3)), pytest.raises(requests.ReadTimeout):
            session.get(f"{proxy.url}/greeting", timeout=2)
        assert [call.outcome for call in proxy.calls] == ["abandoned"]


def test_an_hour_of_a_slow_redis_takes_no_time(virtual_clock: VirtualClock) -> None:
    with (
        FakeRedis() as server,
        FakeProxy(server) as proxy,
        redis.Redis.from_url(proxy.url, socket_timeout=10_000, protocol=2) as client,
    ):
        client.set("greeting", "hello")
        proxy.inject(toxics.latency(3600))
        before = virtual_clock.now
        assert client.get("greeting") == b"hello"
        assert virtual_clock.now - before == pytest.approx(3600, abs=1e-4)
