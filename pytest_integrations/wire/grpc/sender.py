"""The frames of one answer: headers, messages, and the status in trailers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.grpc_effect import FrameKind
    from pytest_integrations.core.grpc_metadata import Metadata
    from pytest_integrations.core.reply import Reply

    from .fields import Head
    from .stream import GrpcStream

__all__ = ["Sender"]

_OK = _NO_ERROR = 0
_ENOUGH = 64 * 1024
"""Bytes of messages that are not kept for company, and that a frame has at most."""


class Sender:
    """Sends an answer on its stream; headers come by themselves, before the first message or an OK."""

    __slots__ = ("_began", "_has_headers", "_head", "_kept", "_kept_size", "_loop", "_metadata", "_stream", "encoding")

    def __init__(self, stream: GrpcStream, head: Head, encoding: str, began: Callable[[], object]) -> None:
        """Answer the request of *head*; messages are in this *encoding*; *began* is called before the first frame."""
        self.encoding: str = encoding
        self._stream = stream
        self._loop = stream.connection.loop
        self._head = head
        self._began = began
        self._metadata: list[tuple[str, str | bytes]] = []
        self._has_headers = False
        self._kept: list[bytes] = []
        self._kept_size = 0

    @property
    def unsent(self) -> int:
        """How many bytes of messages the client has not taken yet."""
        return self._stream.unsent + self._kept_size

    @property
    def has_headers(self) -> bool:
        """Whether headers were sent, by which the answer has begun."""
        return self._has_headers

    def add_metadata(self, metadata: Metadata) -> None:
        """Send *metadata* with the headers."""
        self._metadata += metadata

    def headers(self) -> None:
        """Send the headers, unless they were."""
        if not self._has_headers:
            self._has_headers = True
            self._began()
            self._stream.send_headers(fields.reply_headers(self._head, self.encoding, tuple(self._metadata)))

    def put(self, data: bytes) -> None:
        """Send some bytes of messages, together with what comes at the same moment: small messages share a frame."""
        self.headers()
        if not self._kept:
            self._loop.call_soon(self.flush)
        self._kept.append(data)
        self._kept_size += len(data)
        if self._kept_size >= _ENOUGH:
            self.flush()

    def flush(self) -> None:
        """Give to the stream what was kept for it."""
        if self._kept:
            kept, self._kept, self._kept_size = self._kept, [], 0
            data = memoryview(kept[0] if len(kept) == 1 else b"".join(kept))
            for start in range(0, len(data), _ENOUGH):  # a frame each, of which the first is read while others are made
                self._stream.send_data(data[start : start + _ENOUGH])

    def status(self, code: int, text: str, trailing: Metadata) -> None:
        """Send trailers; where nothing was sent before, they are all that there is, and come as headers."""
        if self._metadata or code == _OK:
            self.headers()
        self._began()
        status = fields.status_fields(code, text, trailing)
        if self._has_headers:
            self._stream.send_trailers(status)
        else:
            self._stream.send_headers(fields.trailers_only(self._head, status), end=True)
        self._leave_request()

    def half(self, of: FrameKind, frame: bytes = b"") -> None:
        """Send the first half of one more frame *of* the answer, DATA with the *frame* of a message; it is the last."""
        if of != "headers":
            self.headers()
        self.flush()
        section = {
            "headers": fields.reply_headers(self._head, self.encoding, tuple(self._metadata)),
            "trailers": fields.status_fields(_OK, "", ()),
        }
        self._has_headers = True
        self._began()
        self._stream.send_half(section.get(of, ()), frame, end=of == "trailers")

    def end_without_status(self) -> None:
        """End the stream, and tell no status."""
        self.headers()
        self._stream.send_data(b"", end=True)
        self._leave_request()

    def http(self, reply: Reply) -> None:
        """Answer as something that does not speak gRPC does."""
        self._began()
        self._stream.send_headers(fields.http_headers(reply), end=not reply.body)
        if reply.body:
            self._stream.send_data(reply.body, end=True)
        self._leave_request()

    def _leave_request(self) -> None:
        """Ask the client to send no more of a request that is answered (RFC 9113 section 8.1)."""
        if not self._stream.request_ended:
            self._stream.reset(_NO_ERROR, when_sent=True)
