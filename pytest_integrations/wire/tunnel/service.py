"""The fake behind a tunnel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.wire.upstream import Address

    from .tunnel import Tunnel

__all__ = ["TunnelService"]


class TunnelService(Protocol):
    """Says where connections go on to, and what goes wrong with them."""

    connect_timeout: float

    @property
    def ledger(self) -> Ledger:
        """Where it is written down what happens."""
        ...

    @property
    def addresses(self) -> Sequence[Address]:
        """Where the server is."""
        ...

    def begin(self, tunnel: Tunnel) -> None:
        """Record that the connection of *tunnel* came in, and add the faults that are for it."""

    def over(self, tunnel: Tunnel) -> None:
        """Nothing is left of *tunnel*."""
