"""What one test did with one ledger, which may be older than the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_integrations.core.call import Call
    from pytest_integrations.core.client_call import ClientCall
    from pytest_integrations.core.delivery import Messages
    from pytest_integrations.core.ledger import Ledger, Outage, Problem
    from pytest_integrations.views.timeline import Band

    from .record import Source

__all__ = ["Beginning", "Part"]


@dataclass(frozen=True, slots=True)
class Beginning:
    """How much was in a ledger when the test began: the newest *call* and *event*, and how many of the others."""

    call: int
    event: int
    problems: int
    outages: int

    @classmethod
    def of(cls, ledger: Ledger) -> Beginning:
        """Return how much is in *ledger* at the moment."""
        return cls(ledger.latest, ledger.latest_event, len(ledger.problems), len(ledger.outages))


@dataclass(frozen=True)
class Part:
    """One ledger, as far as the test wrote in it."""

    ledger: Ledger
    sources: tuple[Source, ...]
    begun: Beginning
    """What was in it when the test began; what came after is the test's own."""

    @property
    def outages(self) -> list[Outage]:
        """The outages that began in the test."""
        return self.ledger.outages[self.begun.outages :]

    @property
    def problems(self) -> list[Problem]:
        """What went wrong by itself in the test, whether or not anybody was told."""
        return self.ledger.problems[self.begun.problems :]

    @property
    def clients(self) -> list[list[ClientCall]]:
        """What the test recorded on the client's side."""
        return [[call for call in client if call.first > self.begun.call] for client in self.ledger.clients]

    @property
    def bands(self) -> list[Band]:
        """The states that the test's assertions have read out of its calls."""
        return [band for band in self.ledger.bands if band.after is None or band.after > self.begun.call]

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls of the test, settled."""
        return tuple(call for call in self.ledger.calls if call.seq > self.begun.call)

    @property
    def messages(self) -> Messages:
        """The messages that something happened to in the test, settled."""
        return self.ledger.messages.where(lambda message: message.events[-1].seq > self.begun.event)
