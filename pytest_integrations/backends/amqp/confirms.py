"""What producers in confirm mode are told: one ack for all that came in one turn, where RabbitMQ does so."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_integrations.wire.amqp import methods

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage
    from pytest_integrations.core.fault import Fault

    from .session import BrokerSession

__all__ = ["Confirms"]


class Confirms:
    """The publications of one channel since `confirm.select`."""

    def __init__(self, session: BrokerSession) -> None:
        """Begin to count."""
        self._session = session
        self._count = 0
        self._open: set[int] = set()
        """Those that nothing was decided about; one whose confirm a fault has taken stays among them."""
        self._taken: dict[int, tuple[QueueMessage, Fault | None]] = {}
        self._refused: dict[int, tuple[QueueMessage, Fault | None]] = {}
        self._is_due = False

    def next(self) -> int:
        """Return the number of the next publication."""
        self._count += 1
        self._open.add(self._count)
        return self._count

    def resolve(self, number: int, message: QueueMessage, *, taken: bool, fault: Fault | None) -> None:
        """Tell the producer at the end of this turn that its message is safe, or that it is not."""
        self._open.discard(number)
        (self._taken if taken else self._refused)[number] = (message, fault)
        if not self._is_due:
            self._is_due = True
            self._session.broker.loop.call_soon(self.flush)

    def flush(self) -> None:
        """Tell what there is to tell."""
        self._is_due = False
        taken, self._taken = self._taken, {}
        refused, self._refused = self._refused, {}
        if self._session.is_closed:
            return
        self._session.outlet.when_sent(partial(self._tell, taken, refused))
        for number in sorted(refused):
            self._send(120, number, methods.flag(False, False))
        self._acknowledge(sorted(taken), sorted(refused))

    def _tell(
        self,
        taken: dict[int, tuple[QueueMessage, Fault | None]],
        refused: dict[int, tuple[QueueMessage, Fault | None]],
    ) -> None:
        """Write into the ledger what the producer learns."""
        tell, connection = self._session.broker.tell, self._session.connection
        for message, fault in refused.values():
            tell(message, "refused", connection=connection, fault=fault)
        for message, fault in taken.values():
            tell(message, "confirmed", connection=connection, fault=fault)

    def _acknowledge(self, numbers: list[int], refused: list[int]) -> None:
        """Send one ack for all before the first that is still open, and one for each behind it."""
        if not numbers:
            return
        first_open = min((*self._open, *refused, numbers[-1] + 1))
        before = [number for number in numbers if number < first_open]
        if before:
            self._send(80, before[-1], methods.flag(len(numbers) > 1))
        for number in numbers[len(before) :]:
            self._send(80, number, methods.flag(False))

    def _send(self, method_id: int, number: int, flags: bytes) -> None:
        self._session.send(methods.method(self._session.number, 60, method_id, methods.longlong(number), flags))
