"""A connection that a proxy passes on, as an entry of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .call import Call

if TYPE_CHECKING:
    from .call import Connection

__all__ = ["TUNNEL", "TunnelCall"]

TUNNEL = "connect upstream"
"""The operation of every connection that is passed on. Not by the address: faults are drawn by it, and ports change."""


class TunnelCall(Call):
    """One connection that was passed on: to whom, and why that failed, if it did.

    What it carried is in its `connection`, in bytes: *received* from the client, *sent* to the client.
    """

    __slots__ = ("error", "upstream")

    def __init__(self, fake: str, connection: Connection, upstream: str) -> None:
        """Begin the record of a connection that is to go on to *upstream*, `"127.0.0.1:5432"`."""
        super().__init__(fake, connection, operation=TUNNEL)
        self.upstream: str = upstream
        """Where it went on to, `"127.0.0.1:5432"`."""
        self.error: str = ""
        """Why the upstream could not be reached, in the system's words; `""` if it could."""

    @property
    def verdict(self) -> str:
        """What became of it in a word or two: `"answered"`, `"reset"`, `"closed: Connection refused"`."""
        return f"{self.outcome}: {self.error}" if self.error else self.outcome
