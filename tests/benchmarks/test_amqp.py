"""How fast the AMQP fake is, against the real server in the same run: `pytest -m benchmark`."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import pika
import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.wire.loop import shared_loop
from tests.benchmarks.lives import start_and_stop
from tests.benchmarks.placement import together
from tests.differential.amqp.rabbitmq import is_installed, rabbitmq

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.benchmark

ROUNDS = 5
MESSAGES = 400


def test_it_starts_and_stops_in_a_millisecond(capsys: pytest.CaptureFixture[str]) -> None:
    start, stop = start_and_stop(FakeAmqp)
    with capsys.disabled():
        print(f"\namqp: start {start:.2f} ms, stop {stop:.2f} ms (median of 200)")
    assert start <= 1
    assert stop <= 1


def test_five_hundred_lives_leave_nothing(no_leaks: None) -> None:
    for _ in range(500):
        with FakeAmqp() as broker:
            broker.queue("q", ttl=100).publish(b"x")
            connection = pika.BlockingConnection(pika.URLParameters(broker.url))
            connection.channel().basic_get("q")
            connection.close()
    assert not [timer for _, _, timer in shared_loop()._timers if timer.action is not None]


def publish_and_get(url: str) -> float:
    """Return how many confirmed publications, and messages got and acked, there are in a second."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.queue_declare("speed")
        channel.queue_purge("speed")
        channel.confirm_delivery()
        begin = time.perf_counter()
        for _ in range(MESSAGES):
            channel.basic_publish("", "speed", bytes(200))
            method, _, _ = channel.basic_get("speed")
            channel.basic_ack(method.delivery_tag)
        return 2 * MESSAGES / (time.perf_counter() - begin)


def consume(url: str) -> float:
    """Return how many messages a consumer has done in a second."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.queue_declare("speed")
        channel.queue_purge("speed")
        for _ in range(MESSAGES):
            channel.basic_publish("", "speed", bytes(200))
        channel.basic_qos(prefetch_count=50)
        begin = time.perf_counter()
        for count, (method, _, _) in enumerate(channel.consume("speed"), 1):
            channel.basic_ack(method.delivery_tag)
            if count == MESSAGES:
                break
        took = time.perf_counter() - begin
        channel.cancel()
        return MESSAGES / took


@pytest.mark.skipif(not is_installed(), reason="no rabbitmq-server is installed")
@pytest.mark.parametrize("work", [publish_and_get, consume])
def test_it_is_half_as_fast_as_rabbitmq(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], work: Callable[[str], float]
) -> None:
    ours, theirs = [], []
    with rabbitmq(tmp_path) as port, FakeAmqp() as broker, together():
        for _ in range(ROUNDS):
            theirs.append(work(f"amqp://guest:guest@127.0.0.1:{port}/%2F"))
            ours.append(work(broker.url))
    fake, real = statistics.median(ours), statistics.median(theirs)
    with capsys.disabled():
        print(f"\namqp: {work.__name__} {fake:.0f}/s, RabbitMQ {real:.0f}/s")
    assert fake >= 0.5 * real
