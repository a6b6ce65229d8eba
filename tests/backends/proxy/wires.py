"""Both ends of a connection through a proxy, as plain sockets that hide nothing."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from pytest_integrations.backends.proxy import FakeProxy
    from pytest_integrations.timekeeping import VirtualClock

__all__ = ["End", "Line", "Server"]

Ending = Literal["fin", "rst", "open"]
_PATIENCE = 5.0


class End:
    """One end: what it sends, and which bytes and which ending come back."""

    def __init__(self, sock: socket.socket, patience: float = _PATIENCE) -> None:
        self.sock = sock
        sock.settimeout(patience)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> Self:
        self.sock.sendall(data)
        return self

    def half_close(self) -> None:
        with suppress(OSError):  # reset already, which is told when it is read
            self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()

    def exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count and (piece := self.sock.recv(count - len(data))):
            data += piece
        return data

    def to_the_end(self) -> tuple[bytes, Ending]:
        data = b""
        try:
            while piece := self.sock.recv(1 << 20):
                data += piece
        except ConnectionResetError:
            return data, "rst"
        except TimeoutError:
            return data, "open"
        return data, "fin"

    def timed(self, clock: VirtualClock) -> list[tuple[float, bytes | Ending]]:
        """Return every piece, and the ending, with the moment at which it came."""
        found: list[tuple[float, bytes | Ending]] = []
        try:
            while piece := self.sock.recv(1 << 20):
                found.append((clock.now, piece))
        except ConnectionResetError:
            return [*found, (clock.now, "rst")]
        except TimeoutError:
            return [*found, (clock.now, "open")]
        return [*found, (clock.now, "fin")]

    def at_once(self) -> bytes | Ending:
        """Return what is there without waiting; `"open"` if there is nothing."""
        patience = self.sock.gettimeout()
        self.sock.setblocking(False)
        try:
            return self.sock.recv(1 << 20) or "fin"
        except BlockingIOError:
            return "open"
        except ConnectionResetError:
            return "rst"
        finally:
            self.sock.settimeout(patience)


class Server:
    """A port that the test answers at itself."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.create_server((host, 0), family=family)
        self.sock.settimeout(_PATIENCE)
        self.address: tuple[str, int] = self.sock.getsockname()[:2]

    def accept(self, patience: float = _PATIENCE) -> End:
        return End(self.sock.accept()[0], patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()


class Line:
    """A client and a server that a proxy connects."""

    def __init__(self, proxy: FakeProxy, server: Server, patience: float = _PATIENCE) -> None:
        self.client = End(socket.create_connection(proxy.address, _PATIENCE), patience)
        self.server = server.accept(patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.server.close()
