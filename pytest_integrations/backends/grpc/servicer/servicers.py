"""The servicers of one test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .servicer import GrpcServicer

if TYPE_CHECKING:
    from pytest_integrations.core.ledger import Ledger

__all__ = ["Servicers"]


class Servicers:
    """What the fixture `grpc_servicer` gives: called with a servicer, it runs that."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        """Record all calls in *ledger*; without one each servicer has its own."""
        self._ledger = ledger
        self._made: list[GrpcServicer] = []

    def __call__(self, servicer: Any, schema: Any = None, *, name: str = "grpc_servicer") -> GrpcServicer:
        """Run *servicer*, whose methods are attributes of what is returned; see `GrpcServicer` for the arguments."""
        __tracebackhide__ = True
        made = GrpcServicer(servicer, schema, name=name, ledger=self._ledger)
        self._made.append(made)
        return made

    def __repr__(self) -> str:
        """Show those that run."""
        return f"<grpc_servicer: {', '.join(map(repr, self._made)) or 'none runs yet'}>"

    def close(self) -> None:
        """End them all, the last one first."""
        while self._made:
            self._made.pop().close()
