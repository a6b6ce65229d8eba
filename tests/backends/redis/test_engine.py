"""The engine is tried before it is used, its clock and chance are ours, and nothing of that is left afterwards."""

from __future__ import annotations

import random
import sys
import threading
import time
import types

import fakeredis
import pytest
import redis

from pytest_integrations import IntegrationsError
from pytest_integrations.backends.redis import FakeRedis
from pytest_integrations.backends.redis.engine import known_engine, worded
from pytest_integrations.core.seed import Seed

pytestmark = pytest.mark.usefixtures("no_leaks")


def users_of_time() -> set[str]:
    return {
        name
        for name, module in sys.modules.items()
        if name.startswith("fakeredis") and vars(module).get("time") is time
    }


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"FakeServer": None}, "AttributeError: .*FakeServer"),
        ({"FakeRedisConnection": None}, "AttributeError: .*FakeRedisConnection"),
        ({"FakeServer": dict}, "Error: "),
    ],
)
def test_an_engine_of_another_make_is_named(
    changes: dict[str, object], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctored = types.ModuleType("fakeredis_of_tomorrow")
    doctored.__dict__.update({k: v for k, v in vars(fakeredis).items() if k[:2] != "__"})
    doctored.__dict__["__version__"] = "99.0"
    for name, value in changes.items():
        if value is None:
            delattr(doctored, name)
        else:
            setattr(doctored, name, value)
    monkeypatch.setitem(sys.modules, "fakeredis_of_tomorrow", doctored)
    monkeypatch.setitem(sys.modules, "fakeredis_of_tomorrow.helpers", sys.modules["fakeredis._helpers"])
    with pytest.raises(
        IntegrationsError, match=rf"fakeredis_of_tomorrow 99.0 is installed(?s:.*){complaint}(?s:.*)pip install"
    ):
        known_engine("fakeredis_of_tomorrow")


def test_a_socket_that_lacks_a_method_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    doctored = types.ModuleType("fakeredis_without")
    doctored.FakeServer = fakeredis.FakeServer
    doctored.FakeRedisConnection = lambda **_: types.SimpleNamespace(get_socket=object)
    monkeypatch.setitem(sys.modules, "fakeredis_without", doctored)
    with pytest.raises(IntegrationsError, match="its socket has no method put_response"):
        known_engine("fakeredis_without")


def test_no_engine_at_all() -> None:
    with pytest.raises(IntegrationsError, match="cannot be imported"):
        known_engine("no_such_engine")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ERR BUSYGROUP Consumer Group name already exists", "BUSYGROUP Consumer Group name already exists"),
        ("ERR syntax error", "ERR syntax error"),
        ("WRONGTYPE Operation", "WRONGTYPE Operation"),
        ("numkeys should be greater than 0", "ERR numkeys should be greater than 0"),
    ],
)
def test_errors_have_the_codes_of_redis(said: str, meant: str) -> None:
    assert worded(said) == meant


def test_the_modules_of_the_engine_are_as_they_were() -> None:
    known_engine()
    before = users_of_time()
    assert before
    with FakeRedis("one"), FakeRedis("two") as two:
        assert not users_of_time()
        assert fakeredis._helpers.current_time() == pytest.approx(time.time() * 1000, abs=5000)
        two.stop()
        assert not users_of_time()
    assert users_of_time() == before


def test_each_fake_has_a_clock_of_its_own() -> None:
    class Stopped:
        """A clock that stands still a day ahead, and can be put on."""

        ahead = 86_400.0
        exact = True

        def monotonic(self) -> float:
            return self.ahead

        def wall(self):
            from datetime import UTC, datetime

            return datetime.fromtimestamp(1_000_000_000 + self.ahead, UTC)

        def sleep(self, seconds: float) -> None:
            self.ahead += seconds

    clock = Stopped()
    with (
        FakeRedis("ahead", clock=clock) as ahead,
        FakeRedis("here") as here,
        redis.Redis.from_url(ahead.url) as one,
        redis.Redis.from_url(here.url) as other,
    ):
        assert one.time()[0] == 1_000_086_400
        assert other.time()[0] == pytest.approx(time.time(), abs=5)
        one.set("a", 1, ex=3600)
        other.set("a", 1, ex=3600)
        clock.ahead += 3601
        assert one.get("a") is None
        assert other.get("a") == b"1"


def test_chance_comes_from_the_seed() -> None:
    def drawn(seed: int) -> list[bytes]:
        with FakeRedis(seed=Seed(seed)) as fake, redis.Redis.from_url(fake.url) as client:
            client.rpush("list", *range(5))
            client.sadd("set", *range(100))
            return [client.srandmember("set") for _ in range(8)]

    random.seed(3)
    before = random.getstate()
    assert drawn(1) == drawn(1) != drawn(2)
    assert random.getstate() == before


def test_starting_and_stopping_leaves_nothing() -> None:
    threads = threading.active_count()
    with FakeRedis() as warm:
        warm.ledger.settle()
    for _ in range(500):
        with FakeRedis() as fake:
            fake.queue("jobs")
    assert threading.active_count() <= threads + 1
