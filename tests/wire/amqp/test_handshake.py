"""From the greeting to the virtual host."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp

from .client import CAPABILITIES, GREETING, Channel, Client, Closed, Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    Connect = Callable[..., Client]


@pytest.mark.parametrize("greeting", [b"AMQP\x00\x00\x09\x00", b"AMQP\x03\x01\x00\x00", b"GET / HTTP/1.1\r\n\r\n"])
def test_another_protocol_is_told_ours_and_left(connect: Connect, greeting: bytes) -> None:
    client = connect().send(greeting)
    assert client.take(8) == GREETING
    assert client.rest() == b""


def test_the_greeting_may_come_in_pieces(connect: Connect) -> None:
    client = connect()
    for byte in GREETING:
        client.send(bytes((byte,)))
    start = client.expect("Connection.Start").method
    assert (start.version_major, start.version_minor, start.locales) == (0, 9, "en_US")
    assert start.mechanisms.split() == ["PLAIN", "AMQPLAIN"]
    assert start.server_properties["product"] == "RabbitMQ"
    assert start.server_properties["capabilities"]["publisher_confirms"] is True


def test_what_is_proposed_and_agreed_on(connect: Connect) -> None:
    client = connect().send(GREETING)
    client.expect("Connection.Start")
    client.say(Connection.StartOk(client_properties={}, response="\0guest\0guest"), 0)
    tune = client.expect("Connection.Tune").method
    assert (tune.channel_max, tune.frame_max, tune.heartbeat) == (2047, 131072, 60)


def test_amqplain(connect: Connect) -> None:
    fields = b"".join(
        bytes((len(name),)) + name + b"S" + struct.pack(">I", len(value)) + value
        for name, value in ((b"LOGIN", b"guest"), (b"PASSWORD", b"guest"))
    )
    client = connect().login(mechanism="AMQPLAIN", response=fields.decode("latin-1"))
    client.open()


@pytest.mark.parametrize(
    ("start", "text"),
    [
        (
            {"response": "\0guest\0wrong"},
            (
                "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. "
                "For details see the broker logfile."
            ),
        ),
        ({"response": "nonsense"}, "ACCESS_REFUSED - PLAIN login refused: response malformed"),
        ({"mechanism": "ODD"}, "ACCESS_REFUSED - unsupported authentication mechanism 'ODD'"),
        ({"mechanism": "AMQPLAIN", "response": "x"}, "ACCESS_REFUSED - AMQPLAIN login refused: response malformed"),
    ],
)
def test_a_login_that_is_refused(connect: Connect, start: dict[str, str], text: str) -> None:
    client = connect()
    with pytest.raises(Closed) as closed:
        client.login(**start)
    assert (closed.value.code, closed.value.text, closed.value.about) == (403, text, (10, 11))
    client.say(Connection.CloseOk(), 0)
    assert client.rest() == b""


def test_a_client_that_knows_no_refusal_is_just_left(connect: Connect) -> None:
    client = connect().send(GREETING)
    client.expect("Connection.Start")
    client.say(Connection.StartOk(client_properties={}, response="\0guest\0wrong"), 0)
    assert client.rest() == b""


def test_a_vhost_that_is_not_there(connect: Connect) -> None:
    with pytest.raises(Closed) as closed:
        connect().login(vhost="nowhere")
    assert (closed.value.code, closed.value.text) == (530, "NOT_ALLOWED - vhost nowhere not found")
    assert closed.value.about == (10, 40)


def test_a_vhost_for_others(broker: FakeAmqp, connect: Connect) -> None:
    broker.vhost("ours")
    broker.user("stranger", "secret")
    connect().login(vhost="ours")
    with pytest.raises(Closed, match="NOT_ALLOWED - access to vhost 'ours' refused for user 'stranger'"):
        connect().login("stranger", "secret", "ours")


@pytest.mark.parametrize(
    ("tune", "text"),
    [
        ((4000, 131072, 0), "negotiated channel_max = 4000 is higher than the maximum allowed value (2047)"),
        ((2047, 999999, 0), "negotiated frame_max = 999999 is higher than the maximum allowed value (131072)"),
        ((2047, 100, 0), "negotiated frame_max = 100 is lower than the minimum allowed value (4096)"),
    ],
)
def test_what_cannot_be_agreed_on(connect: Connect, tune: tuple[int, int, int], text: str) -> None:
    client = connect().send(GREETING)
    client.expect("Connection.Start")
    client.say(Connection.StartOk(client_properties={"capabilities": CAPABILITIES}, response="\0guest\0guest"), 0)
    client.expect("Connection.Tune")
    client.say(Connection.TuneOk(*tune), 0)
    with pytest.raises(Closed) as closed:
        client.expect("Connection.OpenOk")
    assert (closed.value.code, closed.value.text) == (530, f"NOT_ALLOWED - {text}")


def test_a_client_that_leaves_is_told_goodbye(broker: FakeAmqp, client: Client) -> None:
    client.ask(Connection.Close(reply_code=200, reply_text="bye", class_id=0, method_id=0), channel=0)
    assert client.rest() == b""
    (connection,) = broker.connections
    assert connection.closed_by == "client"
    assert connection.closed is not None


def test_the_ledger_has_the_handshake(broker: FakeAmqp, client: Client) -> None:
    assert [(call.operation, call.kind, call.verdict) for call in broker.calls] == [
        ("connection.start-ok", "connect", "ok"),
        ("connection.open /", "connect", "ok"),
        ("channel.open", "connect", "ok"),
    ]


def test_channels_open_and_close(client: Client) -> None:
    client.open(2047)
    client.ask(Channel.Close(reply_code=0, reply_text="", class_id=0, method_id=0), channel=2047)
    client.open(2047)


def test_tls() -> None:
    with FakeAmqp(tls=True) as broker:
        assert broker.url.startswith("amqps://guest:guest@127.0.0.1:")
        broker.queue("q")
        with Client(broker.port, tls=broker.client_context()).login().open() as client:
            assert client.publish(b"one", "q").get("q") is not None
        assert broker.connections[0].tls == "TLSv1.3"
