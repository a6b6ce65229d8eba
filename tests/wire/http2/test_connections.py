"""Connections: settings, limits, floods, nonsense, and the ways in which both sides end them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hyperframe.frame import GoAwayFrame, PingFrame, SettingsFrame, WindowUpdateFrame

from pytest_integrations.wire.http2 import frames
from pytest_integrations.wire.http2.settings import Http2Settings

from .client import PREFACE_AND_SETTINGS, Http2Client
from .serving import OK, Echo, Port

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.wire.http2.protocol import Http2Protocol

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(30)]

PING_ACK = 1


class Silent(Echo):
    """Answers nothing."""

    def end_received(self) -> None:
        self.told.append("end")


def _is_acknowledged(client: Http2Client, kind: type) -> Callable[[], bool]:
    return lambda: any(isinstance(frame, kind) and "ACK" in frame.flags for frame in client.frames)


def _ping(client: Http2Client) -> Http2Client:
    """Send PING and read until it is acknowledged: all that was sent before has been dealt with."""
    client.h2.ping(b"12345678")
    client.flush()
    return client.until(_is_acknowledged(client, PingFrame))


# -- settings


def test_the_first_frame_is_settings_with_our_limits() -> None:
    """Before anything else, and the client's are acknowledged."""
    settings = Http2Settings(max_streams=7, stream_window=70_000, max_headers=5000)
    with Port(settings=settings) as port, Http2Client(port.port) as client:
        client.until(_is_acknowledged(client, SettingsFrame))
        first = client.frames[0]
        assert isinstance(first, SettingsFrame)
        assert first.settings == {3: 7, 4: 70_000, 6: 5000}


@pytest.mark.parametrize("what", ["settings", "settings_ack", "ping_ack", "window_update"])
def test_what_is_withheld_is_not_sent(what: str) -> None:
    """And all else is as it should be."""
    with Port(configure=lambda connection: connection.withheld.add(what)) as port, Http2Client(port.port) as client:
        client.h2.ping(b"12345678")
        stream = client.ask("/", "POST", bytes(40_000))
        assert client.answer(stream).body == bytes(40_000)
        if what != "ping_ack":
            _ping(client)
        kinds = {
            "settings": any(isinstance(frame, SettingsFrame) and not frame.flags for frame in client.frames),
            "settings_ack": _is_acknowledged(client, SettingsFrame)(),
            "ping_ack": _is_acknowledged(client, PingFrame)(),
            "window_update": any(
                isinstance(frame, WindowUpdateFrame) and frame.stream_id == stream for frame in client.frames
            ),
        }
        # With windows of a megabyte there is nothing to tell of 40,000 bytes.
        assert [kind for kind, was_sent in kinds.items() if not was_sent] == sorted(
            {what, "window_update"}, key=list(kinds).index
        )


def test_a_withheld_window_update_stalls_an_upload() -> None:
    """The client may send its window, and no more."""
    with (
        Port(configure=lambda connection: connection.withheld.add("window_update")) as port,
        Http2Client(port.port, timeout=0.2) as client,
    ):
        client.until(_is_acknowledged(client, SettingsFrame))
        stream = client.ask("/", "POST", b"x", end=False)
        with pytest.raises(TimeoutError):
            client.send_body(stream, bytes(2 * 1024 * 1024))
        port.do(lambda: None)
        assert len(port.handlers[0].body) == port.handlers[0].stream.unread == 1024 * 1024


def test_a_window_of_nothing_lets_no_body_in() -> None:
    """With a stream window of 0 a client that heeds it sends its head alone."""
    with Port(settings=Http2Settings(stream_window=0)) as port, Http2Client(port.port, timeout=0.2) as client:
        client.until(_is_acknowledged(client, SettingsFrame))
        stream = client.ask("/", "POST", end=False)
        assert client.h2.local_flow_control_window(stream) == 0


# -- limits


@pytest.mark.parametrize("most", [0, 2])
def test_one_stream_too_many_is_refused(most: int) -> None:
    """By RST_STREAM (REFUSED_STREAM), which says that it can be tried again; the others go on."""
    with Port(Silent, settings=Http2Settings(max_streams=most)) as port, Http2Client(port.port) as client:
        streams = [client.ask() for _ in range(most + 1)]
        assert client.answer(streams[-1]).reset == 7
        port.do(lambda: None)
        assert [handler.told for handler in port.handlers] == [["end"]] * most
        assert list(port.connections[0].streams) == streams[:-1]
        assert port.away == [(streams[-1], 7)]


def test_a_header_list_that_is_too_long_ends_the_connection() -> None:
    """Beyond twice the limit that was told; up to that it is for the service to tell the client off."""
    with Port(settings=Http2Settings(max_headers=1000)) as port, Http2Client(port.port) as client:
        assert client.answer(client.ask("/", "GET", None, ("x-long", "a" * 1200))).status == 200
        client.ask("/", "GET", None, ("x-long", "a" * 2000))
        assert client.wait_for_end().goaways == [(1, 11)]


@pytest.mark.parametrize(
    ("flood", "code"),
    [
        (frames.frame(frames.PING, 0, 0, bytes(8)) * 1001, 11),
        (frames.settings({}) * 1001, 11),
        (frames.frame(2, 0, 9, struct.pack("!LB", 0, 1)) * 1001, 11),  # PRIORITY
        (frames.frame(99, 0, 0, b"what nobody knows") * 1001, 11),
        (frames.frame(frames.HEADERS, 0, 1, b"\x82") + frames.frame(9, 0, 1, b"\x82") * 70, 1),  # CONTINUATION
    ],
    ids=["ping", "settings", "priority", "unknown", "continuation"],
)
def test_a_flood_of_frames_ends_the_connection(flood: bytes, code: int) -> None:
    """Frames that have nothing to do with a request, and a header section without an end."""
    with Port() as port, Http2Client(port.port, polite=False) as client:
        client.send_raw(PREFACE_AND_SETTINGS + flood)
        assert client.wait_for_end().goaways == [(0, code)]


def test_a_flood_of_empty_data_ends_the_connection() -> None:
    """A stream that goes on and on and brings nothing."""
    with Port() as port, Http2Client(port.port) as client:
        stream = client.ask("/", "POST", b"x", end=False)
        client.send_raw(frames.frame(frames.DATA, 0, stream) * 1001)
        assert client.wait_for_end().goaways == [(stream, 11)]
        assert port.handlers[0].told == ["lost"]


def test_rapid_resets_end_the_connection() -> None:
    """A client that opens streams and cancels them at once (CVE-2023-44487)."""
    with Port(Silent) as port, Http2Client(port.port) as client:
        for _ in range(1500):
            client.h2.reset_stream(client.ask(), 8)
            client.flush()
        client.wait_for_end()
        port.do(lambda: None)
        assert len(port.handlers) == 1001


def test_cancelling_now_and_then_is_no_attack() -> None:
    """Answers that are taken make up for those that are not."""

    class Sometimes(Echo):
        def end_received(self) -> None:
            if self.stream.header(b":path") == b"/":
                super().end_received()

    with Port(Sometimes) as port, Http2Client(port.port) as client:
        for _ in range(1100):
            client.h2.reset_stream(client.ask("/hang"), 8)
            assert client.answer(client.ask()).status == 200
        assert not client.is_closed


def test_who_takes_no_answers_is_not_read_for_ever() -> None:
    """A client that asks and asks, and reads nothing of what it gets beside DATA, which has windows."""

    class Wordy(Echo):
        def end_received(self) -> None:
            self.stream.connection.write(frames.frame(99, 0, 0, bytes(16_000)) * 30)
            self.stream.send_headers(OK, end=True)

    with Port(Wordy) as port, Http2Client(port.port) as client:
        for _ in range(100):
            client.ask()
            port.ledger.settle()
        assert 1024 * 1024 < port.connections[0].transport.unsent < 4 * 1024 * 1024
        assert len(port.handlers) < 100
        port.do(lambda: setattr(Wordy, "end_received", Echo.end_received))
        client.until(lambda: all(answer.ended for answer in client.answers.values()))


# -- nonsense


@pytest.mark.parametrize(
    ("nonsense", "code"),
    [
        (frames.frame(frames.DATA, 0, 1, b"to nobody"), 1),
        (frames.frame(frames.DATA, 0, 0, b"to no stream"), 1),
        (frames.frame(frames.HEADERS, 4, 2, b"\x82\x84\x86"), 1),  # even: a server's number
        (frames.frame(frames.HEADERS, 4, 1, b"\xff\xff\xff\xff\xff\xff"), 9),  # no HPACK
        (frames.frame(frames.HEADERS, 4 + 8, 1, b"\xff\x82"), 1),  # more padding than there is
        (frames.frame(frames.SETTINGS, 0, 0, b"odd"), 6),
        (frames.frame(frames.SETTINGS, 0, 0, struct.pack("!HL", 4, 2**31)), 3),
        (frames.frame(frames.WINDOW_UPDATE, 0, 0, bytes(4)), 1),
        (frames.frame(frames.WINDOW_UPDATE, 0, 0, struct.pack("!L", 2**31 - 1)), 3),
        (frames.frame(frames.PING, 0, 0, b"short"), 6),
        (frames.frame(9, 4, 1, b"\x82"), 1),  # CONTINUATION of nothing
        (frames.frame(5, 4, 1, b"\0\0\0\2\x82"), 1),  # PUSH_PROMISE of a client
        (frames.frame(frames.DATA, 0, 1, bytes(16385)), 6),
    ],
)
def test_nonsense_ends_the_connection(nonsense: bytes, code: int) -> None:
    """By GOAWAY with the code of RFC 9113 and FIN; no handler hears of it."""
    with Port() as port, Http2Client(port.port, polite=False) as client:
        client.send_raw(PREFACE_AND_SETTINGS + nonsense)
        assert [code for _, code in client.wait_for_end().goaways] == [code]
        assert port.handlers == []
        assert port.ledger.connections[0].closed_by == "fake"


def test_what_comes_before_nonsense_is_heard() -> None:
    """In one segment: a request, and then what is none."""
    with Port() as port, Http2Client(port.port) as client:
        client.h2.send_headers(1, [(":method", "GET"), (":scheme", "http"), (":path", "/")], end_stream=True)
        client.send_raw(client.h2.data_to_send() + frames.frame(frames.DATA, 0, 0, b"x"))
        client.wait_for_end()
        assert port.handlers[0].told == ["end", "lost"]


@pytest.mark.parametrize(
    "fields",
    [
        [(":method", "GET"), (":scheme", "http")],
        [(":method", "GET"), (":scheme", "http"), (":path", "")],
        [(":method", "GET"), (":method", "GET"), (":scheme", "http"), (":path", "/")],
        [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":status", "200")],
        [(":method", "GET"), (":scheme", "http"), ("a", "b"), (":path", "/")],
        [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("Upper", "b")],
        [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("connection", "close")],
        [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("te", "gzip")],
        [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("a", "b\r\nc")],
        [(":method", "CONNECT"), (":path", "/")],
    ],
)
def test_a_malformed_request_is_an_error_of_its_stream(fields: list[tuple[str, str]]) -> None:
    """RST_STREAM (PROTOCOL_ERROR), and the connection goes on."""
    with Port() as port, Http2Client(port.port) as client:
        client.h2.send_headers(1, fields, end_stream=True)
        client.flush()
        assert client.answer(client.ask()).status == 200
        assert [frame.error_code for frame in client.frames if frame.type == frames.RST_STREAM] == [1]
        assert (len(port.handlers), port.away) == (1, [(1, 1)])


# -- ends


@pytest.mark.parametrize(("last", "code"), [(None, 0), (0, 0), (1, 11), (3, 2)])
def test_goaway_tells_which_streams_are_processed(last: int | None, code: int) -> None:
    """Those go on; the handlers of the others hear of it; FIN comes after the last answer."""
    with Port(Silent) as port, Http2Client(port.port) as client:
        streams = [client.ask() for _ in range(3)]
        port.do(lambda: port.connections[0].goaway(last, code))
        told = 5 if last is None else last
        client.until(lambda: client.goaways)
        assert client.goaways == [(told, code)]
        assert [handler.told for handler in port.handlers] == [
            ["end"] if stream <= told else ["end", "lost"] for stream in streams
        ]
        late = client.ask()
        for handler in port.handlers:
            port.do(lambda handler=handler: handler.stream.send_headers(OK, end=True))
        client.wait_for_end()
        assert [client.answers[stream].ended for stream in (*streams, late)] == [
            *(stream <= told for stream in streams),
            False,
        ]
        assert len(port.handlers) == 3


def test_goaway_and_then_nothing() -> None:
    """`close="never"`: the connection stays, though nothing is processed on it any more."""
    with Port() as port, Http2Client(port.port, timeout=0.1) as client:
        client.answer(client.ask())
        port.do(lambda: port.connections[0].goaway(0, 0, close="never"))
        client.ask()
        with pytest.raises(TimeoutError):
            client.wait_for_end()
        assert client.goaways == [(0, 0)]


def test_a_goaway_of_the_client_ends_no_request() -> None:
    """It says that it will open no streams; the answer to what is open comes all the same."""
    with Port(Silent) as port, Http2Client(port.port) as client:
        stream = client.ask()
        client.send_raw(frames.goaway(0, 0))
        port.do(lambda: port.handlers[0].stream.send_headers(OK, end=True))
        assert client.answer(stream).status == 200


@pytest.mark.parametrize("end", ["finish", "abort", "half a frame"])
def test_the_connection_ends_as_told(end: str) -> None:
    """FIN or RST without GOAWAY, also in the middle of a frame; the handlers hear of it at once."""

    def leave(connection: Http2Protocol) -> None:
        if end == "half a frame":
            connection.write(frames.frame(frames.DATA, 0, 1, bytes(100))[:50])
        getattr(connection, "abort" if end == "abort" else "finish")()

    with Port(Silent) as port, Http2Client(port.port) as client:
        client.ask()
        port.do(lambda: leave(port.connections[0]))
        client.wait_for_end()
        assert (client.was_reset, len(client.rest)) == (end == "abort", 50 if end == "half a frame" else 0)
        assert not [frame for frame in client.frames if isinstance(frame, GoAwayFrame)]
        assert port.handlers[0].told == ["end", "lost"]
        assert port.ledger.connections[0].closed_by == "fake"
        sent = port.connections[0].record.sent
        port.do(lambda: (port.connections[0].goaway(), leave(port.connections[0])))
        assert port.connections[0].record.sent == sent


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_client_that_leaves_is_heard(how: str) -> None:
    """By each of its handlers, once; the record tells who it was."""
    with Port(Silent) as port, Http2Client(port.port) as client:
        for _ in range(3):
            client.ask()
        port.do(lambda: None)
        client.sock.close() if how == "fin" else client.leave_abruptly()
        port.ledger.settle()
        assert [handler.told for handler in port.handlers] == [["end", "lost"]] * 3
        assert port.ledger.connections[0].closed_by == "client"
        port.do(lambda: port.handlers[0].stream.send_data(b"to nobody", end=True))
        assert not port.connections[0].streams


def test_a_stopped_port_leaves_nothing() -> None:
    """Handlers of open streams are told, and the client sees the end."""
    with Port(Silent) as port:
        client = Http2Client(port.port)
        client.ask()
        port.do(lambda: None)
    with client:
        client.wait_for_end()
    assert port.handlers[0].told == ["end", "lost"]


def test_one_frame_can_take_its_time() -> None:
    """What others send meanwhile waits until all of it is out."""
    with Port(Silent) as port, Http2Client(port.port) as client:
        slow, quick = client.ask(), client.ask()
        port.do(lambda: None)
        connection = port.connections[0]
        first, second = (handler.stream for handler in port.handlers)

        def begin() -> None:
            wire = first.encode_headers(OK, end=True)
            assert connection.outbox.occupy(first)
            connection.outbox.put_as(first, wire[:5])
            second.send_headers(OK, end=True)
            assert not connection.outbox.occupy(second)
            rest.append(wire[5:])

        def end() -> None:
            connection.outbox.put_as(first, rest[0])
            connection.outbox.give_way(first)

        rest: list[bytes] = []
        port.do(begin)
        client.until(lambda: len(client.rest) == 5)
        assert not client.answers[quick].ended
        port.do(end)
        assert (client.answer(slow).status, client.answer(quick).status) == (200, 200)
        headers = [frame.stream_id for frame in client.frames if frame.type == frames.HEADERS]
        assert headers == [slow, quick]
