"""What became of each message, as the ledger has it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pytest_integrations.core.delivery import Messages
from tests.assertions.delivery.by_hand import HandQueue
from tests.assertions.ledgers import scripted


@pytest.fixture
def queue() -> HandQueue:
    return HandQueue()


def test_a_story_is_told_in_order(queue: HandQueue) -> None:
    message = queue.publish("1", key="m-1", headers={"order": 7})
    queue.at(2)
    queue.deliver(message)
    queue.ack(message)

    assert [event.kind for event in message.events] == ["published", "routed", "confirmed", "delivered", "acked"]
    assert [event.time for event in message.events] == [0, 0, 0, 2, 2]
    assert all(before.seq < after.seq for before, after in pairwise(message.events))
    assert (message.id, message.key, message.text, message.published_to) == (1, "m-1", "1", "orders")
    assert message.headers == {"order": 7}
    assert queue.ledger.latest_event == message.events[-1].seq


def test_the_events_that_were_read_do_not_change(queue: HandQueue) -> None:
    message = queue.publish("1")
    before = message.events
    queue.deliver(message)

    assert len(before) == 3
    assert len(message.events) == 4


def test_deliveries_are_numbered_and_ended(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.deliver(message)
    queue.at(1)
    queue.requeue(message)
    queue.deliver(message)
    queue.at(3)

    first, second = message.deliveries
    assert (first.number, first.outcome, first.settled, first.redelivered) == (1, "requeued", 1, False)
    assert (second.number, second.outcome, second.settled, second.redelivered) == (2, "unsettled", None, True)
    assert (second.queue, second.time, second.consumer) == ("orders", 1, "worker-1")
    assert message.in_flight
    assert message.delivered == 2
    queue.ack(message)
    assert message.deliveries[1].outcome == "acked"
    assert not message.in_flight
    assert repr(message.deliveries[1]) == "<Delivery 2 of message 1 from orders 1.000: acked>"


def test_two_copies_in_flight_are_settled_each_by_its_number(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.tell(message, "routed", "orders", reason="duplicate")
    queue.deliver(message)
    queue.deliver(message)
    queue.settle(message, "acked", delivery=1)

    assert [delivery.outcome for delivery in message.deliveries] == ["acked", "unsettled"]
    assert message.places == {"orders": 1}


def test_places_are_where_copies_are(queue: HandQueue) -> None:
    message = queue.publish("1")
    assert message.places == {"orders": 1}
    queue.deliver(message)
    assert message.places == {"orders": 1}
    queue.dead_letter(message)
    assert message.places == {"orders.dead": 1}
    queue.tell(message, "purged", "orders.dead")
    assert message.places == {}


@pytest.mark.parametrize("told", ["confirmed", "refused", "returned", None])
def test_what_the_producer_was_told(queue: HandQueue, told: str | None) -> None:
    assert queue.publish("1", told=told).producer_was_told == (told or "nothing")


def test_events_can_be_asked_for(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.tell(message, "routed", "audit")

    assert [event.queue for event in message.of("routed")] == ["orders", "audit"]
    assert len(message.of("routed", "published", queue="audit")) == 1
    with pytest.raises(ValueError, match="'lost' is nothing that happens to a message; valid are published"):
        message.of("lost")


def test_messages_are_a_sequence_and_so_are_their_parts(queue: HandQueue) -> None:
    one, two = queue.publish("1"), queue.publish("2", to="audit")
    messages = queue.messages

    assert messages == [one, two]
    assert messages != "12"
    assert isinstance(messages[1:], Messages)
    assert messages[0] is one
    assert messages.bodies == [b"1", b"2"]
    assert messages.where(lambda message: message is two) == [two]
    assert messages.through("orders") == [one]
    assert [event.seq for event in messages.events] == sorted(event.seq for event in messages.events)
    queue.deliver(two, "audit")
    queue.deliver(one)
    assert [delivery.message for delivery in messages.deliveries] == [two, one]
    queue.publish("3")
    assert len(messages) == 2


def test_messages_are_shown_a_line_each(queue: HandQueue) -> None:
    assert repr(queue.messages) == "Messages([])"
    message = queue.publish("1")
    assert repr(queue.messages) == "Messages([\n  <QueueMessage 1 to orders: 0 deliveries, confirmed>,\n])"
    queue.deliver(message)
    event = queue.dead_letter(message)
    assert repr(event) == "0.000 s dead lettered in orders to orders.dead (rejected)"


def test_an_event_knows_the_call_before_it_and_its_fault(queue: HandQueue) -> None:
    fault = scripted("lost_message")
    event = queue.tell(queue.publish("1"), "dropped", fault=fault)

    assert event.after == queue.ledger.latest == 0
    assert event.fault is fault


def test_messages_of_one_fake(queue: HandQueue) -> None:
    queue.publish("1")
    queue.fake = "fake_redis"
    queue.publish("2")

    assert queue.ledger.messages_of("fake_redis").bodies == [b"2"]
    queue.ledger.clear()
    assert queue.ledger.messages == []
    assert queue.publish("3").id == 3
