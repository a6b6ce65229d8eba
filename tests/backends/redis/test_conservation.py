"""Whatever clients do, the ledger and the data agree: what a queue holds, and that each copy ends once."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import redis

from pytest_integrations.backends.redis import FakeRedis
from pytest_integrations.core.delivery import ENDS
from pytest_integrations.faults.queue import duplicate, lost_ack, lost_message, redeliver

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import Messages

pytestmark = pytest.mark.usefixtures("no_leaks")


def check_the_law(messages: Messages) -> None:
    """A copy comes by `routed`, and goes by exactly one end; a delivery ends once."""
    for message in messages:
        held: Counter[str] = Counter()
        for event in message.events:
            held[event.queue] += (event.kind == "routed") - (event.kind in ENDS)
            assert held[event.queue] >= 0, (message.text, message.events)
        ends = Counter(event.delivery for event in message.events if event.delivery and event.kind != "delivered")
        assert set(ends.values()) <= {1}, (message.text, message.events)


def clients_of(fake: FakeRedis, stack: ExitStack, **options: Any) -> list[redis.Redis]:
    clients = [redis.Redis.from_url(fake.url, decode_responses=True, **options) for _ in range(2)]
    for client in clients:
        stack.callback(client.connection_pool.disconnect)
    return clients


def held(messages: Messages, queue: str) -> int:
    return sum(message.places.get(queue, 0) for message in messages)


class Lists:
    """Clients that use a list with all that there is."""

    names = ("jobs", "jobs:work", "jobs:dead")

    def __init__(self, clients: list[redis.Redis], chance: random.Random) -> None:
        self.clients, self.chance = clients, chance
        self.steps = [getattr(self, name) for name in dir(self) if name.startswith("_step")]

    def go(self) -> None:
        self.chance.choice(self.steps)(self.chance.choice(self.clients))

    def _body(self) -> str:
        return self.chance.choice("abcde")

    def _step_push(self, client: redis.Redis) -> None:
        client.rpush("jobs", *[self._body() for _ in range(self.chance.randint(1, 3))])

    _step_push_again = _step_push

    def _step_take(self, client: redis.Redis) -> None:
        client.lmove("jobs", "jobs:work", "LEFT", "RIGHT")

    _step_take_again = _step_take

    def _step_wait(self, client: redis.Redis) -> None:
        client.blmove("jobs", "jobs:work", 0.001, "RIGHT", "LEFT")

    def _step_done(self, client: redis.Redis) -> None:
        client.lrem("jobs:work", self.chance.choice((-1, 1, 2)), self._body())

    def _step_back(self, client: redis.Redis) -> None:
        client.lmove("jobs:work", "jobs", "LEFT", "LEFT")

    def _step_bury(self, client: redis.Redis) -> None:
        client.rpoplpush("jobs:work", "jobs:dead")

    def _step_bury_at_once(self, client: redis.Redis) -> None:
        body = self._body()
        with client.pipeline() as both:
            both.lrem("jobs:work", 1, body)
            both.rpush(self.chance.choice(("jobs:dead", "jobs")), body)
            both.execute()

    def _step_redrive(self, client: redis.Redis) -> None:
        client.lmove("jobs:dead", "jobs", "LEFT", "RIGHT")

    def _step_pop(self, client: redis.Redis) -> None:
        client.lpop(self.chance.choice(("jobs", "jobs:dead")), self.chance.choice((None, 2)))

    def _step_trim(self, client: redis.Redis) -> None:
        client.ltrim("jobs", 1, -1)

    def _step_remove(self, client: redis.Redis) -> None:
        client.lrem("jobs", 1, self._body())

    def _step_delete(self, client: redis.Redis) -> None:
        if self.chance.random() < 0.1:
            client.delete(*self.names)

    def _step_script(self, client: redis.Redis) -> None:
        client.eval("return redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT')", 2, "jobs", "jobs:work")


@pytest.mark.parametrize("faulty", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_lists(seed: int, *, faulty: bool) -> None:
    with FakeRedis() as fake, ExitStack() as stack:
        fake.queue("jobs", processing="jobs:work", dead_letter="jobs:dead")
        if faulty:
            for fault in (lost_message(), duplicate(), redeliver(0.001), lost_ack()):
                fake.inject(fault, every=5)
        clients = clients_of(fake, stack)
        steps = Lists(clients, random.Random(seed))
        for _ in range(300):
            steps.go()
            messages = fake.messages
            waiting = held(messages, "jobs") - sum(
                each.end is None and each.queue == "jobs" for message in messages for each in message.deliveries
            )
            if not faulty:  # a fault acts a moment later, between our looking at the one and at the other
                assert waiting == clients[0].llen("jobs")
        fake.heal()
        check_the_law(fake.messages)


class Streams:
    """Clients that use a stream and a group with all that there is."""

    def __init__(self, clients: list[redis.Redis], chance: random.Random) -> None:
        self.clients, self.chance = clients, chance
        self.taken: list[str] = []
        self.steps = [getattr(self, name) for name in dir(self) if name.startswith("_step")]

    def go(self) -> None:
        self.chance.choice(self.steps)(self.chance.choice(self.clients))

    def _step_add(self, client: redis.Redis) -> None:
        limit: dict[str, Any] = self.chance.choice(({}, {}, {}, {"maxlen": 6, "approximate": False}))
        client.xadd("log", {"body": self.chance.choice("abcde")}, **limit)

    _step_add_again = _step_add

    def _step_read(self, client: redis.Redis) -> None:
        who = self.chance.choice(("me", "you"))
        since = self.chance.choice((">", ">", "0"))
        reply = client.xreadgroup("g", who, {"log": since}, count=self.chance.randint(1, 3)) or ()
        for _, entries in reply.items() if isinstance(reply, dict) else reply:
            nested = entries[0] if isinstance(reply, dict) and entries else entries
            self.taken += [entry for entry, fields in nested if fields]

    def _entry(self) -> str:
        return self.chance.choice(self.taken) if self.taken else "1-1"

    def _step_ack(self, client: redis.Redis) -> None:
        client.xack("log", "g", self._entry(), self._entry())

    def _step_claim(self, client: redis.Redis) -> None:
        client.xclaim("log", "g", "you", 0, [self._entry()])

    def _step_auto_claim(self, client: redis.Redis) -> None:
        client.xautoclaim("log", "g", "me", 0, count=2, justid=self.chance.random() < 0.3)

    def _step_bury(self, client: redis.Redis) -> None:
        entry = self._entry()
        with client.pipeline(transaction=self.chance.random() < 0.5) as both:
            both.xadd("log:dead", {"from": entry})
            both.xack("log", "g", entry)
            both.execute()

    def _step_delete(self, client: redis.Redis) -> None:
        client.xdel("log", self._entry())

    def _step_trim(self, client: redis.Redis) -> None:
        if self.chance.random() < 0.3:
            client.xtrim("log", maxlen=3, approximate=False)


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("faulty", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_streams(seed: int, protocol: int, *, faulty: bool) -> None:
    with FakeRedis() as fake, ExitStack() as stack:
        log = fake.queue("log", "stream", dead_letter="log:dead")
        clients = clients_of(fake, stack, protocol=protocol, legacy_responses=True)
        clients[0].xgroup_create("log", "g", "0", mkstream=True)
        if faulty:
            for fault in (lost_message(), duplicate(), redeliver(0.001), lost_ack()):
                fake.inject(fault, every=5)
        steps = Streams(clients, random.Random(seed))
        for _ in range(300):
            steps.go()
        fake.heal()
        check_the_law(fake.messages)
        if not faulty:
            present = {entry for entry, _ in clients[0].xrange("log")}
            pending = {each["message_id"] for each in clients[0].xpending_range("log", "g", "-", "+", 1000)}
            assert {message.key for message in log.in_flight} == pending & present
            assert {message.key for message in log.messages if message.places.get("log")} <= present
