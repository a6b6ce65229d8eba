"""Connections in the shape of asyncio's: a transport that writes, a protocol that is told what came.

    protocol.connection_made(transport)    once
    protocol.data_received(data)           again and again
    protocol.resume_writing()              when the client has taken what had to wait
    protocol.eof_received()                at the client's FIN; the transport closes afterwards, unless told True
    protocol.connection_lost(error)        once, whatever the end was

Beyond asyncio's, `abort` is a real RST, `finish` a FIN that stays a FIN, and `throttle` reads slowly. Of a connection
that one side has ended the other goes on, where the protocol wants that: `eof_received` returns True, and `write_eof`
is how to end the other side.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Protocol

from .loop import READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from .loop import Loop, Timer

try:
    import fcntl
    import termios
except ImportError:  # pragma: no cover -- Windows cannot be asked how much is under way
    fcntl = termios = None  # type: ignore[assignment]

__all__ = ["TcpTransport", "Transport", "WireProtocol"]

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with which a socket that is closed sends RST."""
_SIOCOUTQNSD = 0x894B  # linux/sockios.h
_OUTQ = _SIOCOUTQNSD if sys.platform.startswith("linux") else getattr(termios, "TIOCOUTQ", 0)
_CHUNK = 65536
_LARGE_CHUNK = 4 * _CHUNK
"""Bytes that are read at once where so many came that there may be more."""
_PULSE = 0.02
"""Seconds between two reads of a throttled connection."""


class WireProtocol(Protocol):
    """What a transport tells about its connection."""

    def connection_made(self, transport: Transport) -> None:
        """The connection is there; *transport* is how to answer."""

    def data_received(self, data: bytes) -> None:
        """*data* came in."""

    def resume_writing(self) -> None:
        """Nothing is left of what the socket did not take at once."""

    def eof_received(self) -> bool | None:
        """The client will send no more; True keeps the connection open for what it is still to get."""

    def connection_lost(self, error: OSError | None) -> None:
        """The connection is over: by our own doing or the client's FIN (None), or by an *error*."""


class Transport(Protocol):
    """How a protocol answers."""

    def write(self, data: bytes) -> None:
        """Send *data*, buffering what the socket does not take yet."""

    def close(self) -> None:
        """Send what is buffered, then close."""

    def finish(self) -> None:
        """Send what is buffered, then FIN; swallow what the client still sends, until it closes too."""

    @property
    def unsent(self) -> int:
        """How many bytes were written and not sent."""
        ...

    def abort(self) -> None:
        """Send RST, once the client's kernel has what was written before."""

    def drop(self) -> None:
        """Close at once, whatever is under way."""

    def pause_reading(self) -> None:
        """Read no more until `resume_reading`."""

    def resume_reading(self) -> None:
        """Read again."""

    def throttle(self, rate: float | None) -> None:
        """Read at most *rate* bytes per second; None for as fast as they come."""

    def switch(self, protocol: WireProtocol) -> None:
        """Tell *protocol* from now on, in place of the present one, which hears no more."""


class TcpTransport:
    """A transport on a non-blocking TCP socket."""

    __slots__ = (
        "_aborting",
        "_buffer",
        "_credit",
        "_ended",
        "_events",
        "_finishing",
        "_gone",
        "_limit",
        "_loop",
        "_protocol",
        "_pulse",
        "_rate",
        "_recv",
        "_send",
        "_swallowing",
        "closing",
        "sock",
        "unsent",
    )

    def __init__(
        self, loop: Loop, sock: socket.socket, protocol: WireProtocol, gone: Callable[[TcpTransport], object]
    ) -> None:
        """Connect *protocol* to the accepted, non-blocking *sock* and begin to read; *gone* is told of the end."""
        self._gone = gone
        self._loop = loop
        self.sock: socket.socket = sock
        self._protocol = protocol
        self._recv = sock.recv
        self._send = sock.send
        self._buffer: deque[memoryview] = deque()
        self.unsent: int = 0
        """How many bytes were written that the socket has not taken."""
        self._events = READ
        self.closing: bool = False
        self._finishing = self._swallowing = self._aborting = False
        self._ended = False
        """Whether the client's FIN is in, and the connection kept open all the same."""
        self._rate: float | None = None
        self._pulse: Timer | None = None
        self._limit = self._credit = _CHUNK
        loop.watch(sock, READ, self._ready)
        protocol.connection_made(self)

    # -- reading

    def _ready(self, events: int) -> None:
        try:
            self._serve(events)
        except BaseException:
            self.drop()  # a bug of ours: nobody may wait for an answer that will not come
            raise

    def _serve(self, events: int) -> None:
        if events & WRITE:
            self._flush()
        if not events & READ or self.sock.fileno() < 0:
            return
        try:
            data = self._recv(self._limit)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        if not data:
            keep = not self._swallowing and self._protocol.eof_received()
            if keep and (self._buffer or not self.closing):
                self._ended = True
                self.pause_reading()
            else:
                self._lost(None)
        elif not self._swallowing:
            self._protocol.data_received(data)
            if self._rate is None:
                self._limit = _CHUNK if len(data) < _CHUNK else _LARGE_CHUNK
            elif not self._pulse:
                self._pay_for(len(data), self._rate)

    def pause_reading(self) -> None:
        """Read no more until `resume_reading`; the client's FIN is not seen either."""
        self._wait_for(self._events & ~READ)

    def resume_reading(self) -> None:
        """Read again."""
        self._wait_for(self._events | READ)

    def throttle(self, rate: float | None) -> None:
        """Read at most *rate* bytes per second; the kernel's buffers fill behind that, as with a busy server.

        The first 64 KiB are taken as they come, so that a client with a small request is seen leaving when it leaves.
        """
        self._rate = rate
        self._limit = self._credit = _CHUNK

    def switch(self, protocol: WireProtocol) -> None:
        """Tell *protocol* from now on, in place of the present one, which hears no more."""
        self._protocol = protocol
        protocol.connection_made(self)

    def _pay_for(self, count: int, rate: float) -> None:
        """Read on at once while there is credit, then in small pieces with a rest after each."""
        if self._credit > 0:
            self._credit -= count
        else:
            self._limit = max(1, int(rate * _PULSE))
            self._rest(count / rate)

    def _rest(self, seconds: float) -> None:
        self.pause_reading()
        self._pulse = self._loop.call_later(seconds, self._rested)

    def _rested(self) -> None:
        self._pulse = None
        if self.sock.fileno() >= 0:
            self.resume_reading()

    # -- writing

    def write(self, data: bytes) -> None:
        """Send *data*, buffering what the socket does not take yet."""
        if self.closing or not data:
            return
        if self._buffer:
            self._keep(memoryview(data))
            return
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.closing = True
            self.unsent = len(data)
            self._loop.call_soon(partial(self._lost, error))
            return
        if sent != len(data):
            self._keep(memoryview(data)[sent:])
            self._wait_for(self._events | WRITE)

    def _keep(self, data: memoryview) -> None:
        self._buffer.append(data)
        self.unsent += len(data)

    def _flush(self) -> None:
        try:
            sent = self._send(self._buffer[0])
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        self.unsent -= sent
        if sent < len(self._buffer[0]):
            self._buffer[0] = self._buffer[0][sent:]
        else:
            self._buffer.popleft()
        if not self._buffer:
            self._wait_for(self._events & ~WRITE)
            if self._aborting:
                self._reset()
            elif self._finishing:
                self._shut()
            elif self.closing:
                self._lost(None)
            else:
                self._protocol.resume_writing()

    # -- ending

    def close(self) -> None:
        """Send what is buffered, then close."""
        if not self.closing:
            self.closing = True
            if not self._buffer:
                self._loop.call_soon(lambda: self._lost(None))

    def finish(self) -> None:
        """Send what is buffered, then FIN; swallow what the client still sends, until it closes too.

        A plain close would send RST instead if anything from the client was left unread or came later.
        """
        if self.closing and not self._finishing:
            return
        self._swallowing = True
        if self.closing and not self._buffer:
            self._shut()  # again: the FIN of `write_eof` is out, and what may have been read is not any more
        else:
            self.write_eof()

    def write_eof(self) -> None:
        """Send what is buffered, then FIN, and go on reading; the connection closes when the client's FIN is in too."""
        if not self.closing:
            self.closing = self._finishing = True
            if not self._buffer:
                self._shut()

    def _shut(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        if self._ended:  # and nothing is read any more: whether the client has taken what was sent is to be asked
            code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._lost(OSError(code, os.strerror(code)) if code else None)
        elif self._swallowing:
            self._rate = None
            self._limit = _CHUNK
            self.resume_reading()

    def abort(self) -> None:
        """Send RST, once the client's kernel has what was written before: a reset destroys what is still under way."""
        if self._aborting or self.sock.fileno() < 0:
            return
        self.closing = self._aborting = True
        if not self._buffer:
            self._reset()

    def _reset(self) -> None:
        if self.sock.fileno() < 0:
            return
        if _held_back(self.sock):
            self._loop.call_later(0.001, self._reset)
            return
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        self._lost(None)

    def drop(self) -> None:
        """Close at once, whatever is under way."""
        self._lost(None)

    def _lost(self, error: OSError | None) -> None:
        sock = self.sock
        if sock.fileno() < 0:
            return
        self.closing = True
        if self._pulse:
            self._pulse.cancel()
        self._loop.unwatch(sock)
        sock.close()
        self._gone(self)
        self._protocol.connection_lost(error)
        self._buffer.clear()

    def _wait_for(self, events: int) -> None:
        before, self._events = self._events, events
        if events == before or self.sock.fileno() < 0:
            return
        if not events:
            self._loop.unwatch(self.sock)
        elif not before:
            self._loop.watch(self.sock, events, self._ready)
        else:
            self._loop.rewatch(self.sock, events, self._ready)


def _held_back(sock: socket.socket) -> int:
    """Return how many bytes our kernel holds back, because the client reads slowly; a reset would destroy them.

    On loopback what has been sent is in the client's kernel, where it can be read after a reset too. That it was
    acknowledged, which a kernel may put off for 40 ms, need not be waited for: hence SIOCOUTQNSD, where there is one.
    """
    if fcntl is None:
        return 0
    try:
        return int.from_bytes(fcntl.ioctl(sock, _OUTQ, b"\0\0\0\0"), "little")
    except OSError:
        return 0
