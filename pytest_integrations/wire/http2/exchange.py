"""One request on a stream and its answer: HTTP/1.1's exchange, whose bytes become frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.core.reply import Reply
from pytest_integrations.wire.http1.exchange import Exchange
from pytest_integrations.wire.http1.service import Prepared, Streamed, Switched

from .rendering import as_http2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.message import Message
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.http1.service import Answers
    from pytest_integrations.wire.performance import Performance

    from .request import HttpRequest

__all__ = ["Http2Exchange"]

_CANCEL = 8


class Http2Exchange(Exchange):
    """Finds the answer to one call, and sends it on its stream."""

    __slots__ = ("_message", "_request", "retires")

    _message: Message

    def __init__(self, request: HttpRequest, call: HttpCall, decision: Decision | None) -> None:
        """Answer *call* on the stream of *request*, as *decision* says."""
        super().__init__(request, call, decision, keep_alive=True)
        self._request = request
        self.retires: bool = False
        """Whether the answer tells that its connection ends with it: `Connection: close` is GOAWAY here."""

    def _send_prepared(self, prepared: Prepared) -> None:
        """There are no bytes that are ready: header fields are sent as what changed since those before."""
        self._take(prepared)

    def _take(self, answer: Answers) -> None:
        """Send *answer*; one that goes over to another protocol cannot be given on a stream."""
        if isinstance(answer, Switched):
            answer = Prepared(Reply.of(501, text="this needs HTTP/1.1: a stream does not speak another protocol\n"))
        super()._take(answer)

    def _on_wire(self, message: Message) -> Message:
        """Return *message* as HTTP/2 has it, and take notice of its status."""
        self.retires = bool(message.start) and not message.persistent
        message = as_http2(message)
        status = message.start.rpartition(b" ")[2]
        self._status = int(status) if status.isdigit() else None
        self._message = message
        return message

    def _play(self, performance: Performance) -> None:
        """Begin to send, and tell the stream of what."""
        ends = performance.end == "keep" and not isinstance(self._sequel, Streamed)
        self._request.transport.begin(self._message, ends=ends)
        super()._play(performance)

    def _take_stream(self, streamed: Streamed, effects: Sequence[Effect]) -> None:
        """Send the head of an answer that goes on, without a coding that HTTP/2 does not know."""
        super()._take_stream(Streamed(replace(streamed.reply, chunks=None), streamed.begin), effects)

    def _step(self, data: bytes, last: bool) -> None:  # noqa: FBT001 -- called back
        """Record that *data* goes out now; the connection counts its frames itself."""
        counted = self._request.connection.sent
        super()._step(data, last)
        self._request.connection.sent = counted

    def _release(self) -> None:
        """End a stall whose time has come: by RST_STREAM, since the connection has nothing to do with it."""
        self.call.ended = self._request.service.ledger.now()
        self._request.cancel(_CANCEL)
