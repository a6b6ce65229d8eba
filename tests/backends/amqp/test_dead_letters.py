"""Dead letters: circles, releases of RabbitMQ, delivery limits, and the ladder of retries in virtual time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pika
import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.timekeeping import VirtualClock
from tests.wire.amqp.client import Basic, Client, Queue

if TYPE_CHECKING:
    from collections.abc import Callable


def test_one_line_declares_both_queues(broker: FakeAmqp, client: Client) -> None:
    orders = broker.queue("orders", dead_letter="graveyard")
    orders.publish(b"x", {"a": 1})
    came = client.get("orders")
    assert came is not None
    client.say(Basic.Reject(came.method.delivery_tag, requeue=False))
    dead = client.get("graveyard")
    assert dead is not None
    (death,) = dead.headers["x-death"]
    assert {name: death[name] for name in ("count", "reason", "queue", "exchange", "routing-keys")} == {
        "count": 1,
        "reason": "rejected",
        "queue": "orders",
        "exchange": "",
        "routing-keys": ["orders"],
    }
    assert dead.headers["a"] == 1
    (event,) = orders.messages[0].of("dead_lettered")
    assert (event.reason, event.to, event.delivery, event.body) == ("rejected", ("graveyard",), 1, b"x")
    assert event.headers == dead.headers


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_circle_without_anybodys_doing_ends(broker: FakeAmqp, client: Client, length: int) -> None:
    for number in range(length):
        target = f"q{(number + 1) % length}"
        arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": target, "x-message-ttl": 0}
        broker.queue(f"q{number}", arguments=arguments)
    client.publish(b"x", "q0").ask(Basic.Qos())
    kinds = [event.kind for event in broker.messages[0].events]
    assert kinds == ["published", *["routed", "dead_lettered"] * (length - 1), "routed", "dropped"]
    assert broker.messages[0].of("dropped")[0].reason == "expired, dead-letter cycle"


def test_a_circle_that_somebody_rejects_goes_on(broker: FakeAmqp, client: Client) -> None:
    broker.queue("q", dead_letter="q")
    client.publish(b"x", "q")
    for number in range(1, 4):
        came = client.get("q")
        assert came is not None
        assert [death["count"] for death in came.headers.get("x-death", [])] == ([number - 1] if number > 1 else [])
        client.say(Basic.Reject(came.method.delivery_tag, requeue=False))


def test_a_dead_letter_that_fits_no_queue_is_dropped(broker: FakeAmqp, client: Client) -> None:
    broker.queue("q", arguments={"x-dead-letter-exchange": "nowhere"}).publish(b"x")
    came = client.get("q")
    assert came is not None
    client.say(Basic.Reject(came.method.delivery_tag, requeue=False)).ask(Basic.Qos())
    assert broker.messages[0].of("dropped")[0].reason == "rejected, no dead-letter queue"


def test_at_most_so_many_deliveries(broker: FakeAmqp, client: Client) -> None:
    orders = broker.queue("orders", max_deliveries=3, dead_letter=True)
    orders.publish(b"poison")
    counts = []
    while (came := client.get("orders")) is not None:
        counts.append(came.headers["x-delivery-count"])
        client.say(Basic.Nack(came.method.delivery_tag, requeue=True))
    assert counts == [0, 1, 2]
    dead = client.get("orders.dead")
    assert dead is not None
    assert (dead.headers["x-death"][0]["reason"], "x-delivery-count" in dead.headers) == ("delivery_limit", False)


@pytest.mark.parametrize(("version", "deliveries"), [("3.12", 30), ("3.13", 30), ("4.1", 21), ("4.3", 21)])
def test_a_quorum_queue_that_sets_no_limit(version: str, deliveries: int) -> None:
    with FakeAmqp(version=version) as broker, Client(broker.port).login().open() as client:
        queue = broker.queue("q", arguments={"x-queue-type": "quorum"})
        queue.publish(b"x")
        for _ in range(30):
            came = client.get("q")
            if came is None:
                break
            client.say(Basic.Reject(came.method.delivery_tag, requeue=True))
        assert len(queue.messages[0].deliveries) == deliveries


def test_since_4_3_a_nack_is_no_failure() -> None:
    with FakeAmqp(version="4.3") as broker, Client(broker.port).login().open() as client:
        queue = broker.queue("q", max_deliveries=2)
        queue.publish(b"x")
        seen = []
        for settle in (Basic.Nack, Basic.Nack, Basic.Nack, Basic.Reject, Basic.Reject):
            came = client.get("q")
            assert came is not None
            seen.append((came.headers["x-acquired-count"], came.headers["x-delivery-count"]))
            client.say(settle(came.method.delivery_tag, requeue=True))
        assert seen == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 1)]
        assert client.get("q") is None
        assert queue.messages[0].of("dropped")[0].reason == "delivery_limit"


@pytest.mark.parametrize(("version", "last"), [("3.12", False), ("3.13", True), ("4.1", True)])
def test_which_headers_a_release_writes(version: str, last: bool) -> None:  # noqa: FBT001 -- a case
    with FakeAmqp(version=version) as broker, Client(broker.port).login().open() as client:
        broker.queue("q", ttl=0, dead_letter=True).publish(b"x")
        came = client.get("q.dead")
        assert came is not None
        first = {name for name in came.headers if name.startswith("x-first-death-")}
        assert first == {"x-first-death-exchange", "x-first-death-queue", "x-first-death-reason"}
        assert any(name.startswith("x-last-death-") for name in came.headers) == last


def ladder(url: str, steps: tuple[int, ...] = (30, 300, 1800), most: int = 8) -> list[tuple[float, int]]:
    """Application code: a consumer that puts a job into waiting queues of growing length, and gives up after them."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.exchange_declare("work")
    channel.queue_declare("work")
    channel.queue_bind("work", "work", "job")
    channel.queue_declare("dead")
    for seconds in steps:
        arguments = {
            "x-message-ttl": seconds * 1000,
            "x-dead-letter-exchange": "work",
            "x-dead-letter-routing-key": "job",
        }
        channel.queue_declare(f"retry.{seconds}", arguments=arguments)
    seen: list[tuple[float, int]] = []

    def work(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        deaths = sum(death["count"] for death in (properties.headers or {}).get("x-death", []))
        seen.append((time.monotonic(), deaths))
        target = f"retry.{steps[deaths]}" if deaths < len(steps) else "dead"
        channel.basic_publish("", target, body, pika.BasicProperties(headers=properties.headers))
        channel.basic_ack(method.delivery_tag)
        if target == "dead" or len(seen) == most:
            channel.stop_consuming()

    channel.basic_consume("work", work)
    channel.basic_publish("work", "job", b"job")
    channel.start_consuming()
    connection.close()
    return seen


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_a_ladder_of_retries_takes_no_time(version: str) -> None:
    with VirtualClock(), FakeAmqp(version=version) as broker:
        seen = ladder(broker.url)
        assert [round(moment - seen[0][0], 3) for moment, _ in seen] == [0, 30, 330, 2130]
        assert [deaths for _, deaths in seen] == [0, 1, 2, 3]
        ends = [event.time for message in broker.messages for event in message.of("dead_lettered")]
        assert ends == pytest.approx([30, 330, 2130], abs=1e-4)
        assert broker.messages.through("dead")


def test_since_4_0_a_client_cannot_bring_its_deaths_along() -> None:
    with VirtualClock(), FakeAmqp(version="4.1") as broker:
        seen = ladder(broker.url, steps=(30, 300), most=8)
        assert [deaths for _, deaths in seen] == [0, 1, 1, 1, 1, 1, 1, 1], "it counts one death for ever"


def test_a_message_published_again_with_its_deaths(client: Client, connect: Callable[..., Client]) -> None:
    client.ask(Queue.Declare(queue="q", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "d"}))
    client.ask(Queue.Declare(queue="d"))
    client.publish(b"x", "q", headers={"x-death": "nonsense"})
    came = client.get("q")
    assert came is not None
    client.say(Basic.Reject(came.method.delivery_tag, requeue=False))
    dead = client.get("d")
    assert dead is not None
    assert dead.headers["x-death"][0]["queue"] == "q"


def test_a_circle_that_rabbitmq_does_not_find_ends_all_the_same() -> None:
    """An old rejection in the headers makes releases before 3.13 believe that somebody is at work."""
    with FakeAmqp(version="3.12") as broker, Client(broker.port).login().open() as client:
        broker.queue("a", ttl=0, dead_letter="b")
        broker.queue("b", max_length=0, dead_letter="a")
        death = {"queue": "a", "reason": "rejected", "count": 1, "exchange": "", "routing-keys": ["a"]}
        client.publish(b"x", "a", headers={"x-death": [death]}).ask(Basic.Qos())
        message = broker.messages[0]
        assert message.events[-1].reason == "endless dead-letter cycle"
        assert message.places == {}
        assert len(message.of("dead_lettered")) == 1001
