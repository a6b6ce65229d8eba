"""Which queues a message reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import ResilienceError, assert_back_pressure, assert_nothing_lost
from pytest_integrations.backends.amqp.exchange import fits_headers, fits_topic
from pytest_integrations.faults.amqp import unroutable
from pytest_integrations.faults.queue import lost_message, queue_full, refused_publish
from tests.wire.amqp.client import Client, Closed, Confirm, Exchange, Queue

if TYPE_CHECKING:
    from pytest_integrations.backends.amqp.fake import FakeAmqp
    from pytest_integrations.core.fault import Fault


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("a.b", ["a.b"], ["a", "a.b.c", "b.a"]),
        ("a.*", ["a.b", "a."], ["a", "a.b.c"]),
        ("a.#", ["a", "a.b", "a.b.c"], ["b", "ab"]),
        ("#", ["", "a", "a.b"], []),
        ("#.b", ["b", "a.b", "a.b.b"], ["a", "b.a"]),
        ("a.#.z", ["a.z", "a.b.z", "a.b.c.z"], ["a", "a.b"]),
        ("*.*", ["a.b", "."], ["a", "a.b.c"]),
        ("#.#.#", ["", "a.b.c.d"], []),
        ("", [""], ["a"]),
    ],
)
def test_topics(pattern: str, fitting: list[str], others: list[str]) -> None:
    assert [key for key in fitting if not fits_topic(pattern, key)] == []
    assert [key for key in others if fits_topic(pattern, key)] == []


def test_a_topic_with_many_wildcards_takes_no_time() -> None:
    assert not fits_topic("#.a." * 30 + "z", "a." * 200 + "b")


@pytest.mark.parametrize(
    ("wanted", "headers", "fits"),
    [
        ({}, {}, True),
        ({"x-match": "any"}, {"a": 1}, False),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": 1, "b": 2, "x-match": "any"}, {"a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {"a": "anything"}, True),
        ({"a": None}, {}, False),
        ({"x-a": 1}, {}, True),
        ({"x-a": 1, "x-match": "all-with-x"}, {}, False),
        ({"x-a": 1, "x-match": "any-with-x"}, {"x-a": 1}, True),
    ],
)
def test_headers(wanted: dict[str, Any], headers: dict[str, Any], fits: bool) -> None:  # noqa: FBT001 -- a case
    assert fits_headers(wanted, headers) == fits


def reached(client: Client, broker: FakeAmqp, key: str, exchange: str = "", **properties: Any) -> set[str]:
    """Publish, and return the queues that got it."""
    before = len(broker.messages)
    client.publish(b"x", key, exchange, **properties)
    return set(broker.messages[before].places)


def test_each_type(broker: FakeAmqp, client: Client) -> None:
    for name in "ab":
        broker.queue(name)
    for kind in ("direct", "fanout", "topic", "headers"):
        broker.exchange(kind, kind)
    broker.bind("a", "direct", "one")
    broker.bind("b", "direct", "two")
    broker.bind("a", "fanout")
    broker.bind("b", "fanout", "whatever")
    broker.bind("a", "topic", "eu.#")
    broker.bind("b", "topic", "*.paid")
    broker.bind("b", "headers", "", {"x-match": "any", "kind": "urgent", "size": 3})
    assert reached(client, broker, "a") == {"a"}
    assert reached(client, broker, "one", "direct") == {"a"}
    assert reached(client, broker, "", "fanout") == {"a", "b"}
    assert reached(client, broker, "eu.paid", "topic") == {"a", "b"}
    assert reached(client, broker, "eu", "topic") == {"a"}
    assert reached(client, broker, "", "headers", headers={"kind": "urgent"}) == {"b"}
    assert reached(client, broker, "", "headers", headers={"kind": "slow"}) == set()


def test_exchanges_behind_exchanges(broker: FakeAmqp, client: Client) -> None:
    broker.queue("a")
    for name in ("first", "second", "third"):
        broker.exchange(name, "fanout")
    broker.bind("a", "third")
    broker.bind("a", "second")
    for source, destination in (("first", "second"), ("second", "third"), ("third", "first")):
        client.ask(Exchange.Bind(source=source, destination=destination))
    client.publish(b"x", "k", "first")
    assert broker.messages[0].places == {"a": 1}, "in a circle, and by two ways: one copy"
    client.ask(Exchange.Unbind(source="first", destination="second"))
    assert reached(client, broker, "k", "second") == {"a"}
    assert reached(client, broker, "k", "first") == set()


def test_what_fits_nothing_goes_to_the_alternate(broker: FakeAmqp, client: Client) -> None:
    broker.queue("rest")
    broker.exchange("others", "fanout")
    broker.exchange("main", "direct", alternate="others")
    broker.bind("rest", "others")
    assert reached(client, broker, "unknown", "main") == {"rest"}


def test_cc_and_bcc(broker: FakeAmqp, client: Client) -> None:
    for name in "abc":
        broker.queue(name)
    assert reached(client, broker, "a", headers={"CC": ["b"], "BCC": ["c", "a"]}) == {"a", "b", "c"}
    came = client.get("c")
    assert came is not None
    assert came.headers == {"CC": ["b"]}


def test_an_auto_delete_exchange_goes_with_its_last_binding(broker: FakeAmqp, client: Client) -> None:
    client.ask(Exchange.Declare(exchange="x", auto_delete=True))
    for name in "ab":
        broker.queue(name)
        client.ask(Queue.Bind(queue=name, exchange="x", routing_key="k"))
    client.ask(Queue.Unbind(queue="a", exchange="x", routing_key="k"))
    client.ask(Exchange.Declare(exchange="x", passive=True))
    client.ask(Queue.Delete(queue="b"))
    with pytest.raises(Closed, match="NOT_FOUND - no exchange 'x' in vhost '/'"):
        client.ask(Exchange.Declare(exchange="x", passive=True))


def test_what_is_deleted_is_bound_no_more(broker: FakeAmqp, client: Client) -> None:
    broker.queue("a")
    broker.exchange("x", "fanout")
    broker.bind("a", "x")
    client.ask(Queue.Delete(queue="a"))
    broker.queue("a")
    assert reached(client, broker, "k", "x") == set()
    client.ask(Exchange.Delete(exchange="x"))
    client.ask(Exchange.Delete(exchange="x"))  # what is not there is no error


@pytest.mark.parametrize(
    "fault", [refused_publish(), lost_message(), unroutable(), queue_full()], ids=lambda fault: fault.name
)
def test_what_a_fault_keeps_from_a_queue_is_told_of_that_queue(broker: FakeAmqp, client: Client, fault: Fault) -> None:
    orders, others = broker.queue("orders"), broker.queue("others")
    broker.exchange("shop", "topic")
    broker.bind("orders", "shop", "order.*")
    broker.bind("others", "shop", "other.*")
    broker.inject(fault)
    client.publish(b"17", "order.placed", "shop").get("orders")
    assert orders.messages == broker.messages != []
    assert others.messages == []
    with pytest.raises(ResilienceError, match="1 of 1 message was lost"):
        assert_nothing_lost(orders.messages)


def test_what_a_full_queue_refuses_is_told_of_it_whatever_exchange_it_came_by(broker: FakeAmqp, client: Client) -> None:
    orders = broker.queue("orders", max_length=1, overflow="reject-publish")
    broker.exchange("shop", "topic")
    broker.bind("orders", "shop", "order.*")
    client.ask(Confirm.Select())
    client.publish(b"17", "order.placed", "shop").expect("Basic.Ack")
    client.publish(b"18", "order.placed", "shop").expect("Basic.Nack")
    assert_back_pressure(orders.messages, "orders", limit=1)
