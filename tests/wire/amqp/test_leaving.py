"""Ends that cross each other, clients that leave, and those that send more than can be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.faults.connection import connection_reset
from pytest_integrations.faults.delay import latency
from pytest_integrations.faults.queue import queue_full
from pytest_integrations.faults.timing import hang

from .client import Basic, Channel, Client, Closed, Confirm, Connection, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.timekeeping import VirtualClock

CLOSE = Channel.Close(reply_code=0, reply_text="", class_id=0, method_id=0)


def test_both_close_a_channel_at_once(client: Client) -> None:
    client.say(Basic.Ack(9)).say(CLOSE)
    with pytest.raises(Closed):
        client.expect("Never.Comes")
    assert client.next().name == "Channel.CloseOk"
    client.open()


def test_a_channel_that_is_not_open_may_be_closed(client: Client) -> None:
    assert client.ask(CLOSE, channel=5).name == "Channel.CloseOk"
    client.say(Channel.CloseOk(), 6).open(6)


def test_both_close_the_connection_at_once(client: Client) -> None:
    client.say(Basic.Recover(requeue=False))
    client.say(Connection.Close(reply_code=200, reply_text="", class_id=0, method_id=0), 0)
    with pytest.raises(Closed):
        client.expect("Never.Comes")
    assert client.next().name == "Connection.CloseOk"
    assert client.rest() == b""


def test_a_new_secret(client: Client) -> None:
    client.ask(Connection.UpdateSecret(new_secret="x", reason="old"), channel=0)


def test_closing_late(virtual_clock: VirtualClock, broker: FakeAmqp, connect: Callable[[], Client]) -> None:
    client = connect().login().open()
    client.sock.settimeout(100)
    broker.on("other").inject(latency(10))
    client.ask(Connection.Close(reply_code=200, reply_text="", class_id=0, method_id=0), channel=0)
    assert client.rest() == b""
    assert broker.calls[-1].ended == pytest.approx(10, abs=0.01)
    assert broker.connections[0].closed_by == "client"


def test_a_client_that_leaves_before_its_answer(
    virtual_clock: VirtualClock, broker: FakeAmqp, connect: Callable[[], Client]
) -> None:
    client = connect().login().open()
    broker.on("receive").inject(latency(10))
    client.say(Basic.Get(queue="q"))
    broker.ledger.settle()
    client.close()
    (call,) = broker.on("receive").received
    assert (call.outcome, call.ended) == ("abandoned", None)
    assert call.gone == pytest.approx(0, abs=0.01)
    virtual_clock.sleep(20)
    assert call.first_byte is None


def test_a_client_that_leaves_what_hangs(broker: FakeAmqp, client: Client) -> None:
    broker.publish("q", b"x")
    broker.on("receive").inject(hang())
    client.say(Basic.Get(queue="q"))
    broker.ledger.settle()
    client.close()
    (call,) = broker.on("receive").received
    assert (call.outcome, call.handled) == ("hung", False)
    assert call.gone is not None
    assert broker.messages[0].places == {"q": 1}


def test_a_client_that_leaves_while_it_is_blocked(broker: FakeAmqp, client: Client) -> None:
    broker.inject(queue_full("block"))
    client.publish(b"x", "q").expect("Connection.Blocked")
    client.close()
    broker.heal()
    assert not broker.messages


def test_a_client_that_sends_without_end_is_not_read_without_end(
    virtual_clock: VirtualClock, broker: FakeAmqp, connect: Callable[[], Client]
) -> None:
    client = connect().login().open()
    client.sock.settimeout(100)
    broker.on("receive").inject(latency(50))
    client.say(Basic.Get(queue="q"))
    body = bytes(1_000_000)
    client.sock.setblocking(False)
    sent, blocked = bytearray(), False
    data = bytearray()

    class Keep:
        def sendall(self, piece: bytes) -> None:
            data.extend(piece)

    real, client.sock = client.sock, Keep()
    for _ in range(30):
        client.publish(body, "q")
    client.sock = real
    while sent != data and not blocked:
        try:
            count = real.send(data[len(sent) : len(sent) + 65536])
            sent += data[len(sent) : len(sent) + count]
        except BlockingIOError:
            broker.ledger.settle()
            try:
                real.send(b"")
                count = real.send(data[len(sent) : len(sent) + 1])
                sent += data[len(sent) : len(sent) + count]
            except BlockingIOError:
                blocked = True
    assert blocked, "the client was let in with 30 MB that nobody looks at"
    real.settimeout(200)
    real.sendall(data[len(sent) :])
    assert client.expect("Basic.GetEmpty").name == "Basic.GetEmpty"
    assert client.ask(Queue.Declare(queue="q", passive=True)).method.message_count == 30


def test_a_confirm_comes_before_the_close_that_follows_it(client: Client) -> None:
    client.ask(Confirm.Select())
    client.publish(b"x", "q").say(CLOSE)
    assert [client.next().name for _ in range(2)] == ["Basic.Ack", "Channel.CloseOk"]


def test_a_reset_takes_all_channels_along(broker: FakeAmqp, client: Client) -> None:
    client.open(2)
    for channel in (1, 2):
        broker.publish("q", b"x")
        client.get("q", channel=channel)
    broker.on("receive").inject(connection_reset())
    client.say(Basic.Get(queue="q"), 2)
    with pytest.raises(ConnectionResetError):
        client.take(1)
    assert [message.places for message in broker.messages] == [{"q": 1}] * 2
    assert not any(message.in_flight for message in broker.messages)


def test_ipv6() -> None:
    with FakeAmqp(host="::1") as broker:
        assert broker.url.startswith("amqp://guest:guest@[::1]:")
        with Client(broker.port, host="::1") as client:
            client.login().open()


def test_a_client_without_consumer_cancel_notify_is_not_told(broker: FakeAmqp, client: Client) -> None:
    with Client(broker.port).send(b"AMQP\x00\x00\x09\x01") as old:
        old.expect("Connection.Start")
        old.say(Connection.StartOk(client_properties={}, response="\0guest\0guest"), 0)
        old.expect("Connection.Tune")
        old.say(Connection.TuneOk(10, 131072, 0), 0)
        old.ask(Connection.Open(virtual_host="/"), channel=0)
        old.open()
        old.ask(Basic.Consume(queue="q", consumer_tag="c"))
        client.ask(Queue.Delete(queue="q"))
        assert old.ask(Basic.Qos()).name == "Basic.QosOk"
        assert not old.aside
