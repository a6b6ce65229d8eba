"""What a client makes of an answer: metadata, messages, and how the call ended, by the rules that grpcio goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.grpc_status import CODES
from pytest_integrations.wire.grpc.framing import MessageReader
from pytest_integrations.wire.grpc.metadata import decoded, message_text
from pytest_integrations.wire.grpc.refusal import Refusal

from .outcome import Outcome, from_http, no_end

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.grpc_metadata import Metadata

__all__ = ["LIMIT", "Reading"]

LIMIT = 4 * 1024 * 1024
"""Bytes of a message that a client takes: grpcio's own limit."""

_MOST = 16 * 1024
"""Bytes of a header section that a client takes: grpcio's own limit; from half of it on it refuses some, by chance."""
_OF_A_FIELD = 32
"""Bytes that a field counts for, beyond its name and value, as HTTP/2 counts."""

_OWN = frozenset({b"content-type", b"grpc-encoding", b"grpc-accept-encoding", b"grpc-status", b"grpc-message"})
"""Fields that are gRPC's own, and no metadata to an application."""

Fields = tuple[tuple[bytes, bytes], ...]


class _Senseless(Refusal):
    """A flag that means nothing: grpcio reads no further, and tells nobody."""


class _ReplyReader(MessageReader):
    """Finds the messages of an answer, and says in a client's words what is wrong with them."""

    __slots__ = ()

    def _check(self, flag: int, size: int) -> None:
        if flag > 1:
            raise _Senseless(code="OK", text="")
        if size > self._limit:
            text = f"Stream removed (CLIENT: Received message larger than max ({size} vs. {self._limit}))"
            raise Refusal(code="RESOURCE_EXHAUSTED", text=text)
        if flag and self._encoding == "identity":
            raise Refusal(code="INTERNAL", text="Compression bit set but no encoding configured")


class Reading:
    """Takes in one answer; `outcome` is there when it has come to its end."""

    def __init__(self) -> None:
        """Begin before the first field."""
        self.metadata: Metadata = ()
        """What came with the headers."""
        self.outcome: Outcome | None = None
        self.is_refused: bool = False
        """Whether it is the client that ended the call, by what it could not take."""
        self._reader: _ReplyReader | None = None
        self._status = 200

    def headers(self, fields: Iterable[tuple[bytes, bytes]], *, end: bool) -> None:
        """Take the head of the answer, or, with *end*, all of it."""
        fields = tuple(fields)
        found = dict(fields)
        self._status = int(found.get(b":status", b"200"))
        if self._is_too_much(fields):
            self.is_refused = not end
        elif end and b"grpc-status" in found:
            self.trailers(fields)
        elif self._status != 200:
            self.outcome = from_http(self._status)
        else:
            self.metadata = _application(fields)
            encoding = found.get(b"grpc-encoding", b"identity").decode("latin-1")
            self._reader = _ReplyReader(encoding, LIMIT)
            if end:
                self.outcome = no_end()

    def data(self, data: bytes, *, end: bool) -> list[bytes]:
        """Take bytes, and return the messages that are whole now."""
        messages: list[bytes] = []
        if self._reader is not None and self._is_readable:
            try:
                messages = self._reader.feed(data)
            except _Senseless:
                self._reader = None
            except Refusal as refusal:
                self.is_refused = True
                self.outcome = Outcome(CODES.index(refusal.code), refusal.text)
        if end and self.outcome is None:
            self.outcome = no_end()
        return messages

    @property
    def _is_readable(self) -> bool:
        return self._status == 200 and self.outcome is None

    def trailers(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Take what comes after all messages."""
        if self.outcome is None:
            fields = tuple(fields)
            if self._is_too_much(fields):
                return
            found = dict(fields)
            number, text = int(found.get(b"grpc-status", b"2")), message_text(found.get(b"grpc-message", b""))
            self.outcome = Outcome(number, text, _application(fields))

    def _is_too_much(self, fields: Fields) -> bool:
        """End it, and say so, if *fields* are more than a client takes."""
        size = sum(len(name) + len(value) + _OF_A_FIELD for name, value in fields)
        if size > _MOST:
            text = f"Stream removed (received metadata size exceeds hard limit ({size} vs. {_MOST}))"
            self.outcome = Outcome(CODES.index("RESOURCE_EXHAUSTED"), text)
        return size > _MOST


def _application(fields: Iterable[tuple[bytes, bytes]]) -> Metadata:
    """Return what of *fields* is an application's."""
    return decoded(pair for pair in fields if not pair[0].startswith(b":") and pair[0] not in _OWN)
