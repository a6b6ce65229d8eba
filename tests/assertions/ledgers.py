"""A ledger written by hand, on a clock that stands where it is put: exact times without waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.call import CONNECT, Call, HttpCall
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.ledger import Calls

BEGIN = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)


class HandClock:
    """A clock that moves when it is told to; `exact` as the virtual one, unless it plays a real one."""

    def __init__(self, *, exact: bool = True) -> None:
        self.now = 1000.0
        self.exact = exact
        self.on_sleep: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> datetime:
        return BEGIN + timedelta(seconds=self.now - 1000.0)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.on_sleep()


@dataclass(frozen=True)
class scripted(Fault):  # noqa: N801 -- faults are called by a word
    """A fault that was performed, as far as the ledger is concerned."""

    what: str

    @property
    def name(self) -> str:
        return self.what

    def __repr__(self) -> str:
        return f"{self.what}()"


class HandLedger:
    """Writes calls as the wire would have; times are seconds on the ledger's clock."""

    def __init__(self, *, exact: bool = True) -> None:
        self.clock = HandClock(exact=exact)
        self.ledger = Ledger(self.clock)
        self.connection: Connection | None = None

    @property
    def calls(self) -> Calls:
        return self.ledger.calls

    def at(self, seconds: float) -> None:
        """Let it be *seconds* after the ledger was opened."""
        self.clock.now = 1000.0 + seconds

    def connect(self, fake: str = "fake_rest", *, at: float | None = None) -> Connection:
        if at is not None:
            self.at(at)
        return self.ledger.connect(fake)

    def call(
        self,
        at: float,
        status: int | None = 200,
        operation: str = "GET /users",
        *,
        took: float = 0.0,
        outcome: str = "answered",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        answer: dict[str, str] | None = None,
        target: str | None = None,
        fake: str = "fake_rest",
        connection: Connection | None = None,
        block: int | None = None,
        fault: Fault | None = None,
        handled: bool = False,
        spoiled: bool = False,
    ) -> HttpCall:
        """Record a request that was read at *at* and over *took* seconds later."""
        self.at(at)
        if connection is None:
            if self.connection is None or self.connection.fake != fake:
                self.connection = self.connect(fake)
            connection = self.connection
        method, _, path = operation.partition(" ")
        lines = [f"{method} {target or path} HTTP/1.1", *(f"{k}: {v}" for k, v in (headers or {}).items())]
        call = HttpCall(fake, connection, ("\r\n".join(lines) + "\r\n\r\n").encode(), operation)
        call.body = body
        connection.calls += 1
        call.number = connection.calls
        self.ledger.add(call)
        call.block = block
        call.fault, call.handled, call.spoiled = fault, handled, spoiled
        self._end(call, status, took, outcome, answer or {})
        return call

    def _end(self, call: Call, status: int | None, took: float, outcome: Any, answer: dict[str, str]) -> None:
        self.at(call.started + took)
        call.outcome = outcome
        end = self.ledger.now()
        if outcome == "abandoned":
            call.gone = end
        elif outcome != "open":
            call.ended = end
        if outcome in {"answered", "truncated"}:
            call.status = status
            call.first_byte = end
            lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in answer.items())]
            call.reply = ("\r\n".join(lines) + "\r\n\r\n").encode()

    def spoilt_connection(self, at: float, outcome: Any = "reset", fake: str = "fake_rest") -> Call:
        """Record an attempt that did not come as far as a request."""
        self.at(at)
        call = Call(fake, self.ledger.connect(fake), operation=CONNECT)
        self.ledger.add(call)
        call.fault = scripted("reset_on_accept")
        self._end(call, None, 0.0, outcome, {})
        return call

    def attempts(self, *starts: float, last: int = 200, **how: Any) -> None:
        """Record one logical call: a 503 at each of *starts* but the last, which is answered by *last*."""
        for start in starts[:-1]:
            self.call(start, 503, fault=scripted("status"), **how)
        self.call(starts[-1], last, **how)
