"""What a RESP connection needs of the backend behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.queue_call import QueueCall
    from pytest_integrations.core.script import Decision

    from .protocol import RespProtocol

__all__ = ["Answer", "RespService", "RespSession"]


@dataclass(slots=True)
class Answer:
    """A reply, ready to be sent."""

    data: bytes
    error: str = ""
    """The code of the refusal, `""` if it is none."""
    told: Callable[[], object] | None = None
    """Called just before the last byte goes out: the client will know."""
    closes: bool = False
    """Whether the connection ends with it."""


class RespSession(Protocol):
    """One client's state at the backend. All methods are called on the loop."""

    def recognise(self, fields: list[bytes]) -> QueueCall:
        """Begin the record of the command that *fields* are."""
        ...

    def execute(
        self, call: QueueCall, fields: list[bytes], effects: Sequence[Effect] = (), fault: Fault | None = None
    ) -> Answer | None:
        """Execute a command, as *effects* want it, and return the reply.

        None: it waits for something; the reply comes by `RespProtocol.answer`.
        """
        ...

    def close(self) -> None:
        """Forget the client: it waits for nothing any more."""
        ...


class RespService(Protocol):
    """The fake behind the wire. All methods are called on the loop."""

    name: str
    ledger: Ledger
    max_bulk: int
    """Bytes of a string that a client may send; a longer one is a protocol error."""

    def begin(self, protocol: RespProtocol) -> RespSession:
        """Return the session of a connection that was just made."""
        ...

    def decide(self, call: QueueCall) -> Decision | None:
        """Decide what goes wrong with *call*."""
        ...
