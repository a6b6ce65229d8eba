"""What the ledger is told of a connection that is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_integrations.core.call import Outcome
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.tunnel_call import TunnelCall

__all__ = ["Record"]


class Record:
    """Writes one call, and the connection that it is about."""

    __slots__ = ("_call", "_ledger", "_sent_before", "_was_patient")

    def __init__(self, call: TunnelCall, ledger: Ledger) -> None:
        """Write to *call*, which is in *ledger*."""
        self._call = call
        self._ledger = ledger
        self._sent_before: int | None = None
        """How many bytes the client had been sent when its FIN came, if that looked as if it had given up."""
        self._was_patient = False
        """Whether it has been sent more since, and that to its end: it had only closed its own side."""

    def received(self, count: int) -> None:
        """So many bytes came from the client."""
        self._call.connection.received += count

    def sent(self, count: int) -> None:
        """So many bytes go to the client."""
        self._call.connection.sent += count
        if self._call.first_byte is None:
            self._call.first_byte = self._ledger.now()

    def lost_bytes(self) -> None:
        """Bytes were thrown away: somebody waits for what will not come."""
        if self._call.outcome == "open":
            self._call.outcome = "hung"

    def unreachable(self, error: OSError) -> None:
        """The server could not be reached."""
        self._call.error = error.strerror or str(error)
        self.ends("closed")

    def client_ends(self, *, waits: bool) -> None:
        """The client will send no more, while it *waits* for something, or does not."""
        if waits and self._call.outcome == "open":
            self._sent_before = self._call.connection.sent
        self._client_left("abandoned" if waits else "answered")

    def client_breaks(self) -> None:
        """The client has ended the connection and takes nothing any more."""
        if self._was_patient:
            self._call.outcome = "abandoned"  # what was sent to it was not wanted
        self._client_left("abandoned")

    def _client_left(self, outcome: Outcome) -> None:
        if self._call.gone is None and self._call.ended is None:
            self._call.gone = self._ledger.now()
        self._end(outcome, "client")

    def server_ends(self) -> None:
        """All that the server had to send has been sent, and its FIN goes to the client now."""
        sent = self._call.connection.sent
        if self._sent_before is not None and sent > self._sent_before and self._call.outcome == "abandoned":
            self._was_patient = True
            self._call.outcome = "answered"
        self.ends("answered" if sent else "closed")

    def ends(self, outcome: Outcome) -> None:
        """The connection ends on our side now."""
        if self._call.ended is None:
            self._call.ended = self._ledger.now()
        self._end(outcome, "fake")

    def cut(self) -> None:
        """A fault ends the connection in the middle of what it had to carry."""
        self.ends("truncated" if self._call.connection.sent else "closed")

    def _end(self, outcome: Outcome, by: Literal["client", "fake"]) -> None:
        call, connection = self._call, self._call.connection
        if call.outcome == "open":
            call.outcome = outcome
        if connection.closed is None:
            connection.closed, connection.closed_by = self._ledger.now(), by
