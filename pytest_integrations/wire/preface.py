"""Which of two protocols a client speaks, told from its first bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .transport import Transport, WireProtocol

__all__ = ["PrefaceProtocol"]


class PrefaceProtocol:
    """Listens until it is clear which protocol it is, and hands the connection over to that.

    Until then the *usual* protocol is told what happens to the connection, so that one that ends without a byte is
    that protocol's.
    """

    __slots__ = ("_came", "_other", "_preface", "_transport", "_usual")

    _transport: Transport

    def __init__(self, preface: bytes, other: Callable[[], WireProtocol], usual: WireProtocol) -> None:
        """Hand over to what *other* makes if the client begins with *preface*, else to the *usual* protocol."""
        self._preface = preface
        self._other = other
        self._usual = usual
        self._came: bytes | None = b""

    def connection_made(self, transport: Transport) -> None:
        """The connection is there."""
        self._transport = transport
        self._usual.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._came is None:  # from whoever had kept them back, and has not heard of the change
            self._usual.data_received(data)
            return
        data = self._came + data if self._came else data
        size = len(self._preface)
        if data[:size] == self._preface:
            self._usual = self._other()
        elif len(data) < size and self._preface.startswith(data):
            self._came = data
            return
        self._hand_over(data)

    def _hand_over(self, data: bytes) -> None:
        self._came = None
        self._transport.switch(self._usual)
        self._usual.data_received(data)

    def resume_writing(self) -> None:
        """Nothing was written."""

    def eof_received(self) -> None:
        """The client will send no more: what came is no preface."""
        came = self._came
        if came:
            self._hand_over(came)
        self._usual.eof_received()

    def connection_lost(self, error: OSError | None) -> None:
        """The connection is over."""
        self._usual.connection_lost(error)
