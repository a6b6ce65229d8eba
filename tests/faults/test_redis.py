"""Errors of Redis by name: the bytes, and the class that redis-py makes of them."""

from __future__ import annotations

import pytest
import redis
from redis import exceptions

from pytest_integrations import ScriptingError
from pytest_integrations.backends.redis import FakeRedis
from pytest_integrations.core.errors import UnknownName
from pytest_integrations.faults.redis import REDIS_ERRORS, failover, redis_error

pytestmark = pytest.mark.usefixtures("no_leaks")

CLASSES = {
    "ask": exceptions.AskError,
    "busy": exceptions.ResponseError,
    "busygroup": exceptions.ResponseError,
    "clusterdown": exceptions.ClusterDownError,
    "crossslot": exceptions.ClusterCrossSlotError,
    "execabort": exceptions.ExecAbortError,
    "loading": exceptions.BusyLoadingError,
    "masterdown": exceptions.MasterDownError,
    "maxclients": exceptions.ConnectionError,
    "misconf": exceptions.ResponseError,
    "moved": exceptions.MovedError,
    "noauth": exceptions.AuthenticationError,
    "nogroup": exceptions.ResponseError,
    "noperm": exceptions.NoPermissionError,
    "noreplicas": exceptions.ResponseError,
    "noscript": exceptions.NoScriptError,
    "oom": exceptions.OutOfMemoryError,
    "readonly": exceptions.ReadOnlyError,
    "tryagain": exceptions.TryAgainError,
    "unblocked": exceptions.ResponseError,
    "wrongpass": exceptions.AuthenticationError,
    "wrongtype": exceptions.ResponseError,
}


def test_every_error_has_its_class_here() -> None:
    assert CLASSES.keys() == REDIS_ERRORS.keys()


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("name", sorted(REDIS_ERRORS))
def test_redis_py_raises(name: str, protocol: int) -> None:
    with FakeRedis() as fake:
        no_retry = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
        with redis.Redis.from_url(fake.url, protocol=protocol, retry=no_retry) as client:
            if name != "maxclients":
                client.ping()  # what the client says while it connects is not meant
            fake.inject(redis_error(name))
            with pytest.raises(CLASSES[name]) as caught:
                client.rpush("jobs", "one")
            assert REDIS_ERRORS[name][1].split()[-1] in str(caught.value) or name in {"ask", "moved", "loading"}
        client.connection_pool.disconnect()
        assert not fake.calls.of("RPUSH jobs") or not fake.calls.of("RPUSH jobs")[0].handled


def test_text_of_ones_own() -> None:
    with FakeRedis() as fake, redis.Redis.from_url(fake.url) as client:
        fake.inject(redis_error("busygroup", "so it is"))
        with pytest.raises(exceptions.ResponseError, match="BUSYGROUP so it is"):
            client.get("a")
        client.connection_pool.disconnect()


def test_greetings_are_spared_unless_they_are_meant() -> None:
    with FakeRedis() as fake, redis.Redis.from_url(fake.url, protocol=3) as client:
        fake.inject(redis_error("oom"))
        with pytest.raises(exceptions.OutOfMemoryError):
            client.get("a")
        client.connection_pool.disconnect()
        fake.heal()
        fake.on("connect").inject(redis_error("loading"), every=1)
        with pytest.raises(exceptions.BusyLoadingError):
            redis.Redis.from_url(fake.url, protocol=3, retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0)).get("a")


def test_mistakes_are_told_at_the_line() -> None:
    with pytest.raises(UnknownName, match=r"unknown error of Redis 'ooom'\. Did you mean 'oom'"):
        redis_error("ooom")
    with pytest.raises(ScriptingError, match="is no line"):
        redis_error("oom", "one\r\ntwo")


def test_failover_closes_every_connection() -> None:
    with FakeRedis() as fake:
        one, other = (
            redis.Redis.from_url(fake.url, retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0)) for _ in "12"
        )
        other.ping()
        fake.inject(failover())
        assert one.get("a") is None  # reading is no matter
        with pytest.raises(exceptions.ReadOnlyError):
            one.rpush("jobs", "one")
        assert fake.calls[-1].error == "READONLY"  # having looked, we know that the FIN has been sent as well
        assert one.rpush("jobs", "one") == 1
        assert [connection.closed_by for connection in fake.connections] == ["fake", "fake", None]
        one.close()
        other.close()


def test_a_fake_that_fails_over_refuses_writes_until_it_is_healed() -> None:
    with FakeRedis() as fake, redis.Redis.from_url(fake.url) as client:
        fake.failover()
        for _ in range(2):
            with pytest.raises(exceptions.ReadOnlyError):
                client.set("a", 1)
        assert client.get("a") is None
        fake.heal()
        assert client.set("a", 1)
        client.connection_pool.disconnect()
