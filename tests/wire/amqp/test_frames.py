"""Frames that are none, frames in the wrong place, and contents in many frames."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from pamqp import frame, header

from pytest_integrations.backends.amqp.fake import FakeAmqp

from .client import Basic, Channel, Client, Closed, Connection, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    Connect = Callable[..., Client]


def raw(kind: int, channel: int, payload: bytes, end: bytes = b"\xce") -> bytes:
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + end


PUBLISH = frame.marshal(Basic.Publish(routing_key="q"), 1)
HEADER = frame.marshal(header.ContentHeader(0, 4, Basic.Properties()), 1)

BAD = {
    "an end that is none": (raw(1, 1, b"\0\x3c\0\x46", b"\0"), 501, "invalid_frame_end_marker"),
    "an unknown type": (raw(9, 1, b"abc"), 501, "type 9, all octets = <<97,98,99>>: unknown_frame"),
    "a frame that is too large": (struct.pack(">BHI", 1, 1, 200_000), 501, "frame_too_large,200000"),
    "a header without a method": (HEADER, 505, "expected method frame, got non method frame instead"),
    "a body without a method": (raw(3, 1, b"x"), 505, "expected method frame, got non method frame instead"),
    "a method in the place of a header": (
        PUBLISH + PUBLISH,
        505,
        "expected content header for class 60, got non content header frame instead",
    ),
    "a method in the place of a body": (
        PUBLISH + HEADER + PUBLISH,
        505,
        "expected content body, got non content body frame instead",
    ),
    "a header of another class": (
        PUBLISH + raw(2, 1, struct.pack(">HHQH", 50, 0, 0, 0)),
        505,
        "expected content header for class 60, got one for class 50 instead",
    ),
    "a header that is cut": (PUBLISH + raw(2, 1, b"\0\x3c\0\0"), 502, "a content header of less than 14 bytes"),
    "properties that are cut": (
        PUBLISH + raw(2, 1, struct.pack(">HHQHB", 60, 0, 0, 1 << 15, 9)),
        502,
        "a content header ends inside content_type",
    ),
    "a table that is none": (
        PUBLISH + raw(2, 1, struct.pack(">HHQHI", 60, 0, 0, 1 << 13, 4) + b"\x01aZZ"),
        502,
        "unknown type",
    ),
    "an unknown method": (raw(1, 1, struct.pack(">HH", 60, 999)), 540, "unknown method: class 60, method 999"),
    "a method that is cut": (raw(1, 1, struct.pack(">HHH", 60, 70, 0)), 502, "cannot decode 'basic.get'"),
    "a channel that is not open": (frame.marshal(Basic.Get(queue="q"), 7), 504, "expected 'channel.open'"),
    "a channel opened twice": (frame.marshal(Channel.Open(), 1), 504, "second 'channel.open' seen"),
    "a channel too many": (frame.marshal(Channel.Open(), 3000), 530, "negotiated channel_max (2047)"),
    "another class on channel 0": (frame.marshal(Basic.Get(queue="q"), 0), 503, "unexpected method basic.get"),
    "a content on channel 0": (raw(3, 0, b"x"), 505, "expected method frame"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_frame_ends_the_connection(broker: FakeAmqp, client: Client, name: str) -> None:
    data, code, text = BAD[name]
    client.send(data)
    with pytest.raises(Closed) as closed:
        client.expect("Never.Comes")
    assert closed.value.came.name == "Connection.Close"
    assert closed.value.code == code
    assert text in closed.value.text
    client.say(Connection.CloseOk(), 0)
    assert client.rest() == b""
    assert broker.connections[0].closed_by == "fake"


@pytest.mark.parametrize("name", ["an end that is none", "a frame that is too large"])
def test_where_no_frame_can_be_found_any_more_nobody_waits_for_an_answer(client: Client, name: str) -> None:
    client.send(BAD[name][0])
    with pytest.raises(Closed):
        client.expect("Never.Comes")
    assert client.rest() == b""


def test_after_a_close_nothing_else_is_heard(broker: FakeAmqp, client: Client) -> None:
    client.send(raw(9, 1, b"abc")).publish(b"late", "q")
    with pytest.raises(Closed):
        client.expect("Never.Comes")
    client.say(Connection.CloseOk(), 0).rest()
    assert not broker.messages


def test_a_client_that_does_not_say_that_it_knows_is_left(virtual_clock: object) -> None:
    with FakeAmqp() as broker, Client(broker.port).login() as client:
        client.send(raw(9, 1, b"abc"))
        with pytest.raises(Closed):
            client.expect("Never.Comes")
        client.sock.settimeout(60)
        assert client.rest() == b""
        assert broker.connections[0].closed == pytest.approx(10.0, abs=0.01)


def test_a_closed_channel_swallows_what_was_under_way(broker: FakeAmqp, client: Client) -> None:
    client.say(Basic.Ack(99)).publish(b"lost", "q").say(Queue.Declare(queue="never"))
    with pytest.raises(Closed) as closed:
        client.expect("Never.Comes")
    assert (closed.value.code, closed.value.about) == (406, (60, 80))
    client.say(Channel.CloseOk()).open()
    assert client.ask(Queue.Declare(queue="q", passive=True)).method.message_count == 0
    assert not broker.messages


@pytest.mark.parametrize("size", [0, 1, 4088, 4089, 9000, 300_000])
def test_a_body_takes_as_many_frames_as_it_needs(broker: FakeAmqp, connect: Connect, size: int) -> None:
    client = connect(frame_max=4096).login().open()
    body = bytes(number % 251 for number in range(size))
    client.publish(body, "q")
    came = client.get("q")
    assert came is not None
    assert came.body == body
    assert broker.messages[0].body == body


def test_properties_go_through_byte_for_byte(client: Client) -> None:
    table = (
        b"\x01s" + b"s\x00\x07" + b"\x01I" + b"I\x00\x00\x00\x07" + b"\x01f" + b"f\x40\x00\x00\x00" + b"\x01a" + b"V"
    )
    flags = struct.pack(">H", 1 << 15 | 1 << 13 | 1 << 12)
    properties = flags + b"\x04text" + struct.pack(">I", len(table)) + table + b"\x02"
    client.send(PUBLISH + raw(2, 1, struct.pack(">HHQ", 60, 0, 4) + properties) + raw(3, 1, b"body"))
    came = client.get("q")
    assert came is not None
    assert came.raw_properties == properties


def test_a_message_that_is_too_large_ends_the_channel() -> None:
    with FakeAmqp(max_body=10) as broker, Client(broker.port).login().open() as client:
        client.publish(bytes(11), "q")
        with pytest.raises(Closed, match="PRECONDITION_FAILED - message size 11 is larger than configured max size 10"):
            client.expect("Never.Comes")
        client.say(Channel.CloseOk()).open().publish(bytes(10), "q")


def test_bytes_one_by_one(client: Client) -> None:
    for byte in PUBLISH + HEADER + raw(3, 1, b"body"):
        client.send(bytes((byte,)))
    came = client.get("q")
    assert came is not None
    assert came.body == b"body"
