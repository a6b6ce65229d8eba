"""Connections that are picked up late: the kernel has long accepted them, and the server is busy elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .loop import Loop, Timer
    from .transport import Transport, WireProtocol

__all__ = ["LateProtocol"]


class LateProtocol:
    """Keeps what comes in on a connection from its real protocol for some seconds.

    It does read, unlike a server that is really busy: the client cannot tell, and its leaving is seen when it happens.
    """

    def __init__(self, loop: Loop, seconds: float, protocol: WireProtocol, missed: Callable[[bool], object]) -> None:
        """Give the connection to *protocol* after so many seconds.

        If it ends before, *missed* is called instead, with whether that was the client's doing.
        """
        self._loop = loop
        self._seconds = seconds
        self._protocol = protocol
        self._missed = missed
        self._timer: Timer | None = None
        self._kept: list[bytes] = []
        self._client_left = False

    def connection_made(self, transport: Transport) -> None:
        """The connection is there."""

        def begin() -> None:
            self._timer = None
            self._protocol.connection_made(transport)
            for data in self._kept:
                self._protocol.data_received(data)
            self._kept.clear()

        self._timer = self._loop.call_later(self._seconds, begin)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._timer is None:
            self._protocol.data_received(data)
        else:
            self._kept.append(data)

    def resume_writing(self) -> None:
        """The client has taken what had to wait."""
        self._protocol.resume_writing()

    def eof_received(self) -> bool | None:
        """The client will send no more."""
        if self._timer is None:
            return self._protocol.eof_received()
        self._client_left = True
        return None

    def connection_lost(self, error: OSError | None) -> None:
        """The connection is over."""
        if self._timer is None:
            self._protocol.connection_lost(error)
            return
        self._timer.cancel()
        self._missed(self._client_left or error is not None)
