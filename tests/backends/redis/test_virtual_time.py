"""Hours of waiting on a Redis that has no hours: blocking, time to live, idleness, outages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import redis

from pytest_integrations.backends.redis import FakeRedis
from pytest_integrations.faults import latency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.timekeeping import VirtualClock

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def broker(virtual_clock: VirtualClock) -> Iterator[FakeRedis]:
    with FakeRedis() as fake:
        yield fake


@pytest.fixture
def client(broker: FakeRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker.url, decode_responses=True, socket_timeout=10_000) as client:
        yield client
        client.connection_pool.disconnect()


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    before = time.process_time()
    yield
    assert time.process_time() - before < 5


def test_an_hour_of_blocking(virtual_clock: VirtualClock, client: redis.Redis) -> None:
    client.ping()
    before = virtual_clock.now
    assert client.blpop("jobs", 3600) is None
    assert virtual_clock.now - before == 3600


def test_a_time_to_live(client: redis.Redis) -> None:
    client.set("a", 1, ex=600)
    time.sleep(599)
    assert client.ttl("a") == 1
    time.sleep(2)
    assert client.get("a") is None


def test_idleness_is_claimed(client: redis.Redis) -> None:
    client.xgroup_create("log", "g", "0", mkstream=True)
    entry = client.xadd("log", {"a": 1})
    client.xreadgroup("g", "me", {"log": ">"})
    assert client.xautoclaim("log", "g", "you", 60_000)[1] == []
    time.sleep(61)
    assert [found[0] for found in client.xautoclaim("log", "g", "you", 60_000)[1]] == [entry]


def test_a_slow_answer(virtual_clock: VirtualClock, broker: FakeRedis, client: redis.Redis) -> None:
    client.ping()
    before = virtual_clock.now
    broker.inject(latency(120))
    client.rpush("jobs", "one")
    assert virtual_clock.now - before == 120
    (call,) = broker.calls.of("RPUSH jobs")
    assert call.ended - call.started == 120


def test_an_outage_passes(virtual_clock: VirtualClock, broker: FakeRedis) -> None:
    no_retry = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
    with redis.Redis.from_url(broker.url, retry=no_retry) as client:
        client.ping()
        broker.outage(300)
        with pytest.raises(redis.ConnectionError):
            client.ping()
        time.sleep(301)
        assert client.ping()
        client.connection_pool.disconnect()
