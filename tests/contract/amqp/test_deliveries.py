"""What can go wrong with a delivery, by its frames."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.faults.amqp import (
    cancel_consumer,
    connection_close,
)
from pytest_integrations.faults.connection import (
    connection_reset,
)
from pytest_integrations.faults.delay import latency
from pytest_integrations.faults.queue import (
    duplicate,
    empty_receive,
    lost_ack,
    redeliver,
    reorder,
)
from tests.wire.amqp.client import Basic, Client, Queue

from .seen import assert_reset, length, story

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.amqp.fake import FakeAmqp
    from pytest_integrations.timekeeping import VirtualClock


def test_duplicate_has_a_tag_of_its_own(broker: FakeAmqp, client: Client) -> None:
    broker.inject(duplicate(2))
    client.ask(Basic.Consume(queue="q", consumer_tag="c"))
    broker.publish("q", b"one")
    came = [client.expect("Basic.Deliver") for _ in range(3)]
    assert [each.method.delivery_tag for each in came] == [1, 2, 3]
    assert {each.body for each in came} == {b"one"}
    for each in came:
        client.say(Basic.Ack(each.method.delivery_tag))
    assert length(client) == 0
    message = broker.messages[0]
    assert [delivery.outcome for delivery in message.deliveries] == ["acked"] * 3
    assert message.places == {}
    assert message.of("routed")[1].reason == "duplicate"


def test_duplicate_of_a_get_is_the_next_one(broker: FakeAmqp, client: Client) -> None:
    broker.publish("q", b"one")
    broker.inject(duplicate())
    bodies = [came.body if (came := client.get("q")) else None for _ in range(3)]
    assert bodies == [b"one", b"one", None]


def test_redeliver_gives_it_to_somebody_else(
    virtual_clock: VirtualClock, broker: FakeAmqp, connect: Callable[[], Client]
) -> None:
    first, second = connect().login().open(), connect().login().open()
    for client in (first, second):
        client.sock.settimeout(100)
    broker.inject(redeliver(after=10))
    first.ask(Basic.Qos(prefetch_count=1))
    first.ask(Basic.Consume(queue="q", consumer_tag="first"))
    broker.publish("q", b"one")
    tag = first.expect("Basic.Deliver").method.delivery_tag
    second.ask(Basic.Consume(queue="q", consumer_tag="second"))
    broker.publish("q", b"two")
    assert second.expect("Basic.Deliver").body == b"two"
    came = second.expect("Basic.Deliver") if not _has(first) else first.expect("Basic.Deliver")
    assert (came.body, came.method.redelivered) == (b"one", True)
    first.say(Basic.Ack(tag))  # too late, and no error
    assert first.ask(Basic.Qos()).name == "Basic.QosOk"
    assert broker.messages[0].deliveries[0].end.reason == "taken back"
    assert broker.messages[0].deliveries[1].time == pytest.approx(10)


def _has(client: Client) -> bool:
    client.sock.settimeout(20)
    try:
        client.sock.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return False
    return True


def test_reorder_delivers_a_later_one_first(broker: FakeAmqp, client: Client) -> None:
    for body in (b"1", b"2", b"3", b"4"):
        broker.publish("q", body)
    broker.inject(reorder(3))
    client.ask(Basic.Consume(queue="q", consumer_tag="c"))
    assert [client.expect("Basic.Deliver").body for _ in range(4)] == [b"3", b"2", b"1", b"4"]


def test_reorder_of_a_get(broker: FakeAmqp, client: Client) -> None:
    broker.publish("q", b"1")
    broker.publish("q", b"2")
    broker.inject(reorder())
    assert [came.body for _ in range(2) if (came := client.get("q"))] == [b"2", b"1"]


def test_empty_receive(broker: FakeAmqp, client: Client) -> None:
    broker.publish("q", b"one")
    broker.inject(empty_receive())
    assert client.get("q") is None
    assert client.get("q") is not None


def test_lost_ack_leaves_it_in_flight(broker: FakeAmqp, client: Client, connect: Callable[[], Client]) -> None:
    broker.publish("q", b"one")
    broker.inject(lost_ack())
    came = client.get("q")
    assert came is not None
    client.say(Basic.Ack(came.method.delivery_tag)).ask(Basic.Qos())
    assert broker.messages[0].in_flight
    client.close()
    again = connect().login().open().get("q")
    assert again is not None
    assert again.method.redelivered


def test_cancel_consumer(broker: FakeAmqp, client: Client) -> None:
    client.ask(Basic.Consume(queue="q", consumer_tag="c"))
    broker.inject(cancel_consumer())
    broker.publish("q", b"one")
    cancelled = client.expect("Basic.Cancel").method
    assert (cancelled.consumer_tag, cancelled.nowait) == ("c", True)
    answer = client.ask(Queue.Declare(queue="q", passive=True)).method
    assert (answer.message_count, answer.consumer_count) == (1, 0)
    assert story(broker) == ["published", "routed"]


def test_a_connection_is_closed_in_place_of_a_delivery(broker: FakeAmqp, client: Client) -> None:
    client.ask(Basic.Consume(queue="q", consumer_tag="c"))
    broker.on("deliver").inject(connection_close(320, "bye"))
    broker.publish("q", b"one")
    closed = client.expect("Connection.Close").method
    assert (closed.reply_code, closed.reply_text) == (320, "CONNECTION_FORCED - bye")
    assert story(broker) == ["published", "routed"]
    with Client(broker.port, timeout=10).login().open() as other:
        assert other.get("q") is not None


def test_a_delivery_that_resets_its_connection(broker: FakeAmqp, client: Client) -> None:
    client.ask(Basic.Consume(queue="q", consumer_tag="c"))
    broker.on("deliver").inject(connection_reset())
    broker.publish("q", b"one")
    assert_reset(client)
    assert broker.messages[0].places == {"q": 1}
    assert not broker.messages[0].deliveries


def test_a_delivery_that_is_late(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    client.sock.settimeout(100)
    client.ask(Basic.Consume(queue="q", consumer_tag="c"))
    broker.on("deliver").inject(latency(7))
    broker.publish("q", b"one")
    client.expect("Basic.Deliver")
    assert broker.ledger.now() == pytest.approx(7, abs=0.001)
