"""The same questions of Redis, where a queue is what people make of lists and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis

from pytest_integrations.assertions import (
    assert_all_settled,
    assert_back_pressure,
    assert_dead_lettered,
    assert_delivered,
    assert_duplicates_bounded,
    assert_nothing_lost,
    assert_settle_order,
)
from pytest_integrations.backends.redis.fake import FakeRedis
from pytest_integrations.core.errors import NothingToCheck, ResilienceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("no_leaks")

DOING, DEAD = "orders:doing", "orders.dead"


@pytest.fixture
def broker() -> Iterator[FakeRedis]:
    with FakeRedis() as broker:
        yield broker


@pytest.fixture
def client(broker: FakeRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker.url, decode_responses=True) as client:
        yield client


def _caught(assertion: Any, *args: Any, **wanted: Any) -> str:
    with pytest.raises(ResilienceError) as caught:
        assertion(*args, **wanted)
    return str(caught.value)


def _work_on_list(client: redis.Redis, give_up: Callable[[str], None]) -> None:
    """Move one after the other to the list of what is being done, and handle it."""
    while (body := client.lmove("orders", DOING, "LEFT", "RIGHT")) is not None:
        if body.isdigit():
            client.lrem(DOING, 1, body)
        else:
            give_up(body)


def _list_of(broker: FakeRedis, client: redis.Redis) -> Any:
    orders = broker.queue("orders", processing=DOING, dead_letter=DEAD)
    client.rpush("orders", "1", "poison", "3")
    return orders


def _in_one_transaction(client: redis.Redis, body: str) -> None:
    with client.pipeline(transaction=True) as both:
        both.lrem(DOING, 1, body)
        both.rpush(DEAD, body)
        both.execute()


def _by_one_command(client: redis.Redis, body: str) -> None:
    assert client.lmove(DOING, DEAD, "RIGHT", "RIGHT") == body


def _the_letter_first(client: redis.Redis, body: str) -> None:
    client.rpush(DEAD, body)
    client.lrem(DOING, 1, body)


def _by_a_script(client: redis.Redis, body: str) -> None:
    move = "redis.call('LREM', KEYS[1], 1, ARGV[1]) return redis.call('RPUSH', KEYS[2], ARGV[1])"
    assert client.eval(move, 2, DOING, DEAD, body) == 1


@pytest.mark.parametrize("put_aside", [_in_one_transaction, _by_one_command, _the_letter_first, _by_a_script])
def test_a_sound_list(broker: FakeRedis, client: redis.Redis, put_aside: Callable[[redis.Redis, str], None]) -> None:
    orders = _list_of(broker, client)

    _work_on_list(client, lambda body: put_aside(client, body))

    assert_settle_order(orders.messages, dead_letter=DEAD)

    assert_nothing_lost(orders.messages, dead_letter=DEAD)
    assert_all_settled(orders.messages)
    assert_dead_lettered(orders.messages, ["poison"], to=DEAD, after=1)


def test_let_go_before_it_was_put_aside(broker: FakeRedis, client: redis.Redis) -> None:
    orders = _list_of(broker, client)

    def give_up(body: str) -> None:
        client.lrem(DOING, 1, body)  # whoever dies here has lost it
        client.rpush(DEAD, body)

    _work_on_list(client, give_up)

    text = _caught(assert_settle_order, orders.messages, dead_letter=DEAD)
    assert text.startswith("message 2 to orders was acked before its dead letter in orders.dead was confirmed\n")


def test_a_swallowed_exception(broker: FakeRedis, client: redis.Redis) -> None:
    orders = _list_of(broker, client)

    _work_on_list(client, lambda body: client.lrem(DOING, 1, body))

    assert "acked after 1 delivery" in _caught(assert_dead_lettered, orders.messages, ["poison"], to=DEAD)


def test_a_worker_that_dies_and_nobody_looks_after(broker: FakeRedis, client: redis.Redis) -> None:
    orders = _list_of(broker, client)

    client.lmove("orders", DOING, "LEFT", "RIGHT")

    assert "is in flight since" in _caught(assert_all_settled, orders.messages)
    assert "still" not in _caught(assert_nothing_lost, orders.messages).splitlines()[0]


def test_a_pop_keeps_nothing(broker: FakeRedis, client: redis.Redis) -> None:
    orders = broker.queue("orders")
    client.rpush("orders", "1", "2")

    while client.lpop("orders") is not None:
        pass

    with pytest.raises(NothingToCheck, match="every message counted as acked when it was sent"):
        assert_all_settled(orders.messages)


def test_a_full_list_is_told(broker: FakeRedis, client: redis.Redis) -> None:
    orders = broker.queue("orders", max_length=2)
    client.rpush("orders", "1", "2")
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        client.rpush("orders", "3")

    assert_back_pressure(orders.messages, "orders", limit=2)
    assert_nothing_lost(orders.messages, dead_letter="orders")


def _stream_of(broker: FakeRedis, client: redis.Redis) -> Any:
    orders = broker.queue("orders", "stream", dead_letter=DEAD, group="workers")
    client.xgroup_create("orders", "workers", mkstream=True)
    for body in ("1", "poison", "3"):
        client.xadd("orders", {"body": body})
    return orders


def _entries(client: redis.Redis) -> list[Any]:
    return [entry for _, entries in client.xreadgroup("workers", "one", {"orders": ">"}) for entry in entries]


def _added_and_acked(client: redis.Redis, key: str, body: str) -> None:
    client.xadd(DEAD, {"body": body, "of": key})
    client.xack("orders", "workers", key)


def _acked_and_added_in_one(client: redis.Redis, key: str, body: str) -> None:
    with client.pipeline(transaction=True) as both:
        both.xack("orders", "workers", key)
        both.xadd(DEAD, {"body": body, "of": key})
        both.execute()


@pytest.mark.parametrize("put_aside", [_added_and_acked, _acked_and_added_in_one])
def test_a_sound_stream(
    broker: FakeRedis, client: redis.Redis, put_aside: Callable[[redis.Redis, str, str], None]
) -> None:
    orders = _stream_of(broker, client)

    for key, fields in _entries(client):
        if fields["body"].isdigit():
            client.xack("orders", "workers", key)
        else:
            put_aside(client, key, fields["body"])

    assert_settle_order(orders.messages, dead_letter=DEAD)
    assert_all_settled(orders.messages)
    assert_dead_lettered(orders.messages, ["poison"], to=DEAD, after=1)


def test_an_entry_that_is_acked_before_it_is_put_aside(broker: FakeRedis, client: redis.Redis) -> None:
    orders = _stream_of(broker, client)

    for key, fields in _entries(client):
        client.xack("orders", "workers", key)
        if not fields["body"].isdigit():
            client.xadd(DEAD, {"body": fields["body"], "of": key})

    text = _caught(assert_settle_order, orders.messages, dead_letter=DEAD)
    assert text.startswith("message 2 to orders was acked before its dead letter in orders.dead was confirmed\n")


def test_without_a_dead_letter_there_is_no_order_to_check(broker: FakeRedis, client: redis.Redis) -> None:
    orders = _list_of(broker, client)

    _work_on_list(client, lambda body: client.lrem(DOING, 1, body))

    with pytest.raises(NothingToCheck, match=r"nothing was published to orders\.dead"):
        assert_settle_order(orders.messages, dead_letter=DEAD)


def test_a_stream_that_nobody_acks(broker: FakeRedis, client: redis.Redis) -> None:
    orders = _stream_of(broker, client)

    _entries(client)

    assert _caught(assert_all_settled, orders.messages).startswith("3 of 3 deliveries were never settled")


def test_an_entry_that_is_claimed_and_done_twice(broker: FakeRedis, client: redis.Redis) -> None:
    orders = _stream_of(broker, client)
    handled = [fields["body"] for _, fields in _entries(client)[:1]]  # and then the worker dies

    _, claimed, *_ = client.xautoclaim("orders", "workers", "two", min_idle_time=0)
    for key, fields in claimed:
        handled.append(fields["body"])
        client.xack("orders", "workers", key)

    assert_nothing_lost(orders.messages)
    assert "took effect 2 times" in _caught(assert_duplicates_bounded, orders.messages, handled)
    assert "saw 2" in _caught(assert_delivered, orders.messages, exactly=1, effects=handled)


def test_an_entry_that_is_trimmed_before_it_is_done(broker: FakeRedis, client: redis.Redis) -> None:
    orders = _stream_of(broker, client)

    client.xtrim("orders", maxlen=1, approximate=False)

    text = _caught(assert_nothing_lost, orders.messages)
    assert text.startswith("2 of 3 messages were lost: message 1 to orders was confirmed to its producer, and then")
