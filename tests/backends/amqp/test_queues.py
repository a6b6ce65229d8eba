"""What a queue does with its messages: limits, times, priorities, owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.wire.amqp.client import Basic, Client, Closed, Confirm, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.amqp.fake import FakeAmqp
    from pytest_integrations.timekeeping import VirtualClock


def bodies(client: Client, queue: str) -> list[bytes]:
    found = []
    while (came := client.get(queue, no_ack=True)) is not None:
        found.append(came.body)
    return found


def confirms(client: Client, queue: str, *published: bytes) -> list[str]:
    client.ask(Confirm.Select())
    told = []
    for body in published:
        client.publish(body, queue)
        told.append(client.expect("Basic.Ack", "Basic.Nack").name.removeprefix("Basic."))
    return told


def test_drop_head_keeps_the_newest(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q", max_length=2)
    assert confirms(client, "q", b"1", b"2", b"3") == ["Ack"] * 3
    assert bodies(client, "q") == [b"2", b"3"]
    (dropped,) = queue.messages[0].of("dropped")
    assert (dropped.queue, dropped.reason) == ("q", "maxlen")
    assert queue.messages[0].producer_was_told == "confirmed"  # a loss that nobody is told of


def test_reject_publish_keeps_the_oldest_and_tells(broker: FakeAmqp, client: Client) -> None:
    broker.queue("q", max_length=2, overflow="reject-publish")
    assert confirms(client, "q", b"1", b"2", b"3") == ["Ack", "Ack", "Nack"]
    assert bodies(client, "q") == [b"1", b"2"]
    assert [event.kind for event in broker.messages[2].events] == ["published", "rejected", "refused"]


def test_reject_publish_dlx_dead_letters_what_it_refuses(broker: FakeAmqp, client: Client) -> None:
    broker.queue("q", max_length=1, overflow="reject-publish-dlx", dead_letter=True)
    assert confirms(client, "q", b"1", b"2") == ["Ack", "Nack"]
    assert bodies(client, "q.dead") == [b"2"]


def test_a_limit_in_bytes(broker: FakeAmqp, client: Client) -> None:
    broker.queue("q", arguments={"x-max-length-bytes": 5})
    confirms(client, "q", b"123", b"45", b"6")
    assert bodies(client, "q") == [b"45", b"6"]


def test_what_is_in_flight_does_not_count(broker: FakeAmqp, client: Client) -> None:
    broker.queue("q", max_length=1, overflow="reject-publish")
    confirms(client, "q", b"1")
    came = client.get("q")
    assert came is not None
    assert confirms(client, "q", b"2") == ["Ack"]
    client.say(Basic.Nack(came.method.delivery_tag, requeue=True))
    assert bodies(client, "q") == [b"1", b"2"]


def test_drop_head_after_a_message_came_back(broker: FakeAmqp, client: Client) -> None:
    broker.queue("q", max_length=1)
    confirms(client, "q", b"1")
    client.get("q")
    confirms(client, "q", b"2")
    client.ask(Basic.Recover(requeue=True))
    assert bodies(client, "q") == [b"2"], "the one that came back is the oldest"


def test_a_time_to_live(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q", ttl=10, dead_letter=True)
    queue.publish(b"1")
    virtual_clock.sleep(5)
    queue.publish(b"2")
    virtual_clock.sleep(6)
    assert bodies(client, "q") == [b"2"]
    (dead,) = queue.dead_letters
    (event,) = dead.of("dead_lettered")
    assert (dead.body, event.reason, event.to) == (b"1", "expired", ("q.dead",))
    assert event.time == pytest.approx(10)


def test_an_expiration_waits_behind_the_head(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q")
    queue.publish(b"first")
    queue.publish(b"second", expiration="1000")
    virtual_clock.sleep(5)
    assert not queue.messages[1].of("expired")
    assert bodies(client, "q") == [b"first"]
    assert queue.messages[1].of("expired")[0].time == pytest.approx(5, abs=0.001)


def test_the_shorter_of_two_times_counts(virtual_clock: VirtualClock, broker: FakeAmqp) -> None:
    queue = broker.queue("q", ttl=10)
    queue.publish(b"1", expiration="3000")
    virtual_clock.sleep(4)
    assert queue.messages[0].of("expired")[0].time == pytest.approx(3)


def test_no_time_at_all_is_enough_for_one_who_waits(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q", ttl=0)
    queue.publish(b"nobody")
    client.ask(Basic.Consume(queue="q", consumer_tag="c"))
    queue.publish(b"somebody")
    assert client.expect("Basic.Deliver").body == b"somebody"
    assert queue.messages[0].of("expired")


def test_a_queue_that_nobody_uses_goes(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    broker.queue("q", arguments={"x-expires": 10_000}).publish(b"x")
    virtual_clock.sleep(9)
    client.get("q", no_ack=True)
    client.ask(Basic.Consume(queue="q", consumer_tag="c"))
    virtual_clock.sleep(100)
    client.ask(Basic.Cancel(consumer_tag="c"))
    virtual_clock.sleep(9)
    client.ask(Queue.Declare(queue="q", passive=True))
    virtual_clock.sleep(11)
    with pytest.raises(Closed, match="NOT_FOUND - no queue 'q' in vhost '/'"):
        client.get("q")


def test_priorities(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q", priorities=5)
    for body, priority in ((b"low", None), (b"high", 5), (b"higher", 9), (b"middle", 3), (b"low too", 0)):
        queue.publish(body, priority=priority)
    assert bodies(client, "q") == [b"high", b"higher", b"middle", b"low", b"low too"]


def test_what_comes_back_goes_to_its_old_place(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q")
    for number in range(5):
        queue.publish(b"%d" % number)
    tags = [client.get("q").method.delivery_tag for _ in range(3)]  # type: ignore[union-attr]
    client.say(Basic.Reject(tags[1], requeue=True))
    client.say(Basic.Reject(tags[0], requeue=True))
    came = client.get("q")
    assert came is not None
    assert (came.body, came.method.redelivered, came.method.message_count) == (b"0", True, 3)
    assert bodies(client, "q") == [b"1", b"3", b"4"]


def test_an_exclusive_queue_is_its_connections_own(client: Client, connect: Callable[..., Client]) -> None:
    name = client.ask(Queue.Declare(exclusive=True)).method.queue
    assert name.startswith("amq.gen-")
    other = connect()
    with pytest.raises(Closed, match="RESOURCE_LOCKED - cannot obtain exclusive access to locked queue"):
        other.get(name)
    client.close()
    with pytest.raises(Closed, match="NOT_FOUND"):
        connect().ask(Queue.Declare(queue=name, passive=True))


def test_an_auto_delete_queue_goes_with_its_last_consumer(client: Client) -> None:
    client.ask(Queue.Declare(queue="q", auto_delete=True))
    for tag in "ab":
        client.ask(Basic.Consume(queue="q", consumer_tag=tag))
    client.ask(Basic.Cancel(consumer_tag="a"))
    client.ask(Queue.Declare(queue="q", passive=True))
    client.ask(Basic.Cancel(consumer_tag="b"))
    with pytest.raises(Closed, match="NOT_FOUND"):
        client.ask(Queue.Declare(queue="q", passive=True))


def test_purging_and_deleting_count_what_waits(broker: FakeAmqp, client: Client) -> None:
    queue = broker.queue("q")
    for _ in range(3):
        queue.publish(b"x")
    client.get("q")
    assert client.ask(Queue.Purge(queue="q")).method.message_count == 2
    queue.publish(b"y")
    assert client.ask(Queue.Delete(queue="q")).method.message_count == 1
    assert client.ask(Queue.Delete(queue="q")).method.message_count == 0
    ends = [[event.reason for event in message.of("purged")] for message in broker.messages]
    assert ends == [["queue deleted"], ["purged"], ["purged"], ["queue deleted"]]
    client.say(Basic.Ack(1)).ask(Basic.Qos())  # of a queue that is gone: no error, and nothing to settle
    assert broker.messages[0].places == {}


def test_a_queue_that_is_deleted_cancels_its_consumers(
    broker: FakeAmqp, client: Client, connect: Callable[..., Client]
) -> None:
    broker.queue("q")
    client.ask(Basic.Consume(queue="q", consumer_tag="c"))
    connect().ask(Queue.Delete(queue="q"))
    assert client.expect("Basic.Cancel").method.consumer_tag == "c"


def test_nowait_is_answered_by_silence(client: Client) -> None:
    client.say(Queue.Declare(queue="q", nowait=True)).say(Basic.Consume(queue="q", consumer_tag="c", nowait=True))
    client.say(Basic.Cancel(consumer_tag="c", nowait=True)).say(Queue.Purge(queue="q", nowait=True))
    client.say(Confirm.Select(nowait=True)).say(Queue.Delete(queue="q", nowait=True))
    assert client.ask(Basic.Qos()).name == "Basic.QosOk"
    assert not client.aside


def test_the_queue_declared_last_needs_no_name(client: Client) -> None:
    name = client.ask(Queue.Declare()).method.queue
    client.ask(Queue.Bind(queue="", exchange="amq.direct", routing_key=""))
    client.publish(b"x", name, "amq.direct")
    assert client.get("") is not None
