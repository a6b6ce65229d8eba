"""A client that hides nothing: it sends bytes, and tells which bytes and which end came back."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from pytest_integrations import FakeRest

__all__ = ["End", "RawSocket", "request"]

End = Literal["open", "fin", "rst"]
_PATIENCE = 5.0


def request(method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """Return the bytes of a request for /users."""
    lines = [f"{method} /users HTTP/1.1", "Host: fake"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"Content-Length: {len(body)}"] if body or method != "GET" else []
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body


class RawSocket:
    """One connection to a fake."""

    def __init__(self, fake: FakeRest, *, connect_timeout: float = _PATIENCE) -> None:
        """Connect."""
        self._fake = fake
        self._sock = socket.socket()
        self._sock.settimeout(connect_timeout)
        self._is_reset = False
        try:
            self._sock.connect(("127.0.0.1", fake.port))
        except ConnectionResetError:  # a reset at the accept may be faster than connect() returns
            self._is_reset = True
        except OSError:
            self._sock.close()
            raise
        self._sock.settimeout(_PATIENCE)

    def send(self, data: bytes) -> None:
        """Send *data*; that the other side has gone is told when the answer is read."""
        try:
            self._sock.sendall(data)
        except ConnectionResetError:
            self._is_reset = True  # told once, and not again by recv()
        except BrokenPipeError:
            pass

    def at_once(self) -> bytes:
        """Return what has come once the fake has done all that it does without waiting."""
        self._fake.ledger.settle()
        self._sock.setblocking(False)
        data = b""
        try:
            while piece := self._sock.recv(65536):
                data += piece
        except BlockingIOError:
            pass
        self._sock.settimeout(_PATIENCE)
        return data

    def exactly(self, count: int) -> bytes:
        """Return *count* bytes, or fewer if there is an end before."""
        data = b""
        while len(data) < count and (piece := self._sock.recv(count - len(data))):
            data += piece
        return data

    def to_the_end(self) -> tuple[bytes, End]:
        """Return all bytes up to the end, and what kind of end it is: FIN, RST, or none in five seconds."""
        data = b""
        if self._is_reset:
            return data, "rst"
        try:
            while piece := self._sock.recv(65536):
                data += piece
        except ConnectionResetError:
            return data, "rst"
        except TimeoutError:
            return data, "open"
        return data, "fin"

    @property
    def is_open(self) -> bool:
        """Whether there is neither a byte nor an end to read."""
        self._fake.ledger.settle()
        self._sock.setblocking(False)
        try:
            self._sock.recv(1)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        finally:
            self._sock.settimeout(_PATIENCE)
        return False

    def __enter__(self) -> Self:
        """Connected already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self._sock.close()
