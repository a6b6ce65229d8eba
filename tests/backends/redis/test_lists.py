"""What happens to messages in lists, as the ledger tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis

from pytest_integrations import ScriptingError
from pytest_integrations.core.errors import CannotPerform
from pytest_integrations.faults import lost_response, status
from pytest_integrations.faults.queue import (
    duplicate,
    empty_receive,
    lost_ack,
    lost_confirm,
    lost_message,
    queue_full,
    redeliver,
    refused_publish,
    reorder,
)
from pytest_integrations.faults.redis import redis_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.queues import Queue
    from pytest_integrations.backends.redis import FakeRedis
    from pytest_integrations.core.delivery import QueueMessage
    from pytest_integrations.timekeeping import VirtualClock

pytestmark = pytest.mark.usefixtures("no_leaks")

ARRIVAL = ["published", "routed", "confirmed"]


def story(message: QueueMessage) -> list[str]:
    return [event.kind for event in message.events]


@pytest.fixture
def jobs(broker: FakeRedis) -> Queue:
    return broker.queue("jobs", processing="jobs:work", dead_letter="jobs:dead")


def take(client: redis.Redis) -> str:
    return client.lmove("jobs", "jobs:work", "LEFT", "RIGHT")


def test_pushed_taken_and_done(client: redis.Redis, jobs: Queue) -> None:
    client.rpush("jobs", "one", "two")
    assert [story(message) for message in jobs.messages] == [ARRIVAL, ARRIVAL]
    body = take(client)
    (message,) = jobs.in_flight
    assert message.text == body == "one"
    client.lrem("jobs:work", 1, body)
    assert story(message) == [*ARRIVAL, "delivered", "acked"]
    assert message.deliveries[0].outcome == "acked"
    assert message.places == {}
    assert [each.text for each in jobs.ready] == ["two"]


@pytest.mark.parametrize(
    "bury",
    [
        lambda client, _body: client.lmove("jobs:work", "jobs:dead", "LEFT", "RIGHT"),
        lambda client, body: (client.rpush("jobs:dead", body), client.lrem("jobs:work", 1, body)),
        lambda client, body: client.pipeline().lrem("jobs:work", 1, body).rpush("jobs:dead", body).execute(),
        lambda client, body: client.eval(
            "redis.call('LREM', KEYS[1], 1, ARGV[1]) redis.call('RPUSH', KEYS[2], ARGV[1])",
            2,
            "jobs:work",
            "jobs:dead",
            body,
        ),
    ],
    ids=["move", "push, then remove", "transaction", "script"],
)
def test_dead_lettered(client: redis.Redis, jobs: Queue, bury: Callable[[redis.Redis, str], object]) -> None:
    client.rpush("jobs", "poison")
    bury(client, take(client))
    (message,) = jobs.messages
    assert story(message) == [*ARRIVAL, "delivered", "dead_lettered", "routed"]
    assert message.places == {"jobs:dead": 1}
    assert jobs.dead_letters == [message]
    assert jobs.fake.dead_letters == [message]


def test_acknowledged_before_it_is_buried_is_acknowledged(client: redis.Redis, jobs: Queue) -> None:
    client.rpush("jobs", "poison")
    body = take(client)
    client.lrem("jobs:work", 1, body)
    client.rpush("jobs:dead", body)  # a crash between the two loses it: these are two messages, not one
    assert [story(message) for message in jobs.fake.messages] == [[*ARRIVAL, "delivered", "acked"], ARRIVAL]


@pytest.mark.parametrize(
    "give_back",
    [
        lambda client, _body: client.lmove("jobs:work", "jobs", "LEFT", "RIGHT"),
        lambda client, body: client.pipeline().lrem("jobs:work", 1, body).rpush("jobs", body).execute(),
    ],
    ids=["move", "transaction"],
)
def test_given_back_and_taken_again(client: redis.Redis, jobs: Queue, give_back: Callable) -> None:
    client.rpush("jobs", "one")
    give_back(client, take(client))
    take(client)
    (message,) = jobs.messages
    assert story(message) == [*ARRIVAL, "delivered", "requeued", "delivered"]
    assert [delivery.redelivered for delivery in message.deliveries] == [False, True]


def test_moved_back_out_of_the_dead_letter_queue(client: redis.Redis, jobs: Queue) -> None:
    client.rpush("jobs", "one")
    take(client)
    client.lmove("jobs:work", "jobs:dead", "LEFT", "RIGHT")
    client.lmove("jobs:dead", "jobs", "LEFT", "RIGHT")
    (message,) = jobs.messages
    assert story(message)[-4:] == ["dead_lettered", "routed", "redriven", "routed"]
    assert message.places == {"jobs": 1}


def test_popped_is_acknowledged(broker: FakeRedis, client: redis.Redis) -> None:
    jobs = broker.queue("jobs")
    client.rpush("jobs", "one", "two")
    assert client.lpop("jobs") == "one"
    assert list(client.blpop("jobs", 1)) == ["jobs", "two"]
    assert [story(message) for message in jobs.messages] == [[*ARRIVAL, "delivered", "acked"]] * 2


def test_popped_and_buried(broker: FakeRedis, client: redis.Redis) -> None:
    jobs = broker.queue("jobs", dead_letter="jobs:dead")
    client.rpush("jobs", "good", "poison")
    client.lpop("jobs")
    client.rpush("jobs:dead", client.lpop("jobs"))
    client.lpop("jobs")
    assert [story(message)[3:] for message in jobs.messages] == [
        ["delivered", "acked"],
        ["delivered", "dead_lettered", "routed"],
    ]


@pytest.mark.parametrize("dead_letter", [None, "jobs:dead"])
def test_popped_by_somebody_who_never_got_it_is_lost(broker: FakeRedis, dead_letter: str | None) -> None:
    jobs = broker.queue("jobs", dead_letter=dead_letter)
    jobs.publish("one")
    broker.on("receive").inject(lost_response())
    consumer = redis.Redis.from_url(broker.url, retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0))
    with consumer, pytest.raises(redis.ConnectionError):
        consumer.blpop("jobs", 1)
    (message,) = jobs.messages
    assert story(message) == [*ARRIVAL, "delivered", "dropped"]
    assert message.events[-1].reason == "connection lost"


def test_a_full_queue_tells_its_producer(broker: FakeRedis, client: redis.Redis) -> None:
    jobs = broker.queue("jobs", max_length=2)
    client.rpush("jobs", "one", "two")
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        client.rpush("jobs", "three")
    assert story(jobs.messages[2]) == ["published", "rejected", "refused"]
    assert client.llen("jobs") == 2
    client.lpop("jobs")
    assert client.rpush("jobs", "four") == 2


@pytest.mark.parametrize(
    ("act", "end", "reason"),
    [
        (lambda client: client.delete("jobs"), "purged", "del"),
        (lambda client: client.flushall(), "purged", "flushall"),
        (lambda client: client.ltrim("jobs", 1, 0), "dropped", "ltrim"),
        (lambda client: client.lrem("jobs", 0, "one"), "dropped", "lrem"),
    ],
)
def test_thrown_away(client: redis.Redis, jobs: Queue, act: Callable, end: str, reason: str) -> None:
    client.rpush("jobs", "one")
    act(client)
    assert (jobs.messages[0].events[-1].kind, jobs.messages[0].events[-1].reason) == (end, reason)


def test_the_time_to_live_of_a_queue(virtual_clock: VirtualClock, client: redis.Redis, jobs: Queue) -> None:
    client.rpush("jobs", "one")
    client.expire("jobs", 60)
    virtual_clock.sleep(61)
    assert story(jobs.messages[0])[-1] == "expired"


def test_the_test_publishes(broker: FakeRedis, client: redis.Redis, jobs: Queue) -> None:
    message = jobs.publish("one")
    assert story(message) == ARRIVAL
    assert client.lrange("jobs", 0, -1) == ["one"]
    with pytest.raises(ScriptingError, match="no headers="):
        jobs.publish("one", {"a": 1})
    with pytest.raises(ScriptingError, match=r"declare it with fake_redis.queue\('other'\)"):
        broker.publish("other", "one")


def test_what_is_there_before_the_queue_is_declared(broker: FakeRedis, client: redis.Redis) -> None:
    client.rpush("jobs", "early")
    jobs = broker.queue("jobs")
    client.rpush("jobs", "late")
    assert [story(message) for message in jobs.messages] == [ARRIVAL[:2], ARRIVAL]
    again = broker.queue("jobs", max_length=2)
    assert len(again.messages) == 2


def test_other_databases_have_other_queues(broker: FakeRedis, client: redis.Redis, jobs: Queue) -> None:
    client.rpush("jobs", "one")
    with redis.Redis.from_url(broker.url.replace("/0", "/1")) as elsewhere:
        elsewhere.rpush("jobs", "not here")
        elsewhere.delete("jobs")
        elsewhere.flushdb()
        assert [story(message) for message in jobs.messages] == [ARRIVAL]
        elsewhere.flushall()
        assert story(jobs.messages[0]) == [*ARRIVAL, "purged"]
        elsewhere.connection_pool.disconnect()


def test_what_a_redis_cannot_do_is_told_at_the_line(broker: FakeRedis) -> None:
    for fault in (refused_publish(), lost_confirm(), status(503)):
        with pytest.raises(CannotPerform, match="it can: Copies, Cut, Delay"):
            broker.inject(fault)


def test_a_refused_push_aborts_its_transaction(broker: FakeRedis, client: redis.Redis, jobs: Queue) -> None:
    broker.on("publish").inject(queue_full())
    with pytest.raises(redis.ResponseError, match="command not allowed"):
        client.pipeline().rpush("jobs", "one").set("a", 1).execute()
    assert client.get("a") is None
    assert story(jobs.messages[0]) == ["published", "rejected", "refused"]


def test_wrong_settings(broker: FakeRedis) -> None:
    for settings, message in (
        ({"kind": "set"}, "kind='set' is unknown"),
        ({"max_length": 0}, "max_length=0"),
        ({"dead_letter": "jobs"}, "its own dead_letter="),
        ({"kind": "stream", "processing": "work"}, "processing='work' is for lists"),
        ({"group": "g"}, "group='g' is for streams"),
    ):
        with pytest.raises(ScriptingError, match=message):
            broker.queue("jobs", **settings)


def test_faults_on_messages(broker: FakeRedis, client: redis.Redis, jobs: Queue) -> None:
    jobs.inject(lost_message())
    assert client.rpush("jobs", "lost") == 1
    assert client.llen("jobs") == 0
    assert story(jobs.messages[0]) == ["published", "routed", "dropped", "confirmed"]
    assert jobs.messages[0].of("dropped")[0].fault == lost_message()

    client.rpush("jobs", "a", "b", "c")
    jobs.inject(reorder(3))
    assert take(client) == "c"
    jobs.inject(duplicate())
    assert [take(client), take(client), take(client)] == ["b", "b", "a"]
    assert len(jobs.messages[2].deliveries) == 2

    client.rpush("jobs", "d")
    jobs.inject(empty_receive())
    assert take(client) is None
    assert take(client) == "d"

    broker.on("ack").inject(lost_ack())
    assert client.lrem("jobs:work", 1, "d") == 1
    assert "d" in client.lrange("jobs:work", 0, -1)

    jobs.inject(queue_full())
    with pytest.raises(redis.ResponseError, match="command not allowed"):
        client.rpush("jobs", "e")
    jobs.inject(redis_error("misconf"))
    with pytest.raises(redis.ResponseError, match="MISCONF"):
        client.rpush("jobs", "e")
    assert [story(each) for each in jobs.messages[-2:]] == [["published", "rejected", "refused"]] * 2


def test_given_to_somebody_else_as_well(client: redis.Redis, jobs: Queue) -> None:
    client.rpush("jobs", "one")
    jobs.inject(redeliver(0.01))
    assert take(client) == "one"
    assert client.blmove("jobs", "jobs:work", 5, "LEFT", "RIGHT") == "one"
    (message,) = jobs.messages
    assert story(message) == [*ARRIVAL, "delivered", "requeued", "delivered"]
    assert message.of("requeued")[0].reason == "taken back"


def test_an_unanswered_push_is_not_confirmed(broker: FakeRedis, jobs: Queue) -> None:
    with redis.Redis.from_url(broker.url, retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0)) as producer:
        broker.on("publish").inject(lost_response())
        with pytest.raises(redis.ConnectionError):
            producer.rpush("jobs", "one")
    assert story(jobs.messages[0]) == ["published", "routed"]
    assert jobs.messages[0].producer_was_told == "nothing"


def test_many_messages_each_end_once(broker: FakeRedis, client: redis.Redis, jobs: Queue) -> None:
    for number in range(300):
        client.rpush("jobs", f"job {number % 7}")
    while body := take(client):
        if body.endswith("3"):
            client.lmove("jobs:work", "jobs:dead", "LEFT", "RIGHT")
        else:
            client.lrem("jobs:work", 1, body)
    ends = [
        [event.kind for event in message.events if event.kind in {"acked", "dead_lettered"}]
        for message in jobs.messages
    ]
    assert all(len(end) == 1 for end in ends)
    assert len(jobs.dead_letters) == client.llen("jobs:dead") == 43
