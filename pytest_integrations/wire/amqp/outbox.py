"""What waits to be sent on one connection: one write a turn, and all of it behind what a fault is still sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import Connection
    from pytest_integrations.wire.loop import Loop
    from pytest_integrations.wire.transport import Transport

__all__ = ["Outbox"]


class Outbox:
    """Collects the frames of a turn and sends them together."""

    def __init__(self, loop: Loop, connection: Connection) -> None:
        """Begin empty; `open` says where to send."""
        self._loop = loop
        self._connection = connection
        self._transport: Transport | None = None
        self._waiting: list[bytes] = []
        self._collected: list[bytes] | None = None
        self._told: list[Callable[[], object]] = []
        """What is true once the client has got what was collected."""
        self._is_held = False
        self._is_due = False

    def open(self, transport: Transport) -> None:
        """Send on *transport* from now on."""
        self._transport = transport

    def send(self, data: bytes) -> None:
        """Send *data* at the end of this turn, or once nothing holds it."""
        if self._collected is not None:
            self._collected.append(data)
            return
        self._waiting.append(data)
        if not self._is_due and not self._is_held:
            self._is_due = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what waits."""
        self._is_due = False
        if self._is_held or not self._waiting or self._transport is None:
            return
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._connection.sent += len(data)
        self._transport.write(data)

    def when_sent(self, action: Callable[[], object]) -> None:
        """Do something as what was sent goes out: now, or when a fault has sent all of it, if it ever does."""
        if self._collected is None:
            action()
        else:
            self._told.append(action)

    def told(self) -> list[Callable[[], object]]:
        """Return what is to be done when all that was collected is out, and forget it."""
        told, self._told = self._told, []
        return told

    def collect(self, action: Callable[[], object]) -> bytes:
        """Return what *action* sends, and do not send it."""
        self._collected = []
        try:
            action()
            return b"".join(self._collected)
        finally:
            self._collected = None

    def hold(self) -> None:
        """Send what waits, and from then on nothing."""
        self.flush()
        self._is_held = True

    def release(self) -> None:
        """Send again."""
        self._is_held = False
        self.flush()

    def drop(self) -> None:
        """Forget what waits: nobody will read it."""
        self._waiting.clear()
        self._is_held = True
