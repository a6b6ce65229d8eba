"""WebSocket, byte by byte: the handshake of RFC 6455, frames, closing, and what breaks the rules."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING

import aiohttp
import pytest
import websockets.exceptions
from websockets.sync.client import connect as websockets_connect

from pytest_integrations.faults import latency, status
from pytest_integrations.wire.loop import shared_loop
from tests.wire.raw import Raw

from .echoing import MAX_MESSAGE, Echoing

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the example of RFC 6455 section 1.3
FIELDS = (
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    f"Sec-WebSocket-Key: {KEY}",
)


@pytest.fixture
def fake() -> Iterator[Echoing]:
    with Echoing() as fake:
        yield fake


@pytest.fixture
def raw(fake: Echoing) -> Iterator[Raw]:
    """A connection after its handshake."""
    with Raw(fake) as raw:
        assert raw.ask("/", "GET", b"", *FIELDS).answer().status == 101
        yield raw


def frame(first: int, payload: bytes = b"", *, mask: bytes = b"abcd") -> bytes:
    """Return a client's frame with this first byte: FIN, reserved bits and opcode."""
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
    return bytes([first]) + length + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def close_frame(code: int, reason: str = "") -> bytes:
    payload = struct.pack("!H", code) + reason.encode()
    return bytes([0x88, len(payload)]) + payload


# -- the handshake


def test_the_handshake_of_the_rfc(fake: Echoing) -> None:
    """Its own example, to the byte."""
    with Raw(fake) as raw:
        answer = raw.ask("/", "GET", b"", *FIELDS).answer()
    assert answer.start == "HTTP/1.1 101 Switching Protocols"
    assert answer.fields == (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    )
    assert (fake.calls[0].status, fake.calls[0].outcome) == (101, "answered")


@pytest.mark.parametrize(
    ("offer", "chosen"),
    [
        ("a.echo, b.echo, c.echo", "b.echo"),
        ("c.echo,b.echo", "c.echo"),
        ("B.ECHO", None),
        ("a.echo", None),
    ],
)
def test_the_subprotocol_is_the_first_of_the_clients_that_is_spoken(
    fake: Echoing, offer: str, chosen: str | None
) -> None:
    """Names are told apart by case; none that is spoken is none chosen."""
    with Raw(fake) as raw:
        answer = raw.ask("/", "GET", b"", *FIELDS, f"Sec-WebSocket-Protocol: {offer}").answer()
    assert (answer.status, answer.header("Sec-WebSocket-Protocol")) == (101, chosen)


@pytest.mark.parametrize(
    ("method", "number", "field", "code"),
    [
        ("POST", 1, FIELDS[1], 400),
        ("GET", 0, "Connection: keep-alive", 400),
        ("GET", 2, "Sec-WebSocket-Version: 8", 426),
        ("GET", 2, "X: y", 426),
        ("GET", 3, "Sec-WebSocket-Key: c2hvcnQ=", 400),
        ("GET", 3, "Sec-WebSocket-Key: no base64!", 400),
        ("GET", 3, "X: y", 400),
    ],
)
def test_what_is_no_handshake_is_refused(fake: Echoing, method: str, number: int, field: str, code: int) -> None:
    """And the connection goes on in HTTP."""
    fields = list(FIELDS)
    fields[number] = field
    with Raw(fake) as raw:
        answer = raw.ask("/", method, b"", *fields).answer()
        assert answer.status == code
        assert (answer.header("Sec-WebSocket-Version") == "13") == (code == 426)
        assert raw.ask("/", "GET", b"", *FIELDS).answer().status == 101


# -- messages


@pytest.mark.parametrize("size", [0, 1, 125, 126, MAX_MESSAGE])
def test_messages_of_every_length(fake: Echoing, raw: Raw, size: int) -> None:
    """The answer's frame is unmasked and as short as can be."""
    payload = b"x" * size
    raw.send(frame(0x81, payload))
    length = bytes([size]) if size < 126 else b"\x7e" + struct.pack("!H", size)
    assert raw.take(1 + len(length) + size) == b"\x81" + length + payload
    raw.send(frame(0x82, payload))
    assert raw.take(1) == b"\x82"
    assert fake.heard == [("text", payload.decode()), ("binary", payload)]


def test_a_message_in_fragments_with_a_ping_between_them(fake: Echoing, raw: Raw) -> None:
    """Every byte in a segment of its own; a character is cut in two; the ping is answered at once."""
    whole = "né".encode()
    sent = frame(0x01, whole[:2]) + frame(0x89, b"alive") + frame(0x80, whole[2:])
    raw.send_in(sent[place : place + 1] for place in range(len(sent)))
    assert raw.take(7) == b"\x8a\x05alive"
    assert raw.take(5) == b"\x81\x03" + whole
    assert fake.heard == [("text", "né")]


def test_what_comes_with_the_handshake_is_read(fake: Echoing) -> None:
    """In the same segment, and counted once."""
    with Raw(fake) as raw:
        request = "\r\n".join(("GET / HTTP/1.1", "Host: x", *FIELDS, "", "")).encode()
        raw.send(request + frame(0x81, b"early")).answer()
        assert raw.take(7) == b"\x81\x05early"
        assert fake.connections[0].received == len(request) + 11


def test_sending_in_parts(fake: Echoing, raw: Raw) -> None:
    """A first frame, one that goes on, a last one."""
    fake.does("send_parts", "a", "b", "c")
    assert raw.take(9) == b"\x01\x01a\x00\x01b\x80\x01c"


def test_pinging(fake: Echoing, raw: Raw) -> None:
    """Ours is a frame; theirs may go unanswered."""
    fake.does("ping", b"x")
    assert raw.take(3) == b"\x89\x01x"
    assert fake.socket is not None
    fake.socket.answers_pings = False
    raw.send(frame(0x89, b"?") + frame(0x81, b"!"))
    assert raw.take(3) == b"\x81\x01!"


# -- closing


@pytest.mark.parametrize(
    ("sent", "answered", "code"),
    [
        (frame(0x88, struct.pack("!H", 1000) + b"bye"), close_frame(1000, "bye"), 1000),
        (frame(0x88, struct.pack("!H", 4000)), close_frame(4000), 4000),
        (frame(0x88), b"\x88\x00", 1005),
    ],
)
def test_the_client_closes(fake: Echoing, raw: Raw, sent: bytes, answered: bytes, code: int) -> None:
    """Its close frame is sent back, then FIN."""
    raw.send(sent)
    assert raw.rest() == answered
    assert fake.heard == [("closed", code, True)]
    assert fake.connections[0].closed_by == "client"


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_the_client_leaves_without_a_word(fake: Echoing, raw: Raw, leave: str) -> None:
    """That is 1006."""
    getattr(raw, leave)()
    fake.ledger.settle()
    assert fake.heard == [("closed", 1006, True)]
    assert fake.connections[0].closed_by == "client"


def test_we_close(fake: Echoing, raw: Raw) -> None:
    """What the client sends before its own close frame is not heard any more."""
    fake.does("close", 4403, "Forbidden")
    assert raw.take(13) == close_frame(4403, "Forbidden")
    raw.send(frame(0x81, b"late") + frame(0x89, b"late") + frame(0x88, struct.pack("!H", 4403)))
    assert raw.rest() == b""
    assert fake.heard == [("closed", 4403, False)]
    assert fake.connections[0].closed_by == "fake"
    fake.does("send", "to nobody")


def test_a_client_that_does_not_answer_a_close_is_left(
    fake: Echoing, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while, by FIN."""
    monkeypatch.setattr("pytest_integrations.wire.websocket.protocol._PATIENCE", 0.05)
    fake.does("close", 1001)
    assert raw.rest() == close_frame(1001)
    raw.close()
    fake.ledger.settle()
    assert fake.heard == [("closed", 1006, False)]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x01x", 1002),  # not masked
        (frame(0xC1, b"x"), 1002),  # a reserved bit
        (frame(0x83), 1002),  # an opcode that there is not
        (frame(0x09, b"x"), 1002),  # a ping in fragments
        (frame(0x80, b"x"), 1002),  # goes on with nothing
        (frame(0x01, b"x") + frame(0x81, b"y"), 1002),  # a new message inside one
        (frame(0x88, b"x"), 1002),  # half a code
        (frame(0x88, struct.pack("!H", 1005)), 1002),  # a code that is not for the wire
        (frame(0x81, b"\xff"), 1007),
        (frame(0x82, b"x" * (MAX_MESSAGE + 1)), 1009),
        (frame(0x01, b"x" * MAX_MESSAGE) + frame(0x80, b"x"), 1009),
    ],
)
def test_who_breaks_the_rules_is_told_so(fake: Echoing, raw: Raw, sent: bytes, code: int) -> None:
    """A close frame with the code for it, then FIN; nothing after it is heard."""
    raw.send(sent + frame(0x81, b"more"))
    wire = raw.rest()
    assert wire[0] == 0x88
    assert struct.unpack("!H", wire[2:4])[0] == code
    assert fake.heard == [("closed", code, False)]


def test_nonsense_after_a_close_of_ours_ends_it(fake: Echoing, raw: Raw) -> None:
    """No second close frame."""
    fake.does("close", 1000)
    assert raw.take(4) == close_frame(1000)
    raw.send(frame(0x83))
    assert raw.rest() == b""


def test_a_fake_that_stops_ends_its_sockets(fake: Echoing, raw: Raw) -> None:
    """It was not the client that left."""
    fake.stop()
    assert fake.heard == [("closed", 1006, False)]
    assert fake.connections[0].closed_by == "fake"


# -- what a fault needs


@pytest.mark.parametrize("how", ["abort", "finish", "send_raw"])
def test_ways_to_go_that_are_none(fake: Echoing, raw: Raw, how: str) -> None:
    """RST; FIN without a close frame; bytes that are no frame."""
    fake.does(how, *([b"\xff\xffnonsense"] if how == "send_raw" else []))
    if how == "abort":
        with pytest.raises(ConnectionResetError):
            raw.rest()
    elif how == "finish":
        assert raw.rest() == b""
    else:
        assert raw.take(10) == b"\xff\xffnonsense"
    if how != "send_raw":
        raw.close()
        assert fake.connections[0].closed_by == "fake"


def test_faults_of_the_handshake(fake: Echoing) -> None:
    """It is an HTTP request like any other."""
    fake.inject(status(503), latency(0.05))
    with Raw(fake) as raw:
        assert raw.ask("/", "GET", b"", *FIELDS).answer().status == 503
        assert raw.ask("/", "GET", b"", *FIELDS).answer().status == 101


# -- real clients


@pytest.mark.parametrize("tls", [False, True])
def test_websockets_talks_to_it(tls: bool) -> None:  # noqa: FBT001
    """With its pings, fragments, subprotocol, and either side's close."""
    with Echoing(tls=tls) as fake:
        context = fake.client_context() if tls else None
        with websockets_connect(fake.ws_url, ssl=context, subprotocols=["x", "c.echo"], proxy=None) as socket:  # type: ignore[list-item]
            assert socket.subprotocol == "c.echo"
            socket.send("text")
            assert socket.recv(5) == "text"
            socket.send([b"in", b" parts"])
            assert socket.recv(5) == b"in parts"
            assert socket.ping().wait(5)
            fake.does("close", 4001, "enough")
            with pytest.raises(websockets.exceptions.ConnectionClosedError, match=r"4001.*enough"):
                socket.recv(5)
        fake.ledger.settle()
        assert fake.heard[-1] == ("closed", 4001, False)


def test_aiohttp_talks_to_it(fake: Echoing) -> None:
    """And closes."""

    async def talk() -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(fake.ws_url, autoping=False) as socket:
            await socket.send_str("text")
            assert (await socket.receive(5)).data == "text"
            await socket.ping(b"alive")
            pong = await socket.receive(5)
            assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"alive")
            await socket.send_bytes(b"bytes")
            assert (await socket.receive(5)).data == b"bytes"
            await socket.close(code=4002, message=b"bye")

    asyncio.run(talk())
    fake.ledger.settle()
    assert fake.heard == [("text", "text"), ("binary", b"bytes"), ("closed", 4002, True)]


def test_a_slow_reader_is_seen(fake: Echoing, raw: Raw) -> None:
    """What it does not take is counted."""
    for _ in range(16):
        fake.does("send", b"x" * 1024 * 1024)
    assert fake.socket is not None
    assert shared_loop().call(lambda: fake.socket.unsent) > 0  # type: ignore[union-attr]
