"""Every fault against a raw socket, and against the clients that people use."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from pytest_integrations.backends.redis import FakeRedis
from pytest_integrations.faults import lost_response
from pytest_integrations.timekeeping import VirtualClock

from .cases import AT_CONNECT, CASES, Case
from .resp import Raw

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.filterwarnings("default")]

_PATIENCE = {"socket_timeout": 10.0, "socket_connect_timeout": 10.0}
"""Seconds that clients wait, in virtual time."""


@contextmanager
def faulty(case: Case) -> Iterator[FakeRedis]:
    with VirtualClock(), FakeRedis() as fake:
        fake.inject(case.fault)
        yield fake


def stored(fake: FakeRedis) -> bool:
    fake.heal()
    with Raw(fake) as raw:
        return raw.ask("LLEN", "jobs").take(4) == b":1\r\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_bytes(case: Case) -> None:
    with faulty(case) as fake:
        with Raw(fake) as raw:
            raw.ask("RPUSH", "jobs", "one")
            raw.expect(case.sent)
            if case.end == "answer":
                raw.ask("PING").expect(b"+PONG\r\n")
            elif case.end == "silence":
                assert raw.is_silent()
            elif case.end == "reset":
                with pytest.raises(ConnectionResetError):
                    raw.rest()
            else:
                assert raw.rest() == b""
        (call,) = fake.calls.of("RPUSH jobs")
        assert (call.outcome, call.fault) == (case.outcome, case.fault)
        assert stored(fake) == case.stored


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_sync_client(case: Case, protocol: int) -> None:
    with faulty(case) as fake:
        options = {**_PATIENCE, "protocol": protocol, "retry": Retry(NoBackoff(), 0)}
        with redis.Redis.from_url(fake.url, **options) as client:
            if case.raises is None:
                assert client.rpush("jobs", "one") == 1
            else:
                with pytest.raises(case.raises):
                    client.rpush("jobs", "one")
        client.connection_pool.disconnect()
        assert stored(fake) == case.stored


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_async_client(case: Case, protocol: int) -> None:
    async def use(fake: FakeRedis) -> None:
        options = {**_PATIENCE, "protocol": protocol, "retry": redis.asyncio.retry.Retry(NoBackoff(), 0)}
        client = redis.asyncio.Redis.from_url(fake.url, **options)
        try:
            if case.raises is None:
                assert await client.rpush("jobs", "one") == 1
            else:
                with pytest.raises(case.raises):
                    await client.rpush("jobs", "one")
        finally:
            await client.aclose()

    with faulty(case) as fake:
        asyncio.run(use(fake))
        assert stored(fake) == case.stored


@pytest.mark.parametrize("case", AT_CONNECT, ids=lambda case: case.id)
def test_bytes_at_connect(case: Case) -> None:
    with faulty(case) as fake:
        if "refused" in case.id:
            with pytest.raises(ConnectionRefusedError):
                Raw(fake)
            return
        if case.end == "reset":
            with pytest.raises(OSError), Raw(fake) as raw:  # noqa: PT011 -- while it connects, or later: a race
                raw.rest()
            return
        with Raw(fake) as raw:
            if case.end == "silence":
                assert raw.ask("PING").is_silent()
            else:
                assert raw.rest() == case.sent


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("case", AT_CONNECT, ids=lambda case: case.id)
def test_sync_client_at_connect(case: Case, protocol: int) -> None:
    with faulty(case) as fake:
        options = {**_PATIENCE, "protocol": protocol, "retry": Retry(NoBackoff(), 0)}
        with redis.Redis.from_url(fake.url, **options) as client, pytest.raises((case.raises, redis.ConnectionError)):
            client.rpush("jobs", "one")
        client.connection_pool.disconnect()


def test_a_client_that_retries_an_unanswered_push_pushes_twice() -> None:
    with FakeRedis() as fake, redis.Redis.from_url(fake.url, retry=Retry(NoBackoff(), 1)) as client:
        jobs = fake.queue("jobs")
        fake.on("publish").inject(lost_response())
        assert client.rpush("jobs", "one") == 2
        assert jobs.messages.bodies == [b"one", b"one"]
        assert [message.producer_was_told for message in jobs.messages] == ["nothing", "confirmed"]
        client.connection_pool.disconnect()
