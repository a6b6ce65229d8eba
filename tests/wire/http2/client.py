"""A client of HTTP/2 whose every frame is seen: h2 as its state machine, and whatever bytes the test wants to send."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
from hyperframe.frame import Frame

from pytest_integrations.wire.http2.frames import PREFACE

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

PREFACE_AND_SETTINGS = PREFACE + bytes.fromhex("000000040000000000")


@dataclass
class Answer:
    """What came in on one stream."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    interim: list[list[tuple[str, str]]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False
    reset: int | None = None

    @property
    def status(self) -> int:
        return int(dict(self.fields)[":status"])

    @property
    def is_over(self) -> bool:
        return self.ended or self.reset is not None

    def header(self, name: str) -> str | None:
        return dict(self.fields).get(name)


class Http2Client:
    """One connection."""

    def __init__(
        self, port: int, *, tls: ssl.SSLContext | None = None, timeout: float = 5.0, polite: bool = True
    ) -> None:
        """Connect and, if *polite*, introduce itself; an impolite one sends only what it is told to."""
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname="127.0.0.1")
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding="latin-1",
            validate_inbound_headers=False,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.h2 = h2.connection.H2Connection(config)
        self.answers: dict[int, Answer] = {}
        self.frames: list[Frame] = []
        """Every frame that came in, in order."""
        self.goaways: list[tuple[int, int]] = []
        """Of each GOAWAY the last stream and the code."""
        self.is_closed = self.was_reset = False
        self.acknowledges = True
        self._came = b""
        if polite:
            self.h2.initiate_connection()
            self.flush()

    # -- sending

    def flush(self) -> None:
        data = self.h2.data_to_send()
        if data:
            try:
                self.sock.sendall(data)
            except ConnectionResetError:  # the end of the connection is seen when it is read
                self.was_reset = True

    def send_raw(self, data: bytes) -> Self:
        self.sock.sendall(data)
        return self

    def ask(
        self,
        path: str = "/",
        method: str = "GET",
        body: bytes | None = None,
        *fields: tuple[str, str],
        end: bool = True,
    ) -> int:
        """Send a request and return the number of its stream; without *end* more may follow."""
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "http"), (":authority", "fake"), (":path", path), *fields]
        self.answers[stream] = Answer()
        self.h2.send_headers(stream, head, end_stream=end and not body)
        if body:
            self.send_body(stream, body, end=end)
        self.flush()
        return stream

    def send_body(self, stream: int, body: bytes, *, end: bool = True) -> None:
        """Send *body*, as fast as the server's windows allow."""
        while body:
            size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(body))
            if not size:
                self.flush()
                self.receive()
                continue
            self.h2.send_data(stream, body[:size], end_stream=end and size == len(body))
            body = body[size:]
        self.flush()

    # -- receiving

    def answer(self, stream: int) -> Answer:
        """Return all that comes on *stream*, when that has an end, or the connection has."""
        answer = self.answers[stream]
        self.until(lambda: answer.is_over or self.is_closed)
        return answer

    def until(self, done: Callable[[], object]) -> Self:
        """Read until *done*."""
        while not done():
            self.receive()
        return self

    def wait_for_end(self) -> Self:
        """Read up to the server's FIN or RST."""
        return self.until(lambda: self.is_closed)

    def receive(self) -> None:
        """Read once."""
        assert not self.is_closed, "the server has closed the connection"
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
            self.was_reset = True
        if not data:
            self.is_closed = True
            return
        self._came += data
        while len(self._came) >= 9:
            length = int.from_bytes(self._came[:3], "big")
            if len(self._came) < 9 + length:
                break
            self._take(self._came[: 9 + length])
            self._came = self._came[9 + length :]
        self.flush()

    @property
    def rest(self) -> bytes:
        """What came in and is not a whole frame."""
        return self._came

    def _take(self, wire: bytes) -> None:
        frame, _ = Frame.parse_frame_header(memoryview(wire[:9]))
        frame.parse_body(memoryview(wire[9:]))
        self.frames.append(frame)
        if wire[3] == 7:  # GOAWAY, which would end h2's state machine
            self.goaways.append(struct.unpack("!LL", wire[9:17]))
            return
        for event in self.h2.receive_data(wire):
            self._tell(event)

    def _tell(self, event: h2.events.Event) -> None:
        answer = self.answers.get(getattr(event, "stream_id", 0) or 0, Answer())
        match event:
            case h2.events.InformationalResponseReceived():
                answer.interim.append(list(event.headers))
            case h2.events.ResponseReceived():
                answer.fields = list(event.headers)
            case h2.events.TrailersReceived():
                answer.trailers = list(event.headers)
            case h2.events.DataReceived():
                answer.body += event.data
                if self.acknowledges:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                answer.ended = True
            case h2.events.StreamReset():
                answer.reset = int(event.error_code)

    # -- leaving

    def leave_abruptly(self) -> None:
        """Send RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sock.close()
