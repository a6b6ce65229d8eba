"""One call passed on to a real server, message by message, and what comes back from there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_integrations.core.grpc_effect import Abort
from pytest_integrations.core.grpc_message import Uncompressed
from pytest_integrations.core.http2_effect import Retire
from pytest_integrations.wire.http2.engine import ProtocolError

from .fields import SUPPORTED
from .framing import MessageReader, framed
from .metadata import decoded, message_text
from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.grpc_metadata import Metadata
    from pytest_integrations.wire.http2.client import Http2Client
    from pytest_integrations.wire.http2.fields import Pair, Pairs
    from pytest_integrations.wire.http2.stream import Http2Stream

    from .service import Answering

__all__ = ["Forwarding"]

_ENOUGH = 256 * 1024
"""Bytes that may wait for one side, before the other has to wait as well."""
_SOME = 64 * 1024
"""Bytes from which on it is worth telling the server that they were read; the stream's window is larger."""
_MOST = 2**32 - 1
"""Bytes of a message: what its prefix can say. What is too large is for the client to say."""
_NO_ERROR, _REFUSED_STREAM, _CANCEL = 0, 7, 8
_UNKNOWN, _INTERNAL, _UNAVAILABLE = 2, 13, 14
_NO_METADATA = {b":status", b"content-type", b"grpc-encoding", b"grpc-accept-encoding", b"grpc-status", b"grpc-message"}
"""Fields of an answer that are no metadata of its service."""


class Forwarding:
    """The conversation of a call that a real server answers.

    The request's header fields go on as they came, `grpc-timeout` among them. Neither side is read faster than the
    other takes it. When the call ends here before it has ended there, it is cancelled there.
    """

    def __init__(self, answering: Answering, client: Http2Client, awaited: set[Forwarding]) -> None:
        """Begin the call of *answering* on the connection of *client*; it is in *awaited* until the answer is there."""
        self._answering = answering
        self._under_way = 0
        """Bytes of messages that came back and have not gone to the client."""
        self._reader = MessageReader("identity", _MOST)
        self._status: Pairs = ()
        self._stream: Http2Stream | None = None
        self._awaited = awaited
        awaited.add(self)
        try:
            self._stream = client.open(_headers(answering.stream.headers), self)
            self._stream.holds_window = True
        except ProtocolError:  # as many streams as the server wants
            awaited.discard(self)
            answering.stop(Abort(_REFUSED_STREAM))

    # -- from the client

    def received(self, message: bytes) -> None:
        """A message of the request came in."""
        if self._stream is not None:
            self._stream.send_data(framed(message))
            if self._stream.unsent > _ENOUGH:
                self._answering.stream.hold()

    def half_closed(self) -> None:
        """The request is complete."""
        if self._stream is not None:
            self._stream.send_data(b"", end=True)

    @property
    def is_read(self) -> bool:
        """Whether more of the answer is taken at present."""
        return self._under_way + self._answering.unsent <= _ENOUGH

    def over(self) -> None:
        """The call has come to its end."""
        self._awaited.discard(self)
        if self._stream is not None:
            self._stream.reset(_CANCEL)

    def drained(self) -> None:
        """One of the two sides has taken what waited for it: the other may go on."""
        if self._stream is not None and self._stream.unsent <= _ENOUGH:
            self._answering.stream.release()
        self._read_on()

    # -- from the server

    def headers_received(self, fields: Pairs, *, ended: bool) -> None:
        """The head of the answer came, or, where it has *ended*, all of it."""
        self._status = fields
        found = dict(fields)
        encoding = found.get(b"grpc-encoding", b"identity").decode("latin-1")
        if found.get(b":status") != b"200":
            self._fail("it does not speak gRPC")
        elif encoding not in SUPPORTED:
            self._fail(f"the message encoding {encoding!r} is not supported")
        elif not ended:
            self._reader = MessageReader(encoding, _MOST)
            self._answering.start(_metadata(fields), encoding)

    def data_received(self, data: bytes) -> None:
        """Some of the messages came."""
        try:
            messages = self._reader.feed(data)
        except Refusal as refusal:
            self._fail(refusal.text)
            return
        flags, self._reader.compressed = self._reader.compressed, []
        for message, is_compressed in zip(messages, flags, strict=True):
            self._under_way += len(message)
            self._answering.send(message if is_compressed else Uncompressed(message))
            self._answering.then(partial(self._passed, len(message)))
        self._read_on()

    def _passed(self, size: int) -> None:
        self._under_way -= size
        self._read_on()

    def _read_on(self) -> None:
        """Let the server send more, if the client keeps up."""
        if self._stream is not None and self._stream.unread >= _SOME and self.is_read:
            self._stream.read()

    def end_received(self) -> None:
        """The answer is complete."""
        self._awaited.discard(self)
        fields = (self._stream.trailers if self._stream is not None else ()) or self._status
        found = dict(fields)
        code = found.get(b"grpc-status", b"")
        if code.isdigit():
            self._answering.end(int(code), message_text(found.get(b"grpc-message", b"")), _metadata(fields))
        else:
            self._answering.end(_UNKNOWN, "the hosted service has told no status")

    def reset_received(self, code: int) -> None:
        """The server has reset the call."""
        self._awaited.discard(self)
        self._answering.stop(Abort(code))

    def passed_over(self) -> None:
        """The server has left, and nothing was done for the call: its client may send it again."""
        self._awaited.discard(self)
        self._answering.stop(Retire(self._answering.stream.id - 1, _NO_ERROR))

    def connection_lost(self) -> None:
        """The server has gone."""
        self._awaited.discard(self)
        self._answering.end(_UNAVAILABLE, "the hosted service has gone")

    def _fail(self, text: str) -> None:
        self._answering.end(_INTERNAL, f"the hosted service: {text}")


def _headers(fields: Iterable[Pair]) -> Pairs:
    """Return what the server is asked: as it came, but for how it came here."""
    changed = {b":scheme": b"http", b"grpc-encoding": b"identity"}  # messages go on as they are inside
    return tuple((name, changed.get(name, value)) for name, value in fields)


def _metadata(fields: Pairs) -> Metadata:
    return decoded(pair for pair in fields if pair[0] not in _NO_METADATA)
