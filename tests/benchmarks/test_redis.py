"""How fast the Redis fake is, against the real server in the same run: `pytest -m benchmark`."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import pytest
import redis

from pytest_integrations.backends.redis import FakeRedis
from pytest_integrations.wire.loop import shared_loop
from tests.benchmarks.lives import start_and_stop
from tests.benchmarks.placement import together
from tests.differential.redis.real import is_installed, real_redis

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.benchmark

ROUNDS = 5
COUNT = 800


def test_it_starts_and_stops_in_a_millisecond(capsys: pytest.CaptureFixture[str]) -> None:
    start, stop = start_and_stop(FakeRedis)
    with capsys.disabled():
        print(f"\nredis: start {start:.2f} ms, stop {stop:.2f} ms (median of 200)")
    assert start <= 1
    assert stop <= 1


def test_five_hundred_lives_leave_nothing(no_leaks: None) -> None:
    for _ in range(500):
        with FakeRedis() as broker:
            broker.queue("jobs").publish("one")
            with redis.Redis.from_url(broker.url) as client:
                client.blpop("jobs", 1)
                client.connection_pool.disconnect()
    assert not [timer for _, _, timer in shared_loop()._timers if timer.action is not None]


def push(client: redis.Redis) -> int:
    for _ in range(COUNT):
        client.lpush("speed", bytes(200))
    return COUNT


def reliable_queue(client: redis.Redis) -> int:
    client.rpush("speed", *[bytes(200)] * COUNT)
    for _ in range(COUNT):
        client.lrem("work", 1, client.blmove("speed", "work", 1, "LEFT", "RIGHT"))
    return 2 * COUNT


def stream(client: redis.Redis) -> int:
    client.xgroup_create("log", "g", "0", mkstream=True)
    for _ in range(COUNT):
        client.xadd("log", {"body": bytes(200)})
        ((_, ((entry, _),)),) = client.xreadgroup("g", "me", {"log": ">"}, count=1)
        client.xack("log", "g", entry)
    return 3 * COUNT


def pipelined(client: redis.Redis) -> int:
    with client.pipeline(transaction=False) as pipeline:
        for _ in range(5 * COUNT):
            pipeline.rpush("speed", bytes(200))
        pipeline.execute()
    return 5 * COUNT


def per_second(work: Callable[[redis.Redis], int], url: str) -> float:
    with redis.Redis.from_url(url, protocol=2) as client:
        client.flushall()
        begin = time.perf_counter()
        count = work(client)
        took = time.perf_counter() - begin
        client.connection_pool.disconnect()
    return count / took


@pytest.mark.skipif(not is_installed(), reason="no redis-server is installed")
@pytest.mark.parametrize(
    ("work", "share"),
    [(push, 0.5), (reliable_queue, 0.5), (stream, 0.5), (pipelined, 0.2)],
    ids=["push", "reliable queue", "stream", "pipelined"],
)
def test_it_keeps_up_with_redis(
    capsys: pytest.CaptureFixture[str], work: Callable[[redis.Redis], int], share: float
) -> None:
    """One client that waits for each answer; with the fake it shares an interpreter, with the real server nothing."""
    ours, theirs = [], []
    with together(), real_redis() as port, FakeRedis() as broker, together():
        for _ in range(ROUNDS):
            theirs.append(per_second(work, f"redis://127.0.0.1:{port}/0"))
            ours.append(per_second(work, broker.url))
    fake, real = statistics.median(ours), statistics.median(theirs)
    with capsys.disabled():
        print(f"\nredis: {work.__name__} {fake:.0f}/s, redis-server {real:.0f}/s")
    assert fake >= share * real
