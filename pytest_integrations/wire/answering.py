"""An answer on its way: how much of it the client gets, what the ledger says of that, and what comes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from pytest_integrations.core.call import Call

from .performance import Player

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.ledger import Ledger

    from .loop import Loop, Timer
    from .performance import End, Performance
    from .transport import Transport

__all__ = ["Answered", "Answering", "Recording"]


class Recording(Protocol):
    """The fake behind a connection, as far as it is written down what happens."""

    @property
    def ledger(self) -> Ledger:
        """Where it is written down."""
        ...


class Answered(Protocol):
    """The connection that an answer goes out on."""

    @property
    def loop(self) -> Loop:
        """The I/O loop."""
        ...

    @property
    def transport(self) -> Transport:
        """The way to the client."""
        ...

    @property
    def connection(self) -> Connection:
        """Its record in the ledger."""
        ...

    @property
    def service(self) -> Recording:
        """The fake behind it."""
        ...

    def closes_itself(self) -> None:
        """Record that the connection ends now, by our own doing, before the client can see it."""

    def exchange_done(self, *, keep: bool) -> None:
        """The present exchange is over; *keep* the connection and go on, or hear no more."""


P = TypeVar("P", bound=Answered)
C = TypeVar("C", bound=Call)


class Answering(Generic[P, C]):
    """Answers one call; writes the ledger *before* the bytes go out, so that whoever has read them can look at it."""

    __slots__ = ("_performance", "_player", "_protocol", "_sent", "_timer", "call")

    _performance: Performance

    def __init__(self, protocol: P, call: C) -> None:
        """Answer *call* on *protocol*'s connection."""
        self._protocol: P = protocol
        self.call: C = call
        self._player: Player | None = None
        self._timer: Timer | None = None
        self._sent: int = 0

    def _play(self, performance: Performance) -> None:
        """Begin to send, as *performance* says."""
        self._performance = performance
        protocol = self._protocol
        self._player = Player(protocol.loop, protocol.transport, performance, self._step, self._end)
        self._player.play()

    def _step(self, data: bytes, last: bool) -> None:  # noqa: FBT001 -- called back
        """Record that *data* goes out now."""
        now = self._protocol.service.ledger.now()
        if data and self.call.first_byte is None:
            self.call.first_byte = now
        self._sent += len(data)
        self._protocol.connection.sent += len(data)
        if last:
            self._conclude(now)

    def _is_whole(self) -> bool:
        """Tell whether the client has got all that it was to get; not by a connection that ends without a byte."""
        return self._sent >= len(self.call.reply) and (self._sent > 0 or self._performance.end == "keep")

    def _conclude(self, now: float) -> None:
        """Record how the exchange ends, before the client can see that it has."""
        call, end = self.call, self._performance.end
        if end == "reset":
            call.outcome = "reset"
        elif end == "stall":
            call.outcome = "hung"
        elif self._is_whole():
            call.outcome = "answered"
        else:
            call.outcome = "truncated" if self._sent else "closed"
        if end != "stall":
            call.ended = now
        if end in {"finish", "reset"}:
            self._protocol.closes_itself()

    def _is_kept(self) -> bool:
        """Tell whether the connection, which the performance would keep, really is kept."""
        return True

    def _end(self, end: End) -> None:
        """Do with the connection what the performance ends with."""
        protocol = self._protocol
        if self.call.outcome == "open":
            self._conclude(protocol.service.ledger.now())
        if end == "stall":
            if self._performance.patience is not None:
                self._timer = protocol.loop.call_later(self._performance.patience, self._release)
            return
        keep = end == "keep" and self._is_kept()
        protocol.exchange_done(keep=keep)
        if end == "reset":
            protocol.transport.abort()
        elif not keep:
            protocol.transport.finish()

    def _release(self) -> None:
        """End a stall whose time has come."""
        self.call.ended = self._protocol.service.ledger.now()
        self._protocol.closes_itself()
        self._protocol.exchange_done(keep=False)
        self._protocol.transport.finish()

    def abandon(self, now: float, *, by_client: bool) -> None:
        """Stop: the connection is gone."""
        if self._player is not None:
            self._player.cancel()
        if self._timer is not None:
            self._timer.cancel()
        if self.call.outcome == "open":
            self.call.outcome = "abandoned"
        if by_client:
            self.call.gone = now
