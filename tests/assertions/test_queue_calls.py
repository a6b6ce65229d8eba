"""Retries and breakers of those who talk to a queue: the same questions, of the same ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from pytest_integrations.assertions import (
    ClientCalls,
    assert_attempts,
    assert_backoff,
    assert_breaker_opens,
    assert_gives_up,
    assert_not_retried,
    exponential,
)
from pytest_integrations.backends.redis.fake import FakeRedis
from pytest_integrations.core.errors import ResilienceError
from pytest_integrations.core.queue_call import QueueCall
from pytest_integrations.faults.connection import connection_reset
from pytest_integrations.faults.queue import queue_full
from pytest_integrations.timekeeping.clock import VirtualClock
from pytest_integrations.views.points import points
from pytest_integrations.views.text import timeline
from tests.assertions.ledgers import scripted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.assertions.ledgers import HandLedger


def _call(ledger: HandLedger, at: float, error: str = "", outcome: Any = "answered", body: bytes = b"1") -> QueueCall:
    """Record a publication that was answered, refused or cut."""
    ledger.at(at)
    call = QueueCall("fake_redis", ledger.connect("fake_redis"), "RPUSH", kind="publish", queue="orders")
    call.body = body
    ledger.ledger.add(call)
    call.error, call.outcome, call.first_byte, call.ended = error, outcome, at, at
    call.fault = scripted("oom") if error else None
    return call


def test_attempts_are_grouped_by_operation_and_body(ledger: HandLedger) -> None:
    _call(ledger, 0, "OOM")
    _call(ledger, 1, outcome="reset")
    _call(ledger, 3)
    _call(ledger, 3, body=b"2")

    assert_attempts(ledger.calls[:3], exactly=3)
    assert_backoff(ledger.calls, exponential(base=1))
    with pytest.raises(ResilienceError, match="expected exactly 3 attempts of RPUSH orders, saw 1, which succeeded"):
        assert_attempts(ledger.calls, exactly=3)


def test_an_error_is_an_outcome(ledger: HandLedger) -> None:
    _call(ledger, 0, "WRONGTYPE")
    _call(ledger, 1, "WRONGTYPE")

    with pytest.raises(ResilienceError, match="RPUSH orders was tried again after WRONGTYPE, which must not be"):
        assert_not_retried(ledger.calls, after="WRONGTYPE")
    assert_gives_up(ledger.calls, after=2)


def test_the_timeline_shows_them(ledger: HandLedger) -> None:
    _call(ledger, 0, "OOM")
    _call(ledger, 1, outcome="reset").handled = True
    _call(ledger, 3)

    assert timeline(ledger.calls).splitlines()[1:] == [
        "  #1  0.000 s            conn 1  RPUSH orders  x OOM             <- oom()",
        "  #2  1.000 s  +1.000 s  conn 2  RPUSH orders  ! reset, applied",
        "  #3  3.000 s  +2.000 s  conn 3  RPUSH orders  ok",
    ]


def test_the_figures_count_them(ledger: HandLedger) -> None:
    _call(ledger, 0, "OOM")
    _call(ledger, 1, "READONLY").fault = None
    _call(ledger, 2)

    (point,) = points(ledger.calls)

    assert (point["calls"], point["faulted"], point["failed_faulted"], point["failed_other"]) == (3, 1, 1, 1)


def test_a_breaker_counts_them(ledger: HandLedger) -> None:
    for at in range(3):
        _call(ledger, at, "OOM", body=b"%d" % at)

    assert_breaker_opens(ledger.calls, after=3, recovery=30, demand=5)
    _call(ledger, 4, "OOM")
    with pytest.raises(ResilienceError):
        assert_breaker_opens(ledger.calls, after=3, recovery=30, demand=5)


# -- a real client


@pytest.fixture
def broker() -> Iterator[FakeRedis]:
    with FakeRedis() as broker:
        yield broker


@pytest.mark.usefixtures("no_leaks")
def test_redis_py_retries_resets(broker: FakeRedis) -> None:
    broker.on("publish").inject(connection_reset(), connection_reset())

    with redis.Redis.from_url(broker.url, retry=Retry(NoBackoff(), 3)) as client:
        client.rpush("orders", "one")
        client.rpush("orders", "two")

    published = broker.on("publish").received
    assert [len(published), published[0].body] == [4, b"one"]
    assert_attempts(published[:3], exactly=3)
    with pytest.raises(ResilienceError, match="expected exactly 4 attempts of RPUSH orders, saw 3, which succeeded"):
        assert_attempts(published[:3], exactly=4)


@pytest.mark.usefixtures("no_leaks")
def test_redis_py_does_not_retry_a_full_server(broker: FakeRedis) -> None:
    broker.on("publish").inject(queue_full(), every=1)

    with redis.Redis.from_url(broker.url) as client, pytest.raises(redis.exceptions.OutOfMemoryError):
        client.rpush("orders", "one")

    assert_not_retried(broker.on("publish").received, after="OOM")
    assert_gives_up(broker.on("publish").received, after=1)


@pytest.mark.usefixtures("no_leaks")
def test_the_waits_of_redis_py_are_exact_in_virtual_time() -> None:
    with VirtualClock(), FakeRedis() as broker:
        broker.on("publish").inject(connection_reset(), times=3)
        with redis.Redis.from_url(broker.url, retry=Retry(ExponentialBackoff(cap=10, base=1), 5)) as client:
            client.rpush("orders", "one")

        assert_backoff(broker.on("publish").received, exponential(base=2, cap=10))  # its first wait is twice the base


@pytest.mark.usefixtures("no_leaks")
def test_a_breaker_around_redis_py_opens(broker: FakeRedis) -> None:
    pybreaker = pytest.importorskip("pybreaker")
    broker.on("publish").inject(queue_full(), every=1)
    breaker = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=30)
    client = ClientCalls(broker.ledger)

    with redis.Redis.from_url(broker.url) as connection:
        client.repeat(6, lambda: breaker.call(connection.rpush, "orders", "one"))

    assert_breaker_opens(broker.on("publish").received, after=3, recovery=30, demand=client)
