"""What happens to entries in streams, as the ledger tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis

from pytest_integrations.faults.queue import duplicate, empty_receive, lost_ack, lost_message, redeliver, reorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.queues import Queue
    from pytest_integrations.backends.redis import FakeRedis
    from pytest_integrations.core.delivery import QueueMessage

pytestmark = pytest.mark.usefixtures("no_leaks")

ARRIVAL = ["published", "routed", "confirmed"]


def story(message: QueueMessage) -> list[str]:
    return [event.kind for event in message.events]


@pytest.fixture
def log(broker: FakeRedis, client: redis.Redis) -> Queue:
    log = broker.queue("log", "stream", dead_letter="log:dead", group="g")
    client.xgroup_create("log", "g", "0", mkstream=True)
    return log


def read(client: redis.Redis, who: str = "me", count: int = 1, **options: object) -> list[str]:
    reply = client.xreadgroup("g", who, {"log": ">"}, count=count, **options)
    entries = reply["log"][0] if isinstance(reply, dict) else reply[0][1] if reply else []
    return [entry[0] for entry in entries]


def test_added_read_and_acknowledged(client: redis.Redis, log: Queue) -> None:
    entry = client.xadd("log", {"body": "one", "tries": 1})
    (message,) = log.messages
    assert (message.text, message.key, dict(message.headers)) == ("one", entry, {"body": "one", "tries": "1"})
    assert read(client) == [entry]
    assert log.in_flight == [message]
    assert client.xack("log", "g", entry) == 1
    assert story(message) == [*ARRIVAL, "delivered", "acked"]
    assert message.deliveries[0].consumer == "me"


@pytest.mark.parametrize(
    "again",
    [
        lambda client, entry: client.xclaim("log", "g", "you", 0, [entry]),
        lambda client, _entry: client.xautoclaim("log", "g", "you", 0),
        lambda client, _entry: client.xreadgroup("g", "me", {"log": "0"}),
    ],
    ids=["XCLAIM", "XAUTOCLAIM", "XREADGROUP 0"],
)
def test_delivered_again(client: redis.Redis, log: Queue, again: Callable[[redis.Redis, str], object]) -> None:
    entry = client.xadd("log", {"body": "one"})
    read(client)
    again(client, entry)
    client.xack("log", "g", entry)
    (message,) = log.messages
    assert story(message) == [*ARRIVAL, "delivered", "requeued", "delivered", "acked"]
    assert [delivery.redelivered for delivery in message.deliveries] == [False, True]


@pytest.mark.parametrize(
    "fields",
    [lambda _entry: {"body": "poison", "reason": "bad"}, lambda entry: {"original": entry}],
    ids=["body", "id"],
)
@pytest.mark.parametrize("atomic", [False, True])
def test_dead_lettered(client: redis.Redis, log: Queue, fields: Callable[[str], dict], *, atomic: bool) -> None:
    entry = client.xadd("log", {"body": "poison"})
    read(client)
    with client.pipeline(transaction=atomic) as both:
        if atomic:
            both.xack("log", "g", entry)
        both.xadd("log:dead", fields(entry))
        both.xack("log", "g", entry)
        both.execute()
    (message,) = log.messages
    assert story(message) == [*ARRIVAL, "delivered", "dead_lettered", "routed"]
    assert message.places == {"log:dead": 1}


@pytest.mark.parametrize(
    ("act", "end", "reason"),
    [
        (lambda client, _entry: client.xadd("log", {"body": "new"}, maxlen=1, approximate=False), "dropped", "maxlen"),
        (lambda client, _entry: client.xtrim("log", maxlen=0, approximate=False), "dropped", "xtrim"),
        (lambda client, entry: client.xdel("log", entry), "dropped", "xdel"),
        (lambda client, _entry: client.delete("log"), "purged", "del"),
        (lambda client, _entry: client.flushdb(), "purged", "flushdb"),
        (lambda client, _entry: client.xgroup_delconsumer("log", "g", "me"), "dropped", "xgroup delconsumer"),
    ],
)
def test_lost_before_it_was_acknowledged(client: redis.Redis, log: Queue, act: Callable, end: str, reason: str) -> None:
    entry = client.xadd("log", {"body": "one"})
    read(client)
    act(client, entry)
    last = log.messages[0].events[-1]
    assert (last.kind, last.reason, last.delivery) == (end, reason, 1)


def test_what_was_acknowledged_may_be_trimmed(client: redis.Redis, log: Queue) -> None:
    entry = client.xadd("log", {"body": "one"})
    read(client)
    client.xack("log", "g", entry)
    client.xtrim("log", maxlen=0, approximate=False)
    assert story(log.messages[0])[-1] == "acked"


def test_a_second_group_does_not_deliver_twice(client: redis.Redis, log: Queue) -> None:
    client.xadd("log", {"body": "one"})
    client.xgroup_create("log", "audit", "0")
    client.xreadgroup("audit", "them", {"log": ">"})
    assert log.messages[0].deliveries == ()


def test_noack_acknowledges_at_once(client: redis.Redis, log: Queue) -> None:
    client.xadd("log", {"body": "one"})
    read(client, noack=True)
    assert story(log.messages[0]) == [*ARRIVAL, "delivered", "acked"]


def test_an_entry_without_a_body_is_all_of_its_fields(client: redis.Redis, log: Queue) -> None:
    client.xadd("log", {"a": 1, "b": 2})
    client.xadd("log", {"only": "this"})
    assert log.messages.bodies == [b"a=1\nb=2", b"this"]


def test_the_test_publishes_and_a_full_stream_tells(broker: FakeRedis, client: redis.Redis) -> None:
    log = broker.queue("log", "stream", max_length=1)
    message = log.publish("one", {"tries": 2})
    assert client.xrange("log") == [(message.key, {"body": "one", "tries": "2"})]
    assert story(log.publish("two")) == ["published", "rejected", "refused"]
    assert client.xlen("log") == 1


def test_faults_on_entries(broker: FakeRedis, client: redis.Redis, log: Queue) -> None:
    log.inject(lost_message())
    assert "-" in client.xadd("log", {"body": "lost"})
    assert client.xlen("log") == 0
    assert story(log.messages[0]) == ["published", "routed", "dropped", "confirmed"]

    one, two, three = (client.xadd("log", {"body": body}) for body in ("one", "two", "three"))
    log.inject(duplicate())
    assert read(client) == [one, one]
    assert len(log.messages[1].deliveries) == 2
    broker.on("ack").inject(lost_ack())
    assert client.xack("log", "g", one) == 1
    assert client.xpending("log", "g")["pending"] == 1

    log.inject(reorder())
    assert read(client, count=2) == [three, two]

    four = client.xadd("log", {"body": "four"})
    log.inject(redeliver())
    assert read(client) == [four]
    broker.ledger.settle()
    claimed = client.xautoclaim("log", "g", "you", min_idle_time=3_600_000)
    assert [entry[0] for entry in claimed[1]] == [four]
    assert story(log.messages[4]) == [*ARRIVAL, "delivered", "requeued", "delivered"]

    five = client.xadd("log", {"body": "five"})
    log.inject(redeliver())
    assert read(client) == [five]
    broker.ledger.settle()
    assert client.xack("log", "g", five) == 1  # too late, but nobody has claimed it
    assert story(log.messages[5]) == [*ARRIVAL, "delivered", "requeued", "acked"]
    assert not log.messages[5].places


@pytest.mark.parametrize(
    ("ask", "nothing"),
    [
        (("XAUTOCLAIM", "log", "g", "you", "0", "0"), ["0-0", [], []]),
        (("XCLAIM", "log", "g", "you", "0", "1-1"), []),
        (("ZPOPMIN", "scores"), []),
        (("XREADGROUP", "GROUP", "g", "me", "STREAMS", "log", ">"), None),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_nothing_is_told_as_each_command_tells_it(
    broker: FakeRedis, log: Queue, ask: tuple[str, ...], nothing: list[object] | None
) -> None:
    log.publish("one")
    raw = redis.Redis.from_url(broker.url, decode_responses=True)
    raw.response_callbacks.clear()
    broker.inject(empty_receive())
    assert raw.execute_command(*ask) == nothing
    raw.close()


def test_who_claims_nothing_goes_on(broker: FakeRedis, client: redis.Redis, log: Queue) -> None:
    log.publish("one")
    (entry,) = read(client)
    broker.inject(empty_receive())
    assert client.xautoclaim("log", "g", "you", 0)[1] == []
    assert [claimed for claimed, _ in client.xautoclaim("log", "g", "you", 0)[1]] == [entry]
