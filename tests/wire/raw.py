"""A client that sends exactly what it is told and reads answers as strictly as RFC 9112 allows."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from pytest_integrations import FakeRest

_BODILESS = {204, 304}


@dataclass(frozen=True)
class Answer:
    """One answer: its status, its header fields as they came, and its body without the framing."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
    start: str = ""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)


class Raw:
    """One TCP connection to a fake, with TLS if a context is given."""

    def __init__(self, fake: FakeRest, *, tls: ssl.SSLContext | None = None, timeout: float = 5.0) -> None:
        host = fake.url.partition("://")[2].rpartition(":")[0].strip("[]")
        self.host = f"{host}:{fake.port}"
        self.sock = socket.create_connection((host, fake.port), timeout)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname=host)
        self._came = bytearray()

    # -- sending

    def send(self, data: bytes) -> Self:
        self.sock.sendall(data)
        return self

    def send_in(self, pieces: Iterable[bytes]) -> Self:
        """Send each piece in a segment of its own."""
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            self.sock.sendall(piece)
        return self

    def ask(self, target: str = "/", method: str = "GET", body: bytes = b"", *fields: str) -> Self:
        """Send a well-formed request."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}", *fields]
        lines += [f"Content-Length: {len(body)}"] if body else []
        return self.send("\r\n".join((*lines, "", "")).encode("latin-1") + body)

    # -- reading

    def answer(self, method: str = "GET") -> Answer:
        """Read one answer to *method*, interim ones included, and leave what comes after it."""
        head = self._until(b"\r\n\r\n").decode("latin-1")
        start, *lines = head.split("\r\n")
        version, status, _reason = start.split(" ", 2)
        assert version == "HTTP/1.1", start
        pairs = [line.partition(": ") for line in lines]
        assert all(colon for _, colon, _ in pairs), lines
        answer = Answer(int(status), tuple((name, value) for name, _, value in pairs), b"", start)
        return Answer(answer.status, answer.fields, self._body(answer, method), start)

    def _body(self, answer: Answer, method: str) -> bytes:
        if method == "HEAD" or answer.status < 200 or answer.status in _BODILESS:
            return b""
        length, coding = answer.header("Content-Length"), answer.header("Transfer-Encoding")
        assert length is None or coding is None, "both framings at once (RFC 9112 section 6.2)"
        if coding is not None:
            assert coding == "chunked"
            return b"".join(iter(self._chunk, b""))
        return self.rest() if length is None else self.take(int(length))

    def _chunk(self) -> bytes:
        size = int(self._until(b"\r\n"), 16)
        data = self.take(size)
        assert self.take(2) == b"\r\n"
        return data

    def take(self, size: int) -> bytes:
        """Return exactly *size* bytes."""
        while len(self._came) < size:
            self.receive()
        taken = bytes(self._came[:size])
        del self._came[:size]
        return taken

    def rest(self) -> bytes:
        """Return everything up to the server's FIN."""
        while data := self.sock.recv(65536):
            self._came += data
        return self.take(len(self._came))

    def _until(self, end: bytes) -> bytes:
        while end not in self._came:
            self.receive()
        taken = self.take(self._came.index(end))
        self.take(len(end))
        return taken

    def receive(self) -> None:
        """Wait for some more bytes."""
        data = self.sock.recv(65536)
        if not data:
            msg = f"the server closed after {self._came!r}"
            raise EOFError(msg)
        self._came += data

    # -- leaving

    def close(self) -> None:
        """Send FIN."""
        self.sock.close()

    def reset(self) -> None:
        """Send RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sock.close()
