"""What goes out on an HTTP/2 connection: whole frames, by turns, no faster than the client and its socket take them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection
    from pytest_integrations.wire.transport import Transport

    from .engine import Engine
    from .stream import Http2Stream

__all__ = ["Outbox"]

_FULL = 256 * 1024
"""Bytes that wait for the socket, from which on no DATA is sent."""
_BATCH = 64 * 1024
"""Bytes of DATA that go into one write."""


class Outbox:
    """Sends for one connection."""

    __slots__ = ("_backlog", "_engine", "_owner", "_record", "_streams", "_transport")

    def __init__(self, engine: Engine, transport: Transport, record: Connection) -> None:
        """Send what *engine* has ready by *transport*, counting it in *record*."""
        self._engine = engine
        self._transport = transport
        self._record = record
        self._streams: dict[int, Http2Stream] = {}
        self._owner: object = None
        self._backlog: deque[bytes] = deque()

    # -- data

    def add(self, stream: Http2Stream) -> None:
        """Take notice that *stream* has data to send."""
        self._streams[stream.id] = stream

    def remove(self, number: int) -> None:
        """Send no more data of stream *number*."""
        self._streams.pop(number, None)

    def clear(self) -> None:
        """Send no more data of any stream."""
        self._streams.clear()

    def pump(self) -> None:
        """Send what the windows and the socket allow, each stream a frame in turn; then all that has no window."""
        batch = 0
        is_moving = bool(self._streams)
        while is_moving and self._transport.unsent < _FULL:
            is_moving = False
            for stream in tuple(self._streams.values()):
                size = stream.pump()
                if size >= 0:
                    is_moving = True
                    batch += size
                elif not stream.is_waiting:
                    self.remove(stream.id)
            if batch >= _BATCH:
                batch = 0
                self.flush()
        self.flush()

    def flush(self) -> None:
        """Send all that the engine has ready."""
        data = self._engine.data_to_send()
        if data:
            self.put(data)

    def put(self, data: bytes) -> None:
        """Send *data* as it is, as soon as nobody occupies the connection."""
        if self._owner is not None:
            self._backlog.append(data)
        else:
            self._send(data)

    def _send(self, data: bytes) -> None:
        self._record.sent += len(data)
        self._transport.write(data)

    # -- frames in pieces

    def occupy(self, owner: object) -> bool:
        """Let *owner* alone send, by `put_as`, until he gives way; tell whether he may: somebody else may be at it.

        For frames that go out in pieces: another frame in between would be taken for a part of them.
        """
        if self._owner is None:
            self.flush()
            self._owner = owner
        return self._owner is owner

    def put_as(self, owner: object, data: bytes) -> None:
        """Send *data* at once, for who occupies the connection."""
        if self._owner is owner:
            self._send(data)

    def give_way(self, owner: object) -> None:
        """Let the others send again."""
        if self._owner is owner:
            self._owner = None
            while self._backlog:
                self._send(self._backlog.popleft())
