"""One call on the client's side, as the test made it; it may never have arrived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ClientCall"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClientCall:
    """One call that the test made through the client: how long it took, and what came back. Times are the ledger's."""

    name: str
    """What was called, for messages."""
    started: float
    """When it began."""
    ended: float
    """When it returned or raised."""
    began: int
    """Its place in the order of all beginnings and ends of the client's calls; times alone can be equal."""
    finished: int
    """Its end's place in that order."""
    first: int
    """No call with a lower number in the ledger can be its doing; those from *first* to *last* can."""
    last: int
    """The highest number of a call in the ledger that can be its doing."""
    value: Any = None
    """What the call returned."""
    error: BaseException | None = None
    """What the call raised instead."""

    @property
    def latency(self) -> float:
        """How long the caller waited, in seconds."""
        return self.ended - self.started

    def __str__(self) -> str:
        """Tell how it ended and how long that took."""
        end = "returned" if self.error is None else f"raised {type(self.error).__name__}"
        return f"{self.name} {end} after {self.latency:.3f} s"
