from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.assertions.replay import replay

if TYPE_CHECKING:
    from tests.assertions.delivery.by_hand import HandQueue


def test_the_state_goes_on_with_each_event(queue: HandQueue) -> None:
    first, second = queue.publish("1"), queue.publish("2")
    queue.deliver(first)
    queue.requeue(first)
    queue.deliver(first)
    queue.ack(first)
    queue.tell(second, "expired", "orders")

    last = list(replay(queue.messages))[-1]
    assert (last.queue.ready, len(last.queue.in_flight)) == (0, 0)


def test_each_moment_can_be_looked_at_as_it_comes(queue: HandQueue) -> None:
    first, second = queue.publish("1"), queue.publish("2")
    queue.deliver(first)
    queue.tell(second, "dropped", "orders", reason="maxlen")
    queue.ack(first)

    seen = [
        (moment.event.kind, moment.queue.ready, len(moment.queue.in_flight), moment.queue.others_waiting(first))
        for moment in replay(queue.messages)
        if moment.event.queue == "orders" and moment.event.kind != "published"
    ]
    assert seen == [
        ("routed", 1, 0, 0),
        ("routed", 2, 0, 1),
        ("delivered", 1, 1, 1),
        ("dropped", 0, 1, 0),
        ("acked", 0, 0, 0),
    ]


def test_a_copy_that_waits_can_end_while_another_is_in_flight(queue: HandQueue) -> None:
    message = queue.publish("1")
    queue.tell(message, "routed", "orders")
    queue.deliver(message)
    queue.tell(message, "purged", "orders")

    *_, last = replay(queue.messages)
    assert (last.queue.ready, len(last.queue.in_flight)) == (0, 1)


def test_queues_and_fakes_are_kept_apart_and_all_messages_count(queue: HandQueue) -> None:
    queue.publish("1", told=None)
    queue.publish("2", to="audit", told=None)
    queue.fake = "fake_redis"
    queue.publish("3")

    part = queue.messages[:1]
    assert [moment.message.id for moment in replay(part)] == [1, 1, 2, 2]
    assert [moment.queue.ready for moment in replay(part)][-1] == 1
