"""How a call ended, as grpcio's clients tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.grpc_status import CODES

if TYPE_CHECKING:
    from pytest_integrations.core.grpc_metadata import Metadata

__all__ = ["CHANNEL_CLOSED", "DEADLINE_EXCEEDED", "OK", "Outcome", "from_http", "from_reset", "no_end", "unavailable"]

_UNKNOWN = CODES.index("UNKNOWN")
_UNAVAILABLE = CODES.index("UNAVAILABLE")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A status, its text, and the metadata that came with it."""

    number: int
    text: str = ""
    trailing: Metadata = ()

    @property
    def code(self) -> str:
        """The name of the status; a number that no code has is UNKNOWN."""
        return CODES[self.number] if 0 <= self.number < len(CODES) else "UNKNOWN"


OK = Outcome(0)
DEADLINE_EXCEEDED = Outcome(CODES.index("DEADLINE_EXCEEDED"), "Deadline Exceeded")
CHANNEL_CLOSED = Outcome(CODES.index("CANCELLED"), "Channel closed!")

_OF_HTTP = {
    400: "INTERNAL",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "UNIMPLEMENTED",
    429: "UNAVAILABLE",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "UNAVAILABLE",
}
_OF_RESET = {7: "UNAVAILABLE", 8: "CANCELLED", 11: "RESOURCE_EXHAUSTED", 12: "PERMISSION_DENIED"}


def from_http(status: int) -> Outcome:
    """Return what an answer of this HTTP *status* means, which told no status of gRPC."""
    return Outcome(CODES.index(_OF_HTTP.get(status, "UNKNOWN")), f"Received http2 header with status: {status}")


def from_reset(error: int) -> Outcome:
    """Return what RST_STREAM with this *error* code means."""
    code = CODES.index(_OF_RESET.get(error, "INTERNAL"))
    return Outcome(code, f"Stream removed (RST_STREAM (Received RST_STREAM with error code {error}))")


def no_end() -> Outcome:
    """Return what an answer means that ended without a status."""
    return Outcome(_UNKNOWN, "Stream removed (Data frame with END_STREAM flag received)")


def unavailable(why: str) -> Outcome:
    """Return what the end of a connection means to its calls."""
    return Outcome(_UNAVAILABLE, why)
