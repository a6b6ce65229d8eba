"""The ledger: everything that crossed the wire in one test, in order, from all fakes.

The wire appends, on its one thread; tests, assertions and views read, on any thread. Reading settles the wire first:
what the kernel has already delivered (the FIN of a client that gave up, say) is in the ledger when the read returns,
so that no test needs to sleep before it looks.
"""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .call import Connection
from .clock import IN_FORCE
from .delivery import Messages, QueueEvent, QueueMessage
from .errors import HandlerFailed, ScriptingError, UnexpectedCall
from .excerpt import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from .call import Call
    from .client_call import ClientCall
    from .clock import Clock
    from .delivery import Happening
    from .fault import Fault

__all__ = ["Calls", "Ledger", "Outage", "Problem", "raise_problems"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that fails the test by itself.

    A call that nothing answers (`"unexpected"`), one that breaks what is agreed (`"breach"`), or a handler that raised.
    """

    kind: Literal["unexpected", "breach", "handler"]
    fake: str
    text: str
    call: Call | None = None
    cause: BaseException | None = None

    def error(self) -> AssertionError:
        """Return the error that a test fails with for this problem alone."""
        kind = HandlerFailed if self.kind == "handler" else UnexpectedCall
        error = kind(self.text)
        error.__cause__ = self.cause
        return error


@dataclass(frozen=True, slots=True)
class Outage:
    """The port of a *fake* was down for a while: connections that it refused stand in no ledger, so this is all."""

    fake: str
    fault: Fault
    begun: float
    """Seconds since the ledger was opened."""


def raise_problems(problems: Sequence[Problem], who: str) -> None:
    """Raise the error of the one problem, or a group of several; *who* could not answer the calls."""
    __tracebackhide__ = True
    if len(problems) == 1:
        raise problems[0].error()
    if problems:
        msg = f"{len(problems)} calls that {who} could not answer"
        raise ExceptionGroup(msg, [problem.error() for problem in problems])


class Calls(Excerpt["Call"]):
    """The calls at one moment, oldest first; a snapshot that later calls do not change.

    Slicing and the methods give `Calls` again, so that `fake_rest.calls.of("POST /charges")[1:]` can be asserted on.
    """

    __slots__ = ()

    def of(self, operation: str) -> Calls:
        """Return those of one *operation*, such as `"GET /users/<int:id>"`."""
        return self.where(lambda call: call.operation == operation)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections that these calls came over, in order of opening."""
        unique = {id(call.connection): call.connection for call in self._entries}
        return tuple(sorted(unique.values(), key=lambda connection: connection.id))


class Ledger:
    """Append-only record of the calls, connections and messages of one test, on one clock."""

    def __init__(self, clock: Clock = IN_FORCE, settle: Callable[[], None] | None = None) -> None:
        """Open an empty ledger; *settle* lets the wire finish what the kernel has delivered."""
        self.clock = clock
        self.origin: float = clock.monotonic()
        self.opened_at: datetime = clock.wall()
        """The date and time of the ledger's second 0."""
        self.latest: int = 0
        """The number of the newest call, 0 before the first; not settled."""
        self.latest_event: int = 0
        """The number of the newest event of a message, 0 before the first; not settled."""
        self.problems: list[Problem] = []
        self.outages: list[Outage] = []
        self.readers: list[Callable[[], object]] = []
        """What is called before anybody reads, of fakes whose wire is not ours and does not write by itself."""
        self.clients: list[Sequence[ClientCall]] = []
        """What the recorders of a test have written down on the client's side, each in order of its calls' ends."""
        self.bands: list[Any] = []
        """States that an assertion has read out of the calls, such as an open breaker, for pictures of them."""
        self._told: set[int] = set()
        self._settle = settle
        self._calls: list[Call] = []
        self._connections: list[Connection] = []
        self._messages: list[QueueMessage] = []
        self._happenings = itertools.count(1)
        self._message_ids = itertools.count(1)
        self._seq = itertools.count(1)
        self._ids = itertools.count(1)
        self._blocks = itertools.count(1)
        self._block: int | None = None

    def now(self) -> float:
        """Return the seconds since the ledger was opened."""
        return round(self.clock.monotonic() - self.origin, 6)  # what is beyond is the noise of floats

    # -- written by the wire

    def connect(self, fake: str) -> Connection:
        """Record a connection to *fake* that was accepted now."""
        connection = Connection(next(self._ids), fake, self.now())
        self._connections.append(connection)
        return connection

    def add(self, call: Call) -> None:
        """Record *call* as one whose request has been read now."""
        call.seq = self.latest = next(self._seq)
        call.started = self.now()
        call.block = self._block
        self._calls.append(call)

    def publish(
        self,
        fake: str,
        body: bytes,
        headers: Mapping[str, Any],
        *,
        to: str,
        key: str = "",
        is_numbered: bool = False,
        **details: Any,
    ) -> QueueMessage:
        """Begin the story of a message that was sent *to* a queue or an exchange now; *details* as in `tell`."""
        number = next(self._message_ids)
        message = QueueMessage(number, fake, body, headers=headers, to=to, key=key, is_numbered=is_numbered)
        self._messages.append(message)
        self.tell(message, "published", to, **details)
        return message

    def tell(self, message: QueueMessage, kind: Happening, queue: str = "", **details: Any) -> QueueEvent:
        """Record that something happened to *message* now, and return the event.

        *details* are the other fields of `QueueEvent`. A `delivered` gets the next number of its message, by which
        what settles it names it (`delivery=event.delivery`).
        """
        if kind == "delivered":
            details["delivery"] = message.delivered + 1
        self.latest_event = next(self._happenings)
        event = QueueEvent(self.latest_event, self.latest, self.now(), kind, queue, **details)
        message.add(event)
        return event

    # -- read by everybody

    def settle(self) -> None:
        """Wait until the wire has recorded everything that the kernel has already delivered."""
        for read in tuple(self.readers):
            read()
        if self._settle is not None:
            self._settle()

    @property
    def calls(self) -> Calls:
        """Every call of every fake so far, settled."""
        self.settle()
        return Calls(self._calls, self)

    def calls_to(self, fake: str) -> Calls:
        """Return the calls to one *fake* so far, settled."""
        self.settle()
        return Calls([call for call in self._calls if call.fake == fake], self)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Every connection of every fake so far, settled."""
        self.settle()
        return tuple(self._connections)

    @property
    def messages(self) -> Messages:
        """Every message that was published to a queue so far, settled."""
        self.settle()
        return Messages(self._messages, self)

    def messages_of(self, fake: str) -> Messages:
        """Return the messages that were published to one *fake* so far, settled."""
        return self.messages.where(lambda message: message.fake == fake)

    def untold(self, fake: str | None = None) -> list[Problem]:
        """Return the problems of one *fake*, or of all, that were not returned before."""
        self.settle()
        found = [each for each in self.problems if id(each) not in self._told and fake in {None, each.fake}]
        self._told.update(map(id, found))
        return found

    def verify(self, fake: str | None = None) -> None:
        """Raise the problems of one *fake*, or of all, that were not raised before."""
        __tracebackhide__ = True
        raise_problems(self.untold(fake), fake or "the fakes")

    @contextmanager
    def logical_call(self) -> Iterator[None]:
        """Count the calls that come in meanwhile as attempts of one logical call, whatever they look like.

        Blocks do not nest, nor overlap in threads: attempts belong to one logical call only.
        """
        if self._block is not None:
            msg = (
                "logical_call() inside logical_call(): attempts belong to one logical call; end the outer block first. "
                "Callers at a time are told apart by what they send: say per='header:X-Request-Id', or a function"
            )
            raise ScriptingError(msg)
        self.settle()  # what the kernel has delivered before the block is not part of it
        self._block = next(self._blocks)
        try:
            yield
        finally:
            self.settle()
            self._block = None

    def __len__(self) -> int:
        """Return the number of calls, without settling."""
        return len(self._calls)

    def clear(self) -> None:
        """Forget the calls, the messages and the closed connections so far; numbering and time go on."""
        self.settle()
        self._calls.clear()
        self._messages.clear()
        self._connections[:] = [connection for connection in self._connections if connection.closed is None]
