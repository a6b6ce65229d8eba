"""The fake as a test uses it."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pika
import pytest

from pytest_integrations import FakeStopped, ScriptingError
from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.faults.amqp import cancel_consumer, channel_close
from pytest_integrations.faults.body import corrupt_body
from pytest_integrations.faults.queue import queue_full
from pytest_integrations.faults.request_side import no_continue
from pytest_integrations.faults.timing import slow_headers
from pytest_integrations.wire.loop import shared_loop
from tests.differential.amqp.load import Load, perform, topology
from tests.differential.amqp.world import World
from tests.wire.amqp.client import Basic, Client, Closed, Confirm, Connection, Exchange, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.fault import Fault


def test_the_url_is_what_clients_take(broker: FakeAmqp) -> None:
    assert broker.url == f"amqp://guest:guest@127.0.0.1:{broker.port}/%2F"
    broker.vhost("a/b")
    broker.user("me", "p@ss", vhosts=["a/b"])
    assert broker.url_for("me", "a/b") == f"amqp://me:p%40ss@127.0.0.1:{broker.port}/a%2Fb"
    pika.BlockingConnection(pika.URLParameters(broker.url_for("me", "a/b"))).close()


def test_a_test_publishes(broker: FakeAmqp, client: Client) -> None:
    orders = broker.queue("orders")
    message = orders.publish("text", {"tenant": "x", "n": 7, "list": [1.5, None, b"\0"]}, message_id="m1", priority=3)
    assert (message.key, message.published_to, message.headers["n"]) == ("m1", "orders", 7)
    came = client.get("orders")
    assert came is not None
    assert (came.body, came.properties.message_id, came.properties.priority) == (b"text", "m1", 3)
    assert came.headers == {"tenant": "x", "n": 7, "list": [1.5, None, b"\0"]}
    broker.exchange("events", "topic")
    broker.bind("orders", "events", "#")
    assert broker.publish("any.key", b"y", exchange="events").places == {"orders": 1}
    broker.exchange("empty")
    assert broker.publish("any.key", b"y", exchange="empty").of("dropped")[0].reason == "unroutable"


def test_ready_and_in_flight(broker: FakeAmqp, client: Client) -> None:
    orders = broker.queue("orders")
    for number in range(3):
        orders.publish(b"%d" % number)
    client.get("orders")
    assert (orders.ready.bodies, orders.in_flight.bodies) == ([b"1", b"2"], [b"0"])
    assert orders.dead_letter is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda _broker: FakeAmqp(version="2.0"), "version='2.0' is unknown: valid are '3.12', '3.13', '4.1', '4.3'"),
        (lambda _broker: FakeAmqp(frame_max=100), "frame_max=100 is not a count: valid are whole numbers from 4096 on"),
        (lambda broker: broker.queue("q", overflow="odd"), "overflow='odd' is unknown"),
        (lambda broker: broker.queue("q", max_length=-1), "max_length=-1 is not a count"),
        (lambda broker: broker.queue("q", priorities=300), "priorities=300 is out of range"),
        (lambda broker: broker.queue("q", max_deliveries=0), "max_deliveries=0 is not a count"),
        (lambda broker: broker.queue("q", ttl="1s"), "ttl='1s' is not a number"),
        (lambda broker: broker.queue("q", arguments={"x-max-length": "x"}), "invalid arg 'x-max-length' for queue 'q'"),
        (lambda broker: broker.queue("q", vhost="none"), "vhost='none' is unknown: valid are '/'"),
        (lambda broker: broker.queue("known", max_length=2), "queue 'known' is there already"),
        (lambda broker: broker.exchange("x", "odd"), "type='odd' is unknown: valid are 'direct'"),
        (lambda broker: broker.exchange("amq.topic", "direct"), "exchange 'amq.topic' is there already"),
        (lambda broker: broker.bind("q", "x"), "NOT_FOUND - no queue 'q' in vhost '/'"),
        (lambda broker: broker.bind("known", "x"), "NOT_FOUND - no exchange 'x' in vhost '/'"),
        (lambda broker: broker.publish("q", b"x"), "NOT_FOUND - no queue 'q' in vhost '/'"),
        (
            lambda broker: broker.publish("known", b"x", colour=1),
            "property='colour' is unknown: valid are 'content_type'",
        ),
        (lambda broker: broker.user("me", "x", write="("), "write='\\(' of user 'me' is no regular expression"),
        (
            lambda broker: broker.user("me", "x", odd=""),
            "right='odd' is unknown: valid are 'configure', 'write', 'read'",
        ),
        (lambda broker: broker.close_connections(1), "code=1 is unknown: valid are 311"),
        (lambda broker: broker.on("odd"), "kind='odd' is unknown"),
        (lambda broker: broker.inject(corrupt_body()), "cannot perform corrupt_body"),
        (lambda broker: broker.inject(slow_headers(10)), "AMQP has no head and no 100 Continue"),
        (lambda broker: broker.inject(no_continue()), "AMQP has no head and no 100 Continue"),
        (lambda broker: broker.inject(queue_full("odd")), "mode='odd' is unknown: valid are '', 'drop-head'"),
    ],
)
def test_what_cannot_be_is_told_at_its_line(broker: FakeAmqp, wrong: Callable[[FakeAmqp], Any], told: str) -> None:
    broker.queue("known", max_length=1)
    with pytest.raises(ScriptingError, match=told):
        wrong(broker)


def test_a_queue_declared_twice_is_the_same(broker: FakeAmqp, client: Client) -> None:
    broker.queue("q", max_length=3, dead_letter=True).publish(b"x")
    assert broker.queue("q", max_length=3, dead_letter=True).ready.bodies == [b"x"]
    arguments = {"x-max-length": 3, "x-overflow": "drop-head"}
    arguments |= {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q.dead"}
    client.ask(Queue.Declare(queue="q", durable=True, arguments=arguments))  # and so do clients


def test_a_stopped_fake_says_so() -> None:
    broker = FakeAmqp()
    with broker:
        pass
    with pytest.raises(FakeStopped):
        broker.queue("q")
    with pytest.raises(FakeStopped):
        _ = broker.url


RIGHTS = {
    "declare a queue": (lambda client: client.ask(Queue.Declare(queue="new")), "queue 'new'"),
    "declare an exchange": (lambda client: client.ask(Exchange.Declare(exchange="new")), "exchange 'new'"),
    "delete": (lambda client: client.ask(Queue.Delete(queue="q")), "queue 'q'"),
    "publish": (lambda client: client.publish(b"x", "q").ask(Basic.Qos()), "exchange 'amq.default'"),
    "get": (lambda client: client.get("q"), "queue 'q'"),
    "consume": (lambda client: client.ask(Basic.Consume(queue="q")), "queue 'q'"),
    "purge": (lambda client: client.ask(Queue.Purge(queue="q")), "queue 'q'"),
    "bind": (lambda client: client.ask(Queue.Bind(queue="q", exchange="amq.topic")), "queue 'q'"),
}


@pytest.mark.parametrize("what", RIGHTS)
def test_rights(broker: FakeAmqp, connect: Callable[..., Client], what: str) -> None:
    broker.queue("q")
    broker.user("nobody", "x", configure="", write="", read="")
    do, name = RIGHTS[what]
    with pytest.raises(Closed) as closed:
        do(connect("nobody", "x"))
    assert closed.value.text == f"ACCESS_REFUSED - access to {name} in vhost '/' refused for user 'nobody'"
    broker.user("somebody", "x", read="^q$", write="^(q|amq.default)$", configure="^q$")
    assert broker.broker.users["somebody"].may("read", "q")
    assert not broker.broker.users["somebody"].may("read", "queue")


def test_vhosts_are_worlds_of_their_own(broker: FakeAmqp, connect: Callable[..., Client]) -> None:
    broker.vhost("other")
    broker.queue("q", vhost="other").publish(b"x", vhost="other")
    assert connect("guest", "guest", "other").get("q") is not None
    with pytest.raises(Closed, match="no queue 'q' in vhost '/'"):
        connect().get("q")


def test_blocked_until_it_is_unblocked(broker: FakeAmqp, client: Client, connect: Callable[..., Client]) -> None:
    broker.queue("q")
    broker.block("low on disk")
    assert client.ask(Basic.Qos()).name == "Basic.QosOk", "who does not publish is not told"
    client.ask(Confirm.Select())
    client.publish(b"x", "q")
    assert client.expect("Connection.Blocked").method.reason == "low on disk"
    assert not broker.messages
    broker.unblock()
    assert [client.next().name, client.next().name] == ["Connection.Unblocked", "Basic.Ack"]
    connect().publish(b"y", "q").ask(Basic.Qos())
    assert len(broker.messages) == 2


def test_closing_all_connections(broker: FakeAmqp, client: Client) -> None:
    broker.close_connections(text="maintenance")
    with pytest.raises(Closed, match="CONNECTION_FORCED - maintenance") as closed:
        client.expect("Never.Comes")
    assert closed.value.came.name == "Connection.Close"
    client.say(Connection.CloseOk(), 0)
    assert client.rest() == b""


def test_each_copy_has_one_end() -> None:
    """Under a random load, what the ledger says is in a queue is what is in it."""
    draw = random.Random(7)
    with FakeAmqp() as broker, World(broker.port) as world:
        for number in range(8):
            plan = topology(draw, str(number))
            world.declare(plan.parts)
            load = Load(draw, str(number), plan)
            for _ in range(40):
                perform(world, *load.step())
            told: Counter[str] = Counter()
            for message in broker.messages:
                told.update(message.places)
                for queue in {event.queue for event in message.events}:
                    arrivals = len(message.of("routed", queue=queue))
                    ends = message.of("acked", "dead_lettered", "expired", "dropped", "purged", queue=queue)
                    assert len(ends) <= arrivals or queue == ""
            queues = broker.broker.vhosts["/"].queues
            assert +told == +Counter({name: len(queue.ready) + len(queue.held) for name, queue in queues.items()})
            world.clear()
            assert not any(message.places for message in broker.messages)


def test_what_was_in_flight_when_the_fake_stopped_stays_so_in_the_ledger() -> None:
    with FakeAmqp() as broker:
        broker.queue("q").publish(b"x")
        client = Client(broker.port).login().open()
        client.get("q")
        name = client.ask(Queue.Declare(exclusive=True)).method.queue
        broker.publish(name, b"y")
    client.close()
    assert broker.messages[0].in_flight
    assert [message.places for message in broker.messages] == [{"q": 1}, {name: 1}]


def test_nothing_is_left_of_a_fake_that_has_stopped(no_leaks: None) -> None:
    with FakeAmqp(heartbeat=1) as broker:
        broker.queue("q", ttl=1000, arguments={"x-expires": 100_000}).publish(b"x")
        clients = [Client(broker.port).login(heartbeat=5).open() for _ in range(3)]
        clients[0].send(b"\x09\0\0\0\0\0\0\xce")
        clients[1].get("q")
    for client in clients:
        client.close()
    assert not [timer for _, _, timer in shared_loop()._timers if timer.action is not None]


@pytest.mark.parametrize(
    ("fault", "kind", "valid"),
    [
        (channel_close(), "deliver", "'ack', 'declare', 'nack', 'publish', 'receive', 'subscribe'"),
        (cancel_consumer(), "ack", "'deliver'"),
        (queue_full(), "connect", "'publish', 'receive'"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_fault_for_operations_that_it_never_happens_to_is_refused(
    broker: FakeAmqp, fault: Fault, kind: str, valid: str
) -> None:
    with pytest.raises(ScriptingError, match=rf"never happens to '{kind}': valid are {valid}, or on\(\) for all"):
        broker.on(kind).inject(fault)
    assert not broker.script.rules
    broker.heal(broker.on().inject(fault))
