"""Refusals, bytes that are none, and connections that break."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.faults.amqp import (
    auth_refused,
    channel_close,
    connection_close,
    frame_error,
    missed_heartbeats,
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
from pytest_integrations.faults.framing import truncate_body
from pytest_integrations.faults.queue import (
    garbage,
)
from pytest_integrations.faults.request_side import reset_mid_upload
from pytest_integrations.faults.timing import bandwidth, hang, slow_accept
from tests.wire.amqp.client import Basic, Channel, Client, Closed, Confirm, Connection, Queue, Tx

from .seen import assert_reset

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.amqp.fake import FakeAmqp
    from pytest_integrations.timekeeping import VirtualClock


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


def test_a_publication_that_is_cut_short_is_not_heard(broker: FakeAmqp, client: Client) -> None:
    broker.on("publish").inject(reset_mid_upload(after_bytes=100))
    client.publish(bytes(1000), "q")
    assert_reset(client)
    assert not broker.messages
    assert broker.on("publish").received[0].outcome == "reset"


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


@pytest.mark.parametrize(
    "fault",
    [lost_response(), lost_response(then="hang"), connection_reset(at="mid_body")],
    ids=["reset", "hang", "half a frame"],
)
@pytest.mark.parametrize("mode", ["confirms", "a transaction"])
def test_a_confirm_that_never_came_was_not_told(broker: FakeAmqp, client: Client, fault: Any, mode: str) -> None:
    orders = broker.queue("orders")
    client.ask(Confirm.Select() if mode == "confirms" else Tx.Select())
    broker.on("publish" if mode == "confirms" else "other").inject(fault)
    client.publish(b"one", "orders")
    if mode == "a transaction":
        client.say(Tx.Commit())
    while not orders.ready:
        time.sleep(0.001)
    assert [message.producer_was_told for message in broker.messages] == ["nothing"]


def test_a_confirm_is_told_when_it_comes(broker: FakeAmqp, client: Client) -> None:
    broker.on("publish").inject(latency(0.2))
    client.ask(Confirm.Select())
    client.publish(b"one", "q").expect("Basic.Ack")
    (message,) = broker.messages
    assert message.of("confirmed")[0].time - message.of("routed")[0].time > 0.1


def test_empty_response(broker: FakeAmqp, client: Client) -> None:
    broker.on("receive").inject(empty_response())
    client.say(Basic.Get(queue="q"))
    assert client.rest() == b""
    assert broker.on("receive").received[0].outcome == "closed"


@pytest.mark.parametrize(
    ("size", "outcome"), [(0, "closed"), (50, "truncated"), (10_000, "answered")], ids=["none", "some", "all"]
)
def test_a_fin_is_named_by_what_came_before_it(broker: FakeAmqp, client: Client, size: int, outcome: str) -> None:
    broker.publish("q", bytes(1000))
    broker.on("receive").inject(truncate_body(bytes=size, end="close"))
    client.say(Basic.Get(queue="q"))
    came = client.rest()
    (call,) = broker.on("receive").received
    assert (len(came), call.outcome) == (min(size, len(call.reply)), outcome)
    assert (call.handled, call.first_byte is not None) == (True, size > 0)
    assert broker.connections[0].closed_by == "fake"


def test_a_delay_before_a_hang_comes_first(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    broker.on("receive").inject(latency(10) + hang(for_=5))
    client.sock.settimeout(100)
    client.say(Basic.Get(queue="q"))
    assert client.rest() == b""
    assert broker.on("receive").received[0].ended == pytest.approx(15, abs=0.01)


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
