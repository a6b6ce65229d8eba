"""Consumers: whose turn it is, how much they may have, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.faults import duplicate
from tests.wire.amqp.client import Basic, Channel, Client, Closed, Confirm, Tx

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.timekeeping import VirtualClock


def deliveries(client: Client) -> list[tuple[str, bytes]]:
    """What has come so far: an answer shows that nothing else is under way."""
    client.ask(Channel.Flow(active=True))
    return [(came.method.consumer_tag, came.body) for came in client.aside_of("Basic.Deliver")]


def consume(client: Client, tag: str, queue: str = "q", prefetch: int = 0, priority: int | None = None) -> None:
    client.ask(Basic.Qos(prefetch_count=prefetch))
    arguments = {} if priority is None else {"x-priority": priority}
    client.ask(Basic.Consume(queue=queue, consumer_tag=tag, arguments=arguments))


def test_consumers_take_turns(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q")
    consume(client, "a")
    consume(client, "b")
    for number in range(4):
        queue.publish(b"%d" % number)
    assert deliveries(client) == [("a", b"0"), ("b", b"1"), ("a", b"2"), ("b", b"3")]


def test_the_limit_of_a_consumer(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q")
    consume(client, "a", prefetch=1)
    consume(client, "b", prefetch=2)
    for number in range(5):
        queue.publish(b"%d" % number)
    assert deliveries(client) == [("a", b"0"), ("b", b"1"), ("b", b"2")]
    client.say(Basic.Ack(2))
    assert deliveries(client) == [("b", b"3")]
    assert len(queue.in_flight) == 3
    assert [message.body for message in queue.ready] == [b"4"]


def test_the_limit_of_a_channel(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q")
    client.ask(Basic.Qos(prefetch_count=2, global_=True))
    client.ask(Basic.Consume(queue="q", consumer_tag="a"))
    client.ask(Basic.Consume(queue="q", consumer_tag="b"))
    for number in range(4):
        queue.publish(b"%d" % number)
    assert deliveries(client) == [("a", b"0"), ("b", b"1")]
    client.say(Basic.Ack(2, multiple=True))
    assert len(deliveries(client)) == 2
    client.ask(Basic.Qos(prefetch_count=0, global_=True))


def test_the_higher_priority_first_as_long_as_it_has_room(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q")
    consume(client, "low")
    consume(client, "high", prefetch=2, priority=10)
    for number in range(3):
        queue.publish(b"%d" % number)
    assert deliveries(client) == [("high", b"0"), ("high", b"1"), ("low", b"2")]


def test_a_single_active_consumer(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q", arguments={"x-single-active-consumer": True})
    for tag in "abc":
        consume(client, tag, prefetch=1, priority=1 if tag == "c" else 0)
    for number in range(3):
        queue.publish(b"%d" % number)
    assert deliveries(client) == [("a", b"0")]
    client.ask(Basic.Cancel(consumer_tag="a"))
    assert deliveries(client) == [("c", b"1")]


def test_a_connection_that_is_lost_gives_all_back(broker: FakeAmqp, connect: Callable[..., Client]) -> None:
    queue = broker.queue("q")
    for number in range(3):
        queue.publish(b"%d" % number)
    first = connect()
    consume(first, "a", prefetch=2)
    assert len(deliveries(first)) == 2
    first.close()
    second = connect()
    consume(second, "b")
    assert [body for _, body in deliveries(second)] == [b"0", b"1", b"2"]
    (requeued,) = queue.messages[0].of("requeued")
    assert (requeued.reason, requeued.who, requeued.delivery) == ("connection lost", "a", 1)
    assert queue.messages[0].deliveries[1].redelivered


def test_automatic_acks(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q")
    client.ask(Basic.Consume(queue="q", consumer_tag="a", no_ack=True))
    queue.publish(b"x")
    assert deliveries(client) == [("a", b"x")]
    (delivery,) = queue.messages[0].deliveries
    assert (delivery.outcome, delivery.end.reason) == ("acked", "automatic")


def test_a_consumer_that_takes_too_long_loses_its_channel(virtual_clock: VirtualClock) -> None:
    with FakeAmqp(consumer_timeout=1800, heartbeat=0) as broker:
        queue = broker.queue("q")
        for body in (b"quick", b"slow", b"next"):
            queue.publish(body)
        with Client(broker.port, timeout=10_000).login().open() as client:
            for _ in range(2):
                client.get("q")
            virtual_clock.sleep(1000)
            client.say(Basic.Ack(1)).get("q")
            with pytest.raises(Closed) as closed:
                client.expect("Never.Comes")
        assert (closed.value.code, closed.value.about) == (406, (0, 0))
        assert closed.value.text.startswith(
            "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms."
        )
        (requeued,) = queue.messages[1].of("requeued")
        assert (requeued.time, requeued.reason) == (pytest.approx(1800, abs=0.01), "channel closed")
        assert queue.messages[0].deliveries[0].outcome == "acked"


def test_confirms_of_one_turn_come_together(broker: FakeAmqp, client: Client) -> None:
    broker.queue("q")
    client.ask(Confirm.Select())
    client.publish(b"1", "q").publish(b"2", "q").publish(b"3", "q")
    confirmed: set[int] = set()
    while confirmed != {1, 2, 3}:
        ack = client.expect("Basic.Ack").method
        confirmed |= (
            set(range(max(confirmed, default=0) + 1, ack.delivery_tag + 1)) if ack.multiple else {ack.delivery_tag}
        )
    assert [message.producer_was_told for message in broker.messages] == ["confirmed"] * 3


def test_a_transaction(broker: FakeAmqp, client: Client) -> None:
    broker.queue("q").publish(b"first")
    client.ask(Tx.Select())
    came = client.get("q")
    assert came is not None
    client.publish(b"second", "q").say(Basic.Ack(came.method.delivery_tag)).ask(Tx.Rollback())
    assert len(broker.messages) == 1
    assert broker.messages[0].in_flight
    client.publish(b"third", "q").say(Basic.Ack(came.method.delivery_tag)).ask(Tx.Commit())
    assert broker.messages[-1].producer_was_told == "confirmed"  # by the commit
    assert broker.messages[0].deliveries[0].outcome == "acked"
    assert broker.messages.bodies == [b"first", b"third"]


def test_direct_reply_to(broker: FakeAmqp, client: Client, connect: Callable[..., Client]) -> None:
    broker.queue("rpc")
    client.ask(Basic.Consume(queue="amq.rabbitmq.reply-to", consumer_tag="answers", no_ack=True))
    client.publish(b"ping", "rpc", reply_to="amq.rabbitmq.reply-to", correlation_id="7")
    server = connect()
    asked = server.get("rpc", no_ack=True)
    assert asked is not None
    address = asked.properties.reply_to
    assert address.startswith("amq.rabbitmq.reply-to.")
    server.publish(b"pong", address, correlation_id="7")
    answer = client.expect("Basic.Deliver")
    assert (answer.body, answer.properties.correlation_id) == (b"pong", "7")
    assert broker.messages[1].deliveries[0].outcome == "acked"
    client.ask(Basic.Cancel(consumer_tag="answers"))
    server.publish(b"late", address)
    assert broker.messages[2].of("dropped")[0].reason == "unroutable"


def test_a_duplicate_stays_within_the_limit(broker: FakeAmqp, client: Client) -> None:
    """It waits until there is room, at the head of its queue."""
    queue = broker.queue("q")
    broker.inject(duplicate(copies=2))
    consume(client, "a", prefetch=2)
    for number in range(2):
        queue.publish(b"%d" % number)

    assert deliveries(client) == [("a", b"0"), ("a", b"0")]
    assert [message.body for message in queue.ready] == [b"0", b"1"]
    client.say(Basic.Ack(2, multiple=True))
    assert deliveries(client) == [("a", b"0"), ("a", b"1")]
