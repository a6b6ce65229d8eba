"""A client that sends exactly what it is told, and hands over what comes back byte by byte."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from pytest_integrations.backends.redis import FakeRedis

__all__ = ["Raw", "command"]


def command(*words: str | bytes) -> bytes:
    """Return a command as clients send it."""
    encoded = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)


class Raw:
    """One TCP connection to a fake."""

    def __init__(self, fake: FakeRedis, *, timeout: float = 5.0) -> None:
        self.sock = socket.create_connection(("127.0.0.1", fake.port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> Self:
        self.sock.sendall(data)
        return self

    def ask(self, *words: str | bytes) -> Self:
        return self.send(command(*words))

    def take(self, size: int) -> bytes:
        """Return exactly *size* bytes."""
        data = b""
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            if not piece:
                raise EOFError(data)
            data += piece
        return data

    def expect(self, data: bytes) -> None:
        """Read as many bytes as *data* has, which must be these."""
        assert self.take(len(data)) == data

    def rest(self) -> bytes:
        """Return everything up to the server's FIN."""
        data = b""
        while piece := self.sock.recv(65536):
            data += piece
        return data

    def is_silent(self, seconds: float = 0.1) -> bool:
        """Tell whether nothing comes for so long, neither bytes nor an end."""
        self.sock.settimeout(seconds)
        try:
            self.sock.recv(1)
        except TimeoutError:
            return True
        return False

    def reset(self) -> None:
        """Send RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
