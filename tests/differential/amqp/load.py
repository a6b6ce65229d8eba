"""A random load: topologies and operations, the same for the same seed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from .world import World

_OVERFLOWS = ("drop-head", "reject-publish", "reject-publish-dlx")


def topology(random: Random, label: str) -> Topology:
    """Some exchanges, and some queues with limits and dead letters.

    Two queues of RabbitMQ are two processes: if both dead-letter into a third at the same time, the order in that is
    nobody's promise. So no queue here gets dead letters from two others: either messages go to many queues at once, and
    each has a queue of its own for its dead letters (wide), or they go to one queue, and the dead letters on to others,
    and round in circles (deep).
    """
    is_wide = random.random() < 0.5
    names = [f"q{label}.{each}" for each in range(random.randint(2, 4) if is_wide else random.randint(3, 6))]
    exchanges = [f"x{label}.{kind}" for kind in ("direct", "fanout", "topic", "headers")]
    parts: list[tuple[str, dict[str, Any]]] = []
    for name in exchanges:
        arguments = {"alternate-exchange": exchanges[1]} if random.random() < 0.3 and "fanout" not in name else {}
        kind = name.rpartition(".")[2]
        parts.append(("exchange", {"exchange": name, "exchange_type": kind, "arguments": arguments}))
    dead_letters = [f"{name}.dead" for name in names] if is_wide else random.sample(names, len(names))
    queues = [*names, *(dead_letters if is_wide else ())]
    for place, name in enumerate(queues):
        arguments = _limits(random)
        if place < len(names) and random.random() < 0.6:
            arguments |= _dead_letter(random, exchanges[0], dead_letters[place])
        parts.append(("queue", {"queue": name, "arguments": arguments}))
    parts += [("bind", {"queue": name, "exchange": exchanges[0], "routing_key": name}) for name in dead_letters]
    if is_wide:
        parts += _bindings(random, exchanges, names)
    return Topology(is_wide, parts, queues, exchanges, {1: random.choice(queues), 2: random.choice(queues)})


@dataclass(frozen=True)
class Topology:
    """What there is in one round."""

    is_wide: bool
    parts: list[tuple[str, dict[str, Any]]]
    queues: list[str]
    exchanges: list[str]
    consumed: dict[int, str]
    """The one queue that the consumers of a channel consume: two queues would race for its delivery tags."""

    def is_single_active(self, channel: int) -> bool:
        """Tell whether the queue that is consumed on *channel* serves one consumer at a time."""
        return any(
            part["queue"] == self.consumed[channel] and "x-single-active-consumer" in part["arguments"]
            for kind, part in self.parts
            if kind == "queue"
        )


def _bindings(random: Random, exchanges: list[str], names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for _ in range(random.randint(3, 8)):
        exchange = random.choice(exchanges)
        key = random.choice(("a", "b", "a.b", "a.*", "#", "#.b", "*.*"))
        arguments: dict[str, Any] = {}
        if "headers" in exchange:
            arguments = {"x-match": random.choice(("any", "all")), "h": random.randint(0, 2), "k": "v"}
        queue = random.choice(names)
        yield "bind", {"queue": queue, "exchange": exchange, "routing_key": key, "arguments": arguments}
    if random.random() < 0.5:
        yield "ebind", {"source": exchanges[0], "destination": exchanges[2], "routing_key": "a"}


def _dead_letter(random: Random, direct: str, target: str) -> dict[str, Any]:
    exchange = random.choice(("", direct))
    return {"x-dead-letter-exchange": exchange, "x-dead-letter-routing-key": target}


def _limits(random: Random) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if random.random() < 0.5:
        arguments["x-max-length"] = random.randint(0, 4)
        arguments["x-overflow"] = random.choice(_OVERFLOWS)
    elif random.random() < 0.2:
        arguments["x-max-length-bytes"] = random.randint(5, 40)
        arguments["x-overflow"] = random.choice(_OVERFLOWS)
    if random.random() < 0.3:
        arguments["x-max-priority"] = random.randint(1, 5)
    if random.random() < 0.15:
        arguments["x-message-ttl"] = 0
    if random.random() < 0.15:
        arguments["x-single-active-consumer"] = True
    return arguments


@dataclass
class Load:
    """Chooses what to do next, from what one of the worlds has; both must agree on that."""

    random: Random
    label: str
    topology: Topology
    consumers: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def step(self) -> tuple[str, Any]:
        """Choose an operation."""
        random = self.random
        self.count += 1
        kinds = ("publish", "get", "settle", "recover", "consume", "cancel", "purge", "transaction", "expiring")
        kind = random.choices(kinds, (32, 16, 26, 2, 6, 4, 1, 4, 1.5))[0]
        channel = random.choices((1, 2, 3), (5, 3, 2))[0]
        return kind, getattr(self, f"_{kind}")(channel)

    def _publish(self, channel: int) -> Any:
        random = self.random
        is_wide = self.topology.is_wide
        to_queue = random.random() < 0.5
        headers: dict[str, Any] = {"h": random.randint(0, 2), "k": random.choice("vw")}
        if is_wide and random.random() < 0.15:
            headers["CC"] = [random.choice((*self.topology.queues, "a", "b"))]
        if is_wide and random.random() < 0.1:
            headers["BCC"] = [random.choice((*self.topology.queues, "a", "b"))]
        arguments = {
            "body": f"{self.label}.{self.count}".encode() + b"." * random.randint(0, 9),
            "exchange": "" if to_queue else random.choice(self.topology.exchanges),
            "key": random.choice((*self.topology.queues, "nowhere"))
            if to_queue
            else random.choice(("a", "b", "a.b", "c")),
            "mandatory": random.random() < 0.3,
            "headers": headers,
        }
        if {"CC", "BCC"} & headers.keys():
            arguments["mandatory"] = False  # RabbitMQ 3.10 returns nothing where two keys or more reach no queue
        if random.random() < 0.4:
            arguments["priority"] = random.randint(0, 9)
        if random.random() < 0.05:
            arguments["expiration"] = "0"
        return channel, arguments

    def _expiring(self, channel: int) -> Any:
        channel, arguments = self._publish(self.random.choice((1, 2)))
        return channel, {**arguments, "expiration": str(self.random.choice((10, 20)))}

    def _get(self, channel: int) -> Any:
        return channel, self.random.choice(self.topology.queues), self.random.random() < 0.3

    def _settle(self, channel: int) -> Any:
        random = self.random
        return (
            channel,
            random.choice(("ack", "nack", "reject")),
            random.random(),
            random.random() < 0.3,
            random.random() < 0.6,
        )

    def _recover(self, channel: int) -> Any:
        return self.random.choice((1, 2))

    def _consume(self, channel: int) -> Any:
        tag = f"{'na' if self.random.random() < 0.2 else 'c'}{self.count}"
        self.consumers[tag] = channel = self.random.choice((1, 2))
        queue = self.topology.consumed[channel]
        arguments = {"queue": queue, "consumer_tag": tag, "no_ack": tag[:2] == "na"}
        if self.random.random() < 0.3:
            arguments["arguments"] = {"x-priority": self.random.randint(-1, 3)}
        return channel, arguments, self.random.choice((1, 1, 2, 3))

    def _cancel(self, channel: int) -> Any:
        tags = [tag for tag, channel in self.consumers.items() if not self.topology.is_single_active(channel)]
        if not tags:
            return None
        tag = self.random.choice(sorted(tags))
        return self.consumers.pop(tag), tag

    def _purge(self, channel: int) -> Any:
        return self.random.choice(self.topology.queues)

    def _transaction(self, channel: int) -> Any:
        return self.random.random() < 0.7


def perform(world: World, kind: str, what: Any) -> Any:
    """Do an operation in a *world*, and return all that it shows."""
    result = _OPERATIONS[kind](world, what) if what is not None else None
    return [result, *world.sync(), {channel: list(tags) for channel, tags in world.held.items()}]


def _settle(world: World, what: Any) -> None:
    channel, how, place, multiple, requeue = what
    held = world.held[channel]
    if held:
        tag = held[int(place * len(held))]
        world.settle(channel, how, tag, multiple=multiple and how != "reject", requeue=requeue)


def _expire(world: World, what: Any) -> Any:
    result = world.publish(*what)
    time.sleep(0.06)
    return result


_OPERATIONS = {
    "publish": lambda world, what: world.publish(*what),
    "expiring": _expire,
    "get": lambda world, what: world.get(what[0], what[1], no_ack=what[2]),
    "settle": _settle,
    "consume": lambda world, what: world.consume(*what),
    "cancel": lambda world, what: world.cancel(*what),
    "recover": lambda world, what: world.recover(what),
    "purge": lambda world, what: world.purge(what),
    "transaction": lambda world, what: world.end_transaction(commit=what),
}
