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

    __slots__ = ("_call", "_ledger")

    def __init__(self, call: TunnelCall, ledger: Ledger) -> None:
        """Write to *call*, which is in *ledger*."""
        self._call = call
        self._ledger = ledger

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

    def client_left(self, outcome: Outcome) -> None:
        """The client has ended the connection, or its side of it."""
        if self._call.gone is None and self._call.ended is None:
            self._call.gone = self._ledger.now()
        self._end(outcome, "client")

    def ends(self, outcome: Outcome | None = None) -> None:
        """The connection ends on our side now; without an *outcome*, as the bytes that went out tell."""
        if outcome is None:
            outcome = "answered" if self._call.connection.sent else "closed"
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
