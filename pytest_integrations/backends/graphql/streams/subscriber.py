"""One subscription that goes on: what it was sent, and what goes wrong with it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, cast

from pytest_integrations.core.effect import Disrupt
from pytest_integrations.core.graphql_call import StreamEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_integrations.backends.graphql.call import RecordedOperation
    from pytest_integrations.core.ledger import Ledger

    from .outlet import Kind, Outlet, Twist

__all__ = ["Subscriber"]

_AT_ONCE = {"reset", "hang", "close"}
_TWISTS = {"malformed_json", "malformed_frame", "unknown_type", "wrong_id", "bad_field"}


class Subscriber:
    """Sends events by an outlet, disrupted as the faults of its call say. Used on the loop alone.

    What is to be sent after the end is dropped, so that nobody has to ask whether it is over.
    """

    def __init__(self, call: RecordedOperation, outlet: Outlet, ledger: Ledger) -> None:
        """Send the events of *call* by *outlet*."""
        self.call: RecordedOperation = call
        self.is_over: bool = False
        self.on_over: list[Callable[[Subscriber], object]] = []
        """Who is told when it is over."""
        self._outlet = outlet
        self._ledger = ledger
        self._disruptions = [effect for effect in call.effects if isinstance(effect, Disrupt)]
        self._given = 0
        self._sent = 0
        self._held: list[Any] = []
        self._steps: deque[Callable[[Callable[[], object]], object]] = deque()
        self._is_busy = False

    def begin(self) -> None:
        """Let happen what happens before the first event."""
        self._disrupt_if_due()

    # -- one after the other, where a result takes its time

    def then(self, step: Callable[[Callable[[], object]], object]) -> None:
        """Take *step* when those before it are done; it is given what to call when it is."""
        self._steps.append(step)
        self._go_on()

    def _go_on(self) -> None:
        while self._steps and not self._is_busy:
            self._is_busy = True
            self._steps.popleft()(self._done)

    def _done(self) -> None:
        self._is_busy = False
        self._go_on()

    # -- sending

    def next(self, result: Mapping[str, Any]) -> None:
        """Send a *result*, as the disruptions whose turn it is want it."""
        if self.is_over:
            return
        due = {each.kind for each in self._disruptions if each.after == self._given}
        self._given += 1
        if "out_of_order" in due:
            self._held.append(result)
            return
        twist = cast("Twist | None", next((kind for kind in due if kind in _TWISTS), None))
        for _ in range(2 if "duplicate" in due else 1):
            self._send("next", result, twist)
        self._send_held()
        self._disrupt_if_due()

    def error(self, errors: Sequence[Mapping[str, Any]]) -> None:
        """Send *errors*, which end it."""
        if not self.is_over:
            self._send_held()
            self._send("error", list(errors))
            self._end()

    def complete(self) -> None:
        """Send the end, if that is not what is wrong."""
        if self.is_over:
            return
        self._send_held()
        missing = self._find({"no_complete"})
        if missing is not None:
            self._break_off(missing)
            return
        self._send("complete")
        if self._find({"next_after_complete"}) is not None:
            results = [event.payload for event in self.call.events if event.kind == "next"]
            self._send("next", results[-1] if results else {"data": None})
        self._end()

    def stopped(self) -> None:
        """Take notice that the client has had enough, and has said so: it got all that it wanted."""
        if not self.is_over:
            self.call.gone = self._ledger.now()
            self._end()

    def gone(self) -> None:
        """Take notice that the connection is gone; whoever looks after that has recorded it."""
        self._over()
        self._outlet.gone()

    def _send(self, kind: Kind, payload: Any = None, twist: Twist | None = None) -> None:
        self.call.events.append(StreamEvent(self._ledger.now(), kind, payload))
        self.call.spoiled = self.call.spoiled or twist is not None
        self._sent += 1
        self._outlet.send(kind, payload, twist)

    def _send_held(self) -> None:
        """Send what was held back to come out of order, now that another event went before it."""
        held, self._held = self._held, []
        for result in held:
            self._send("next", result)

    # -- ending

    def _find(self, kinds: set[str]) -> Disrupt | None:
        return next((each for each in self._disruptions if each.kind in kinds), None)

    def _disrupt_if_due(self) -> None:
        """Break off, if a fault wants that after so many events."""
        for each in self._disruptions:
            if each.kind in _AT_ONCE and each.after <= self._sent and not self.is_over:
                self._break_off(each)

    def _break_off(self, disruption: Disrupt) -> None:
        self.call.spoiled = self.call.spoiled or disruption.kind == "no_complete"
        self._over()
        self._outlet.break_off(disruption)

    def _end(self) -> None:
        self._over()
        self._outlet.end()

    def _over(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._steps.clear()
            for tell in self.on_over:
                tell(self)
