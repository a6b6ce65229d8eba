"""Streams: what a client gets on them, frame by frame, and how flow control holds both sides back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hyperframe.frame import DataFrame, HeadersFrame, RstStreamFrame, WindowUpdateFrame

from pytest_integrations.wire.http2.settings import Http2Settings

from .client import Http2Client
from .serving import OK, Echo, Port

if TYPE_CHECKING:
    from pytest_integrations.wire.http2.stream import Http2Stream

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(30)]

LENGTH = 512 * 1024


def test_a_request_and_its_answer() -> None:
    """Raw fields arrive as sent, and the answer is one HEADERS and one DATA frame that ends the stream."""
    with Port() as port, Http2Client(port.port) as client:
        stream = client.ask("/x?y=1", "POST", b"hello", ("x-one", "a"), ("x-one", "b"))
        answer = client.answer(stream)
        assert (answer.status, answer.body, answer.ended) == (200, b"hello", True)
        assert port.handlers[0].stream.headers == (
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":authority", b"fake"),
            (b":path", b"/x?y=1"),
            (b"x-one", b"a"),
            (b"x-one", b"b"),
        )
        kinds = [type(frame) for frame in client.frames if frame.stream_id == stream]
        assert kinds == [HeadersFrame, DataFrame]
        assert client.frames[-1].flags == {"END_STREAM"}


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 3_500_000])
def test_bodies_of_any_size_in_both_directions(size: int) -> None:
    """Flow control lets all of it through, with the windows that each side begins with."""
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    with Port() as port, Http2Client(port.port) as client:
        answer = client.answer(client.ask("/", "POST", body))
        assert answer.body == body
        assert port.handlers[0].stream.unsent == 0


def test_streams_do_not_wait_for_each_other() -> None:
    """Ten large answers at a time come in interleaved."""
    with Port() as port, Http2Client(port.port) as client:
        bodies = {client.ask("/", "POST", bytes([n]) * 200_000): bytes([n]) * 200_000 for n in range(10)}
        for stream, body in bodies.items():
            assert client.answer(stream).body == body
        order = [frame.stream_id for frame in client.frames if isinstance(frame, DataFrame)]
        assert len(order) > 10
        assert order != sorted(order)
        assert port.ledger.connections[0].closed is None


def test_a_client_that_opens_no_window_gets_no_more_than_its_window() -> None:
    """What does not fit waits, is counted, and goes out when there is room."""
    with Port() as port, Http2Client(port.port) as client:
        client.acknowledges = False
        stream = client.ask("/", "POST", bytes(100_000))
        answer = client.answers[stream]
        client.until(lambda: len(answer.body) == 65535)
        port.do(lambda: None)
        assert (port.handlers[0].stream.unsent, port.handlers[0].told) == (100_000 - 65535, ["end"])
        client.h2.increment_flow_control_window(100_000)
        client.h2.increment_flow_control_window(100_000, stream)
        client.flush()
        assert client.answer(stream).body == bytes(100_000)
        port.do(lambda: None)
        assert port.handlers[0].told == ["end", "drained"]


def test_a_client_that_reads_nothing_is_not_sent_for_ever() -> None:
    """With endless windows, what waits for the socket is bounded: by what our side puts there at most."""
    size = 16 * 1024 * 1024

    class Flood(Echo):
        def end_received(self) -> None:
            self.stream.send_headers(OK)
            self.stream.send_data(bytes(size), end=True)

    with Port(Flood) as port, Http2Client(port.port) as client:
        client.h2.update_settings({4: 2**31 - 1})
        client.h2.increment_flow_control_window(2**31 - 1 - 65535)
        stream = client.ask()
        port.do(lambda: None)
        port.do(lambda: None)
        assert port.connections[0].transport.unsent < 512 * 1024
        assert port.handlers[0].stream.unsent > size // 2
        assert len(client.answer(stream).body) == size


@pytest.mark.parametrize("window", [1, 100, 65535, 1 << 20])
def test_small_windows_are_opened_again(window: int) -> None:
    """A client may send as much as the window says, and goes on when that has been read."""
    size = min(50 * window, 300_000)
    with Port(settings=Http2Settings(stream_window=window)) as port, Http2Client(port.port) as client:
        client.until(lambda: client.h2.remote_settings.initial_window_size == window)
        assert client.answer(client.ask("/", "POST", bytes(size))).body == bytes(size)


def test_a_held_window_stalls_one_stream_and_no_other() -> None:
    """It gets nothing until the handler has read, though others send more than any window."""

    class Holding(Echo):
        def __init__(self, stream: Http2Stream) -> None:
            super().__init__(stream)
            stream.holds_window = stream.header(b":path") == b"/slow"

    settings = Http2Settings(stream_window=65535, connection_window=65535)
    with Port(Holding, settings=settings) as port, Http2Client(port.port) as client:
        slow = client.ask("/slow", "POST", bytes(65535), end=False)
        assert client.answer(client.ask("/fast", "POST", bytes(200_000))).body == bytes(200_000)
        assert client.h2.local_flow_control_window(slow) == 0
        port.do(port.handlers[0].stream.read)
        client.until(lambda: client.h2.streams[slow].outbound_flow_control_window == 65535)
        client.send_body(slow, b"rest")
        assert client.answer(slow).body == bytes(65535) + b"rest"


def test_whoever_sends_is_told_when_it_is_out() -> None:
    """Whether or not it had to wait: who waits for that to send more would wait for ever."""
    with Port() as port, Http2Client(port.port) as client:
        client.answer(client.ask("/", "POST", b"little"))
        port.do(lambda: None)
        assert port.handlers[0].told == ["end", "drained"]


def test_a_long_field_takes_no_time() -> None:
    """On the loop, for which all others wait: hpack's Huffman code would take it seconds."""

    class Long(Echo):
        def end_received(self) -> None:
            began = time.perf_counter()
            self.stream.send_headers((*OK, (b"x-long", b"a" * LENGTH)), end=True)
            self.told.append(f"{time.perf_counter() - began < 0.5}")

    with Port(Long) as port, Http2Client(port.port) as client:
        client.h2.decoder.max_header_list_size = 2 * LENGTH
        assert len(client.answer(client.ask()).header("x-long") or "") == LENGTH
        assert port.handlers[0].told == ["True"]


def test_trailers_come_after_all_data() -> None:
    """Also after data that has to wait; then the stream ends, with no END_STREAM on DATA."""

    class Trailing(Echo):
        def end_received(self) -> None:
            self.stream.send_headers(OK)
            self.stream.send_data(bytes(100_000))
            self.stream.send_trailers(((b"grpc-status", b"0"),))
            self.stream.send_data(b"what comes after the end is dropped")

    with Port(Trailing) as port, Http2Client(port.port) as client:
        answer = client.answer(client.ask())
        assert (answer.body, answer.trailers) == (bytes(100_000), [("grpc-status", "0")])
        assert all("END_STREAM" not in frame.flags for frame in client.frames if isinstance(frame, DataFrame))


def test_an_answer_may_be_one_headers_frame() -> None:
    """Trailers-Only, as gRPC calls it."""

    class Short(Echo):
        def end_received(self) -> None:
            self.stream.send_headers((*OK, (b"grpc-status", b"14")), end=True)

    with Port(Short) as port, Http2Client(port.port) as client:
        stream = client.ask()
        assert client.answer(stream).header("grpc-status") == "14"
        (frame,) = [frame for frame in client.frames if frame.stream_id == stream]
        assert frame.flags >= {"END_STREAM", "END_HEADERS"}


def test_interim_answers_and_request_trailers() -> None:
    """1xx go before the answer; the request's trailers are kept."""

    class Patient(Echo):
        def __init__(self, stream: Http2Stream) -> None:
            super().__init__(stream)
            stream.send_headers(((b":status", b"100"),))
            stream.send_headers(((b":status", b"103"), (b"link", b"</x>")))

    with Port(Patient) as port, Http2Client(port.port) as client:
        stream = client.ask("/", "POST", b"ab", end=False)
        client.until(lambda: len(client.answers[stream].interim) == 2)
        client.h2.send_headers(stream, [("checksum", "1")], end_stream=True)
        client.flush()
        answer = client.answer(stream)
        assert (answer.status, answer.body) == (200, b"ab")
        assert port.handlers[0].stream.trailers == ((b"checksum", b"1"),)


@pytest.mark.parametrize("code", [0, 2, 7, 8, 13, 99])
def test_a_stream_can_be_reset_with_any_code(code: int) -> None:
    """RST_STREAM ends that stream and no other; what waited to be sent is dropped."""

    class Resetting(Echo):
        def end_received(self) -> None:
            if self.body:
                self.stream.send_headers(OK)
                self.stream.send_data(bytes(100))
                self.stream.connection.outbox.pump()
                self.stream.reset(code)
                self.stream.reset(code)
            else:
                super().end_received()

    with Port(Resetting) as port, Http2Client(port.port) as client:
        spoilt, sound = client.ask("/", "POST", b"x"), client.ask()
        assert client.answer(spoilt).reset == code
        assert client.answer(sound).status == 200
        assert len([frame for frame in client.frames if isinstance(frame, RstStreamFrame)]) == 1


def test_an_early_answer_lets_the_client_stop() -> None:
    """The whole answer, then RST_STREAM (NO_ERROR), although the request goes on; the connection lives."""

    class Early(Echo):
        def data_received(self, data: bytes) -> None:
            self.stream.send_headers(OK)
            self.stream.send_data(bytes(70_000), end=True)
            self.stream.reset(0, when_sent=True)

    with Port(Early) as port, Http2Client(port.port) as client:
        stream = client.ask("/", "POST", b"much", end=False)
        answer = client.answer(stream)
        client.until(lambda: answer.reset is not None)
        assert (len(answer.body), answer.ended, answer.reset) == (70_000, True, 0)
        assert not port.connections[0].streams
        assert client.answer(client.ask()).status == 200


def test_a_client_that_cancels_is_heard() -> None:
    """The handler is told the code, and what it still sends goes nowhere."""

    class Hanging(Echo):
        def end_received(self) -> None:
            self.told.append("end")

    with Port(Hanging) as port, Http2Client(port.port) as client:
        stream = client.ask()
        client.h2.reset_stream(stream, 8)
        client.flush()
        port.do(lambda: port.handlers[0].stream.send_headers(OK, end=True))
        assert port.handlers[0].told == ["end", "reset 8"]
        assert client.send_raw(b"").h2.state_machine
        client.h2.ping(b"12345678")
        client.flush()
        client.until(lambda: any("ACK" in frame.flags and frame.type == 6 for frame in client.frames))
        assert not [frame for frame in client.frames if frame.stream_id == stream]


def test_windows_are_told_for_the_connection_as_well() -> None:
    """The first thing after SETTINGS is a window as large as the settings say."""
    with Port(settings=Http2Settings(connection_window=1_000_000)) as port, Http2Client(port.port) as client:
        client.answer(client.ask())
        (update,) = [frame for frame in client.frames if isinstance(frame, WindowUpdateFrame)]
        assert (update.stream_id, update.window_increment) == (0, 1_000_000 - 65535)


def test_a_stream_that_is_done_cannot_be_reset() -> None:
    """Nor one that was lost: whoever has an end left over does no harm."""

    class Early(Echo):
        def data_received(self, data: bytes) -> None:
            self.stream.send_headers(OK, end=True)

    with Port(Early) as port, Http2Client(port.port) as client:
        client.answer(client.ask())
        client.answer(client.ask("/", "POST", b"much", end=False))
        client.sock.close()
        port.do(lambda: [handler.stream.reset(2) for handler in port.handlers])
        assert [handler.told for handler in port.handlers] == [["end", "drained"], ["lost"]]


@pytest.mark.parametrize("size", [65535, 200_000])
def test_a_window_that_is_made_smaller_in_the_middle(size: int) -> None:
    """It goes below nothing (RFC 9113 section 6.9.2); the rest comes when it is above that again, END_STREAM too."""

    class Two(Echo):
        def end_received(self) -> None:
            self.stream.send_headers(OK)
            self.stream.send_data(bytes(size))

    with Port(Two) as port, Http2Client(port.port) as client:
        client.acknowledges = False
        stream = client.ask()
        answer = client.answers[stream]
        client.until(lambda: len(answer.body) == 65535)
        client.h2.update_settings({4: 10})
        client.h2.increment_flow_control_window(1_000_000)
        client.flush()
        client.until(lambda: client.h2.local_settings.initial_window_size == 10)
        port.do(lambda: port.handlers[0].stream.send_data(b"", end=True))
        assert not answer.ended
        client.h2.increment_flow_control_window(65525 + size - 65535, stream)
        client.flush()
        assert client.answer(stream).ended
        assert len(answer.body) == size
