"""Every fault that the AMQP fake performs, by its frames and socket events."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.faults.amqp import (
    auth_refused,
    blocked,
    cancel_consumer,
    channel_close,
    connection_close,
    frame_error,
    missed_heartbeats,
    unroutable,
    vhost_missing,
)
from pytest_integrations.faults.connection import (
    close_on_accept,
    connection_refused,
    connection_reset,
    empty_response,
    lost_request,
    lost_response,
    reset_on_accept,
)
from pytest_integrations.faults.delay import latency
from pytest_integrations.faults.queue import (
    duplicate,
    empty_receive,
    garbage,
    lost_ack,
    lost_confirm,
    lost_message,
    queue_full,
    redeliver,
    refused_publish,
    reorder,
)
from pytest_integrations.faults.timing import bandwidth, hang, slow_accept
from tests.wire.amqp.client import Basic, Channel, Client, Closed, Confirm, Connection, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.timekeeping import VirtualClock


@pytest.fixture
def broker() -> Iterator[FakeAmqp]:
    with FakeAmqp("broker", heartbeat=0) as broker:
        broker.queue("q", dead_letter=True)
        yield broker


@pytest.fixture
def connect(broker: FakeAmqp) -> Iterator[Callable[[], Client]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Client(broker.port))


@pytest.fixture
def client(connect: Callable[[], Client]) -> Client:
    return connect().login().open()


def length(client: Client, queue: str = "q") -> int:
    return client.ask(Queue.Declare(queue=queue, passive=True)).method.message_count


def story(broker: FakeAmqp, number: int = 0) -> list[str]:
    return [event.kind for event in broker.messages[number].events]


def confirmed(client: Client, body: bytes = b"one", **settings: Any) -> str:
    client.ask(Confirm.Select())
    return client.publish(body, "q", **settings).expect("Basic.Ack", "Basic.Nack").name


def assert_reset(client: Client) -> None:
    with pytest.raises(ConnectionResetError):
        client.take(1)


# -- publications


def test_queue_full_refuses_by_a_nack(broker: FakeAmqp, client: Client) -> None:
    broker.inject(queue_full())
    assert confirmed(client) == "Basic.Nack"
    assert length(client) == 0
    assert story(broker) == ["published", "rejected", "refused"]
    assert confirmed(client) == "Basic.Ack"


def test_queue_full_is_silent_without_confirms(broker: FakeAmqp, client: Client) -> None:
    broker.inject(queue_full())
    client.publish(b"one", "q")
    assert length(client) == 0
    assert broker.messages[0].producer_was_told == "nothing"


def test_queue_full_drops_the_head(broker: FakeAmqp, client: Client) -> None:
    broker.publish("q", b"old")
    broker.inject(queue_full("drop-head"))
    assert confirmed(client, b"new") == "Basic.Ack"
    assert (length(client), length(client, "q.dead")) == (1, 1)
    assert story(broker) == ["published", "routed", "dead_lettered", "routed"]
    came = client.get("q")
    assert came is not None
    assert came.body == b"new"


def test_queue_full_dead_letters_what_it_refuses(broker: FakeAmqp, client: Client) -> None:
    broker.inject(queue_full("reject-publish-dlx"))
    assert confirmed(client) == "Basic.Nack"
    came = client.get("q.dead")
    assert came is not None
    assert came.headers["x-death"][0]["reason"] == "maxlen"
    assert broker.messages[0].places == {"q.dead": 1}


def test_queue_full_blocks_until_it_is_healed(broker: FakeAmqp, client: Client) -> None:
    rule = broker.inject(queue_full("block"))
    client.ask(Confirm.Select())
    client.publish(b"one", "q")
    assert client.expect("Connection.Blocked").method.reason == "low on memory"
    client.say(Queue.Declare(queue="q", passive=True))
    client.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.take(1)
    client.sock.settimeout(5)
    broker.heal(rule)
    assert [client.next().name for _ in range(3)] == ["Connection.Unblocked", "Basic.Ack", "Queue.DeclareOk"]


def test_queue_full_blocks_as_long_as_its_window(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    client.sock.settimeout(100)
    broker.inject(queue_full("block"), after=5, during=20)
    virtual_clock.sleep(10)
    client.ask(Confirm.Select())
    client.publish(b"one", "q").expect("Connection.Blocked")
    with broker.injected(latency(1)):
        pass  # to heal something else releases nobody
    client.expect("Connection.Unblocked")
    assert broker.ledger.now() == pytest.approx(25, abs=0.01)
    assert client.next().name == "Basic.Ack"


def test_blocked_lasts_its_seconds(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    broker.inject(blocked(30))
    client.sock.settimeout(100)
    client.ask(Confirm.Select())
    client.publish(b"one", "q")
    client.expect("Connection.Blocked")
    client.expect("Connection.Unblocked")
    assert client.next().name == "Basic.Ack"
    (call,) = broker.on("publish").received
    assert call.ended - call.started == pytest.approx(30)


def test_refused_publish(broker: FakeAmqp, client: Client) -> None:
    broker.inject(refused_publish())
    assert confirmed(client) == "Basic.Nack"
    assert story(broker) == ["published", "dropped", "refused"]


def test_lost_confirm_stays_out_of_later_ones_too(broker: FakeAmqp, client: Client) -> None:
    broker.inject(lost_confirm())
    client.ask(Confirm.Select())
    client.publish(b"one", "q").publish(b"two", "q").publish(b"three", "q")
    acks = [client.expect("Basic.Ack").method for _ in range(2)]
    assert [(ack.delivery_tag, ack.multiple) for ack in acks] == [(2, False), (3, False)]
    assert length(client) == 3
    assert [message.producer_was_told for message in broker.messages] == ["nothing", "confirmed", "confirmed"]


def test_lost_message_is_confirmed_and_nowhere(broker: FakeAmqp, client: Client) -> None:
    broker.inject(lost_message())
    assert confirmed(client) == "Basic.Ack"
    assert length(client) == 0
    assert story(broker) == ["published", "dropped", "confirmed"]


def test_unroutable_comes_back_if_it_is_mandatory(broker: FakeAmqp, client: Client) -> None:
    broker.inject(unroutable(), times=2)
    client.ask(Confirm.Select())
    client.publish(b"one", "q", mandatory=True)
    returned = client.expect("Basic.Return")
    assert (returned.method.reply_code, returned.method.reply_text, returned.body) == (312, "NO_ROUTE", b"one")
    assert client.next().name == "Basic.Ack"
    client.publish(b"two", "q")
    assert client.next().name == "Basic.Ack"
    assert [story(broker, number)[1] for number in (0, 1)] == ["returned", "dropped"]


# -- deliveries


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


# -- refusals


def test_channel_close(broker: FakeAmqp, client: Client) -> None:
    broker.publish("q", b"one")
    broker.inject(channel_close(405, "locked"))
    with pytest.raises(Closed) as closed:
        client.get("q")
    assert closed.value.came.name == "Channel.Close"
    assert (closed.value.code, closed.value.text, closed.value.about) == (405, "RESOURCE_LOCKED - locked", (60, 70))
    client.say(Channel.CloseOk()).open()
    assert client.get("q") is not None
    call = broker.on("receive").received[0]
    assert (call.verdict, call.handled, call.failed) == ("405", False, True)


@pytest.mark.parametrize(("code", "name"), [(320, "CONNECTION_FORCED"), (541, "INTERNAL_ERROR")])
def test_connection_close(broker: FakeAmqp, client: Client, code: int, name: str) -> None:
    broker.inject(connection_close(code, "bye"))
    with pytest.raises(Closed) as closed:
        client.get("q")
    assert closed.value.came.name == "Connection.Close"
    assert (closed.value.code, closed.value.text, closed.value.about) == (code, f"{name} - bye", (60, 70))
    client.say(Connection.CloseOk(), 0)
    assert client.rest() == b""
    assert broker.connections[0].closed_by == "fake"


def test_auth_refused(broker: FakeAmqp, connect: Callable[[], Client]) -> None:
    broker.inject(auth_refused())
    with pytest.raises(Closed) as closed:
        connect().login()
    assert (closed.value.code, closed.value.about) == (403, (10, 11))
    connect().login()


def test_vhost_missing(broker: FakeAmqp, connect: Callable[[], Client]) -> None:
    broker.inject(vhost_missing())
    with pytest.raises(Closed, match="NOT_ALLOWED - vhost / not found") as closed:
        connect().login()
    assert (closed.value.code, closed.value.about) == (530, (10, 40))
    connect().login()


def test_missed_heartbeats(virtual_clock: VirtualClock, broker: FakeAmqp, connect: Callable[[], Client]) -> None:
    broker.inject(missed_heartbeats())
    client = connect().login(heartbeat=10).open()
    client.sock.settimeout(100)
    with pytest.raises(TimeoutError):
        client.take(1)  # and ours are not missed
    assert broker.connections[0].closed is None


# -- bytes and connections


@pytest.mark.parametrize(
    ("fault", "data"),
    [
        (frame_error("end"), b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x33\x00"),
        (frame_error("type"), b"\x09\x00\x00\x00\x00\x00\x00\xce"),
        (garbage(b"HTTP/1.1 200 OK\r\n\r\n"), b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_bytes_that_are_no_answer(broker: FakeAmqp, client: Client, fault: Any, data: bytes) -> None:
    broker.on("receive").inject(fault)
    broker.publish("q", b"one")
    client.say(Basic.Get(queue="q"))
    assert client.take(len(data)) == data
    assert broker.messages[0].deliveries == ()  # not done
    assert client.get("q") is not None  # and the connection goes on
    assert broker.on("receive").received[0].spoiled


def test_latency_is_that_of_the_answer(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    client.sock.settimeout(100)
    broker.on("receive").inject(latency(12))
    client.say(Basic.Get(queue="q")).say(Basic.Get(queue="q"))
    assert [client.next().name for _ in range(2)] == ["Basic.GetEmpty"] * 2
    first, second = broker.on("receive").received
    assert (first.first_byte - first.started, second.started) == (pytest.approx(12), pytest.approx(12, abs=0.01))


def test_connection_reset_does_nothing(broker: FakeAmqp, client: Client) -> None:
    broker.on("publish").inject(connection_reset())
    client.publish(b"one", "q")
    assert_reset(client)
    assert not broker.messages
    (call,) = broker.on("publish").received
    assert (call.outcome, call.handled) == ("reset", False)


def test_connection_reset_in_the_middle_of_a_message(broker: FakeAmqp, client: Client) -> None:
    broker.publish("q", bytes(1000))
    broker.on("receive").inject(connection_reset(at="after_bytes", bytes=50))
    client.say(Basic.Get(queue="q"))
    assert len(client.take(50)) == 50
    assert_reset(client)
    assert broker.messages[0].places == {"q": 1}
    assert broker.messages[0].deliveries[0].end.reason == "connection lost"


@pytest.mark.parametrize(
    ("fault", "messages"),
    [(lost_response(), 1), (lost_request(), 0)],
    ids=["lost_response", "lost_request"],
)
def test_lost_answers(broker: FakeAmqp, client: Client, fault: Any, messages: int) -> None:
    broker.on("publish").inject(fault)
    client.ask(Confirm.Select())
    client.publish(b"one", "q")
    assert_reset(client)
    assert len(broker.messages) == messages
    assert broker.on("publish").received[0].handled == bool(messages)


def test_empty_response(broker: FakeAmqp, client: Client) -> None:
    broker.on("receive").inject(empty_response())
    client.say(Basic.Get(queue="q"))
    assert client.rest() == b""
    assert broker.on("receive").received[0].outcome == "closed"


def test_hang(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    broker.on("receive").inject(hang(for_=50))
    client.sock.settimeout(100)
    client.say(Basic.Get(queue="q")).say(Queue.Declare(queue="never"))
    assert client.rest() == b""
    assert broker.connections[0].closed == pytest.approx(50, abs=0.01)
    assert broker.on("receive").received[0].outcome == "hung"


def test_bandwidth(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    broker.publish("q", bytes(10_000))
    broker.on("receive").inject(bandwidth(1))
    client.sock.settimeout(100)
    assert client.get("q") is not None
    assert broker.ledger.now() == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("fault", [reset_on_accept(), close_on_accept()], ids=["reset", "close"])
def test_a_connection_that_does_not_come_to_be(broker: FakeAmqp, connect: Callable[[], Client], fault: Any) -> None:
    broker.inject(fault)
    with pytest.raises((ConnectionError, EOFError)):
        connect().login()
    connect().login()


def test_slow_accept(virtual_clock: VirtualClock, broker: FakeAmqp, connect: Callable[[], Client]) -> None:
    broker.inject(slow_accept(20))
    client = connect()
    client.sock.settimeout(100)
    client.login()
    assert broker.ledger.now() == pytest.approx(20, abs=0.01)


def test_connection_refused(broker: FakeAmqp, client: Client, connect: Callable[[], Client]) -> None:
    rule = broker.inject(connection_refused())
    with pytest.raises(ConnectionRefusedError):
        connect()
    broker.heal(rule)
    connect().login()


def test_outage_and_drop_all(virtual_clock: VirtualClock, broker: FakeAmqp, connect: Callable[[], Client]) -> None:
    client = connect().login()
    broker.drop_all()
    assert_reset(client)
    broker.outage(30)
    with pytest.raises(ConnectionRefusedError):
        connect()
    virtual_clock.sleep(31)
    connect().login()
