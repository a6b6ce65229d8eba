"""The stories of messages as text: aligned, narrow, plain, and with nothing left out in silence."""

from __future__ import annotations

import pytest

from pytest_integrations.views.story import fate, stories, story, table
from pytest_integrations.views.text import WIDTH
from tests.assertions.delivery.by_hand import HandQueue
from tests.assertions.ledgers import scripted


@pytest.fixture
def queue() -> HandQueue:
    return HandQueue()


def test_a_message_that_was_dead_lettered(queue: HandQueue) -> None:
    message = queue.publish('{"order": 17}', key="o-17")
    queue.at(0.01)
    queue.deliver(message)
    queue.at(0.012)
    queue.requeue(message, fault=scripted("redeliver"))
    queue.deliver(message)
    last = queue.dead_letter(message)

    assert (
        story(message, marks={last.seq: "after 2 deliveries"})
        == """\
  message 1 to orders (id o-17): {"order": 17}
     0.000 s  published             to orders                   conn 1
     0.000 s  routed                into orders
     0.000 s  confirmed                                         conn 1
     0.010 s  delivered      try 1  from orders                 to worker-1, conn 2
     0.012 s  requeued       try 1  into orders                 (nacked), conn 2  <- redeliver()
     0.012 s  delivered      try 2  from orders                 redelivered, to worker-1, conn 2
     0.012 s  dead lettered  try 2  from orders to orders.dead  (rejected)
              ^ after 2 deliveries
     0.012 s  routed                into orders.dead
  now: waits in orders.dead"""
    )


def test_a_story_of_many_rounds_is_cut_and_says_so(queue: HandQueue) -> None:
    message = queue.publish("poison")
    for _ in range(100):
        queue.deliver(message)
        marked = queue.requeue(message)
        if marked.delivery == 50:
            fiftieth = marked

    lines = story(message, limit=10, marks={fiftieth.seq: "this one"}).splitlines()

    assert len(lines) == 1 + 5 + 1 + 2 + 1 + 5 + 1
    assert sum("events not shown" in line for line in lines) == 2
    assert lines[8].strip() == "^ this one"
    told = sum(int(line.split()[1]) for line in lines if "not shown" in line)
    assert told + 11 == len(message.events)


def test_what_is_long_or_strange_stays_in_the_page(queue: HandQueue) -> None:
    message = queue.publish("ü" * 500, to="q" * 90, key="k" * 90)
    queue.deliver(message, "q" * 90, who="w" * 90)
    end = queue.dead_letter(message, "d" * 90, reason="because of this " * 9)

    told = stories(queue.messages, marks={end.seq: "a long remark " * 20}) + "\n" + table(queue.messages)

    assert told.isascii()
    assert max(map(len, told.splitlines())) <= WIDTH


def test_several_fakes_are_named(queue: HandQueue) -> None:
    queue.publish("1")
    queue.fake = "fake_redis"
    queue.publish("2")

    assert "message 2 of fake_redis to orders: 2" in stories(queue.messages)
    assert "message 2  fake_redis  to orders  2  never delivered  waits in orders" in table(queue.messages)
    assert "fake_redis" not in stories(queue.messages[1:])


def test_of_many_stories_the_first_are_told(queue: HandQueue) -> None:
    for number in range(7):
        queue.publish(str(number))

    told = stories(queue.messages, limit=5)

    assert told.count("now: ") == 5
    assert told.endswith("\n  ... 2 messages more ...")


def test_the_table_has_a_line_a_message(queue: HandQueue) -> None:
    queue.handled("first")
    twice = queue.publish("")
    queue.deliver(twice)
    queue.requeue(twice)
    queue.deliver(twice)
    refused = queue.publish("third", routed=False, told=None)
    queue.tell(refused, "refused")

    assert table(queue.messages).splitlines() == [
        "  message 1  to orders  first    1 delivery       acked",
        "  message 2  to orders  (empty)  2 deliveries     in flight from orders",
        "  message 3  to orders  third    never delivered  in no queue, refused",
    ]


def test_a_long_table_is_cut_in_the_middle(queue: HandQueue) -> None:
    for number in range(100):
        queue.handled(str(number))

    lines = table(queue.messages, limit=10).splitlines()

    assert len(lines) == 11
    assert lines[5] == "  ... 90 messages not shown ..."
    assert lines[-1].startswith("  message 100 ")


def test_nothing_is_told_as_nothing(queue: HandQueue) -> None:
    assert stories(queue.messages) == table(queue.messages) == "  no messages"


def test_where_a_message_is_counts_its_copies(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.tell(message, "routed", "orders")
    queue.tell(message, "routed", "orders")
    queue.tell(message, "routed", "audit")
    queue.deliver(message)

    assert fate(message) == "in flight from orders, waits in orders 2 times, waits in audit"


def test_a_body_is_shown_on_one_line(queue: HandQueue) -> None:
    message = queue.ledger.publish("fake_amqp", b"\xff\x00a\nb", {}, to="orders")

    assert story(message).splitlines()[0] == r"  message 1 to orders: \ufffd\x00a b"
