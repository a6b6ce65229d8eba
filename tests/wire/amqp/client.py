"""A client that sends exactly the frames it is told and shows those that come."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pamqp import commands, frame, header

if TYPE_CHECKING:
    import ssl
    from types import TracebackType
    from typing import Self

GREETING = b"AMQP\x00\x00\x09\x01"
Basic, Channel, Confirm, Connection = commands.Basic, commands.Channel, commands.Confirm, commands.Connection
Exchange, Queue, Tx = commands.Exchange, commands.Queue, commands.Tx
CAPABILITIES = {
    "authentication_failure_close": True,
    "basic.nack": True,
    "connection.blocked": True,
    "consumer_cancel_notify": True,
    "publisher_confirms": True,
}
HEARTBEAT = b"\x08\x00\x00\x00\x00\x00\x00\xce"


@dataclass
class Came:
    """One frame, or a method with its content."""

    channel: int
    method: Any
    properties: Any = None
    raw_properties: bytes = b""
    body: bytes = b""

    @property
    def name(self) -> str:
        return self.method.name

    @property
    def headers(self) -> dict[str, Any]:
        return dict((self.properties.headers if self.properties is not None else None) or {})


@dataclass
class Client:
    """One connection, as raw as can be."""

    port: int
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    timeout: float = 5.0
    frame_max: int = 131072
    aside: list[Came] = field(default_factory=list)
    """What came and nobody had asked for: deliveries, returns, confirms."""
    last_error: tuple[int, str] | None = None

    def __post_init__(self) -> None:
        self.sock = socket.create_connection((self.host, self.port), self.timeout)
        if self.tls is not None:
            self.sock = self.tls.wrap_socket(self.sock, server_hostname=self.host)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._came = bytearray()

    # -- sending

    def send(self, data: bytes) -> Self:
        self.sock.sendall(data)
        return self

    def say(self, method: Any, channel: int = 1) -> Self:
        return self.send(frame.marshal(method, channel))

    def publish(
        self,
        body: bytes,
        key: str,
        exchange: str = "",
        *,
        channel: int = 1,
        mandatory: bool = False,
        **properties: Any,
    ) -> Self:
        method = Basic.Publish(exchange=exchange, routing_key=key, mandatory=mandatory)
        told = header.ContentHeader(0, len(body), Basic.Properties(**properties))
        data = frame.marshal(method, channel) + frame.marshal(told, channel)
        room = self.frame_max - 8
        for begin in range(0, len(body), room):
            piece = body[begin : begin + room]
            data += struct.pack(">BHI", 3, channel, len(piece)) + piece + b"\xce"
        return self.send(data)

    # -- reading

    def take(self, size: int) -> bytes:
        while len(self._came) < size:
            data = self.sock.recv(65536)
            if not data:
                msg = f"closed after {bytes(self._came)!r}"
                raise EOFError(msg)
            self._came += data
        taken = bytes(self._came[:size])
        del self._came[:size]
        return taken

    def frame(self) -> tuple[int, int, bytes]:
        """Read one frame: type, channel, payload."""
        kind, channel, size = struct.unpack(">BHI", self.take(7))
        payload = self.take(size)
        assert self.take(1) == b"\xce"
        return kind, channel, payload

    def next(self) -> Came:
        """Read the next method with its content, leaving out heartbeats."""
        kind, channel, payload = self.frame()
        if kind == 8:
            return self.next()
        assert kind == 1, kind
        method_class = commands.INDEX_MAPPING[int.from_bytes(payload[:4], "big")]
        method = method_class.__new__(method_class)
        method.unmarshal(payload[4:])
        came = Came(channel, method)
        if came.name in {"Basic.Deliver", "Basic.GetOk", "Basic.Return"}:
            self._read_content(came)
        return came

    def _read_content(self, came: Came) -> None:
        kind, channel, payload = self.frame()
        assert (kind, channel) == (2, came.channel)
        told = header.ContentHeader()
        told.unmarshal(payload)
        came.properties, came.raw_properties = told.properties, payload[12:]
        while len(came.body) < told.body_size:
            kind, channel, piece = self.frame()
            assert (kind, channel) == (3, came.channel)
            assert len(piece) <= self.frame_max - 8
            came.body += piece

    def expect(self, *names: str, channel: int | None = None) -> Came:
        """Read until one of *names* comes; what comes before is put aside. Raises `Closed` for a close."""
        while True:
            came = self.next()
            if came.name in names and channel in {None, came.channel}:
                return came
            if came.name in {"Channel.Close", "Connection.Close"}:
                self.last_error = (came.method.reply_code, came.method.reply_text)
                raise Closed(came)
            self.aside.append(came)

    def ask(self, method: Any, *answers: str, channel: int = 1) -> Came:
        """Send *method* and return its answer."""
        self.say(method, channel)
        return self.expect(*(answers or (f"{method.name}Ok",)), channel=channel)

    def aside_of(self, *names: str) -> list[Came]:
        """Return what was put aside of these, and forget it."""
        found = [came for came in self.aside if came.name in names]
        self.aside = [came for came in self.aside if came.name not in names]
        return found

    def rest(self) -> bytes:
        """Read up to the FIN."""
        while data := self.sock.recv(65536):
            self._came += data
        return self.take(len(self._came))

    # -- ready-made

    def login(
        self, user: str = "guest", password: str = "guest", vhost: str = "/", heartbeat: int = 0, **start: Any
    ) -> Self:
        """Shake hands."""
        self.send(GREETING)
        self.expect("Connection.Start")
        told = {"capabilities": CAPABILITIES}
        response = start.pop("response", f"\0{user}\0{password}")
        self.say(Connection.StartOk(client_properties=told, response=response, **start), 0)
        self.expect("Connection.Tune")
        self.say(Connection.TuneOk(2047, self.frame_max, heartbeat), 0)
        self.ask(Connection.Open(virtual_host=vhost), channel=0)
        return self

    def open(self, channel: int = 1) -> Self:
        """Open a channel."""
        self.ask(Channel.Open(), channel=channel)
        return self

    def get(self, queue: str, *, no_ack: bool = False, channel: int = 1) -> Came | None:
        came = self.ask(Basic.Get(queue=queue, no_ack=no_ack), "Basic.GetOk", "Basic.GetEmpty", channel=channel)
        return came if came.name == "Basic.GetOk" else None

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Closed(Exception):
    """The broker closed the channel or the connection."""

    def __init__(self, came: Came) -> None:
        super().__init__(f"{came.name}: {came.method.reply_code} {came.method.reply_text}")
        self.came = came
        self.code = came.method.reply_code
        self.text = came.method.reply_text
        self.about = (came.method.class_id, came.method.method_id)
