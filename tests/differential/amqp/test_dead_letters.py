"""Dead letters, byte for byte; quorum queues, whose counts settle a moment later, in scripts instead of at random."""

from __future__ import annotations

import re
import struct
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.wire.amqp.client import Basic, Channel, Client, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.amqp.fake import FakeAmqp

pytestmark = pytest.mark.differential

_MOMENT = re.compile(rb"\x04timeT.{8}", re.DOTALL)


def timeless(came: Any) -> tuple[bytes, bytes, str, str, bool]:
    """What came, with all times of death made equal; the properties are raw."""
    raw = _MOMENT.sub(b"\x04timeT" + bytes(8), came.raw_properties)
    return raw, came.body, came.method.exchange, came.method.routing_key, came.method.redelivered


def until(get: Callable[[], Any]) -> Any:
    """Ask until there is something: dead letters, and all of quorum queues, take a moment."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        came = get()
        if came is not None:
            return came
        time.sleep(0.01)
    msg = "nothing came"
    raise AssertionError(msg)


def declare(client: Client, queue: str, **arguments: Any) -> None:
    client.ask(Queue.Delete(queue=queue))
    client.ask(
        Queue.Declare(
            queue=queue, durable=True, arguments={name.replace("_", "-"): value for name, value in arguments.items()}
        )
    )


def rejected(client: Client) -> list[Any]:
    """Round and round: rejected out of a queue whose dead letters come back by a time to live."""
    declare(client, "work", x_dead_letter_exchange="", x_dead_letter_routing_key="wait")
    declare(client, "wait", x_dead_letter_exchange="", x_dead_letter_routing_key="work", x_message_ttl=1)
    table = {"z": 1, "a": "text", "CC": ["nowhere"], "deep": {"list": [1, "b"]}}
    client.publish(b"job", "work", headers=table, priority=3, expiration="60000", message_id="m")
    seen = []
    for _ in range(3):
        came = until(lambda: client.get("work"))
        seen.append(timeless(came))
        client.say(Basic.Reject(came.method.delivery_tag, requeue=False))
    return seen


def published_again(client: Client) -> list[Any]:
    """A dead letter that its consumer publishes anew, with all its headers."""
    declare(client, "work", x_dead_letter_exchange="amq.fanout")
    declare(client, "dead", x_max_length=1, x_dead_letter_exchange="", x_dead_letter_routing_key="end")
    declare(client, "end")
    client.ask(Queue.Bind(queue="dead", exchange="amq.fanout", routing_key=""))
    seen = []
    headers: dict[str, Any] = {}
    for number in range(3):
        client.publish(b"%d" % number, "work", headers=headers)
        came = until(lambda: client.get("work"))
        client.say(Basic.Nack(came.method.delivery_tag, requeue=False))
        came = until(lambda: client.get("dead"))
        seen.append(timeless(came))
        headers = came.headers
        client.say(Basic.Ack(came.method.delivery_tag))
    client.ask(Queue.Unbind(queue="dead", exchange="amq.fanout", routing_key=""))
    return seen


def round_and_round(client: Client) -> list[Any]:
    """The order of many deaths, which this release turns round each time."""
    names = "abcde"
    for name, target in zip(names, names[1:] + names[0], strict=True):
        declare(client, name, x_dead_letter_exchange="", x_dead_letter_routing_key=target)
    client.publish(b"x", "a")
    seen = []
    for number in range(13):
        came = until(lambda queue=names[number % 5]: client.get(queue))
        seen.append(timeless(came))
        client.say(Basic.Reject(came.method.delivery_tag, requeue=False))
    return seen


def driven_out(client: Client) -> list[Any]:
    """Driven out of one queue after the other."""
    declare(client, "a", x_max_length=1, x_dead_letter_exchange="", x_dead_letter_routing_key="b")
    declare(client, "b", x_max_length=1, x_dead_letter_exchange="", x_dead_letter_routing_key="c")
    declare(client, "c")
    for number in range(4):
        client.publish(b"%d" % number, "a")
    return [timeless(until(lambda: client.get("c"))) for _ in range(2)]


def given_back_by_a_quorum_queue(client: Client) -> list[Any]:
    """Given back until the limit is reached."""
    declare(client, "dead")
    limits = {"x_delivery_limit": 2, "x_dead_letter_exchange": "", "x_dead_letter_routing_key": "dead"}
    declare(client, "work", x_queue_type="quorum", **limits)
    client.publish(b"job", "work", headers={"a": 1})
    seen = []
    for _ in range(3):
        came = until(lambda: client.get("work"))
        seen.append(timeless(came))
        client.say(Basic.Nack(came.method.delivery_tag, requeue=True))
    seen.append(timeless(until(lambda: client.get("dead"))))
    return seen


def given_back_by_an_ending_channel(client: Client) -> list[Any]:
    """The order in which a quorum queue gives its messages again after their channel has ended."""
    declare(client, "work", x_queue_type="quorum")
    for number in range(4):
        client.publish(b"%d" % number, "work")
    for _ in range(3):
        until(lambda: client.get("work"))
    client.ask(Channel.Close(reply_code=0, reply_text="", class_id=0, method_id=0))
    client.open()
    return [timeless(until(lambda: client.get("work", no_ack=True))) for _ in range(4)]


def consumed_from_a_quorum_queue(client: Client) -> list[Any]:
    """What a consumer sees, of the first delivery and of the next."""
    declare(client, "work", x_queue_type="quorum")
    client.publish(b"job", "work")
    client.ask(Basic.Consume(queue="work", consumer_tag="c"))
    seen = []
    for _ in range(3):
        came = client.expect("Basic.Deliver")
        seen.append(timeless(came))
        client.say(Basic.Nack(came.method.delivery_tag, requeue=True))
    return seen


@pytest.mark.parametrize(
    "scenario",
    [
        consumed_from_a_quorum_queue,
        rejected,
        published_again,
        round_and_round,
        driven_out,
        given_back_by_a_quorum_queue,
        given_back_by_an_ending_channel,
    ],
)
def test_the_same_bytes(real: int, fake: FakeAmqp, scenario: Callable[[Client], list[Any]]) -> None:
    seen = []
    for port in (real, fake.port):
        with Client(port, timeout=10).login().open() as client:
            seen.append(scenario(client))
    assert seen[1] == seen[0]


def test_a_time_that_is_none_would_be_seen() -> None:
    assert _MOMENT.search(b"\x04timeT" + struct.pack(">Q", 1_800_000_000))
