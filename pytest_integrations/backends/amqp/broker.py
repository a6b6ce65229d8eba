"""The broker: its virtual hosts, its users, its clock, and the messages that go from queue to queue inside it."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.wire.amqp.refusal import Refusal

from .users import User
from .vhost import VirtualHost

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.delivery import QueueEvent
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.queue_call import QueueCall
    from pytest_integrations.core.script import Decision
    from pytest_integrations.wire.loop import Loop, Timer

    from .link import BrokerLink
    from .message import Copy
    from .queue import BrokerQueue
    from .versions import Version

__all__ = ["Broker"]

_MOVES_AT_MOST = 1000
"""How often one message goes from queue to queue in one go; beyond, it goes in a circle.

Such circles as RabbitMQ finds are found before (`dead_letter.without_cycles`); those that it does not find keep one of
its processors busy for ever, and end here.
"""
_TIMERS_KEPT = 256
"""Beyond so many timers those that were cancelled are forgotten."""


class Broker:
    """What is behind the port; touched on the loop only."""

    def __init__(
        self,
        name: str,
        *,
        ledger: Ledger,
        loop: Loop,
        version: Version,
        decide: Callable[[QueueCall], Decision | None],
        has_faults: Callable[[], bool],
        consumer_timeout: float | None = None,
    ) -> None:
        """Make a broker with the user guest and the virtual host `/`.

        *decide* says what goes wrong with a delivery; it need not be asked where *has_faults* says that nothing does. A
        delivery must be settled in *consumer_timeout* seconds, if that is not None.
        """
        self.name: str = name
        self.ledger: Ledger = ledger
        self.loop: Loop = loop
        self.version: Version = version
        self.decide: Callable[[QueueCall], Decision | None] = decide
        self.has_faults: Callable[[], bool] = has_faults
        self.users: dict[str, User] = {"guest": User("guest", "guest")}
        self.vhosts: dict[str, VirtualHost] = {"/": VirtualHost(self, "/")}
        self.consumer_timeout: float | None = consumer_timeout
        self.is_stopped: bool = False
        """Whether the fake has stopped: connections end then, and what was in flight stays so in the ledger."""
        self.links: list[BrokerLink] = []
        self.tell: Callable[..., QueueEvent] = ledger.tell
        self._moves: deque[tuple[BrokerQueue, Copy]] = deque()
        self._timers: set[Timer] = set()
        self._drawn = 0

    # -- time

    def now(self) -> float:
        """Return the loop's time, by which everything in here ends."""
        return self.loop.clock.monotonic()

    def seconds(self) -> int:
        """Return the date and time, in seconds since 1970."""
        return int(self.ledger.clock.wall().timestamp())

    def later(self, seconds: float, action: Callable[[], object]) -> Timer:
        """Do something after so many *seconds*, unless the broker stops before."""

        def due() -> None:
            self._timers.discard(timer)
            self.do(action)

        timer = self.loop.call_later(max(0.0, seconds), due)
        if self.is_stopped:
            timer.cancel()
            return timer
        self._timers.add(timer)
        if len(self._timers) > _TIMERS_KEPT:
            self._timers = {each for each in self._timers if each.action is not None}
        return timer

    def stop(self) -> None:
        """Let everything be as it is, and leave no timer behind: it would be something to wait for in the next test."""
        self.is_stopped = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    # -- messages inside

    def do(self, action: Callable[[], object]) -> None:
        """Do something, and then what follows from it inside the broker."""
        try:
            action()
        finally:
            self.move()

    def pass_on(self, queue: BrokerQueue, copy: Copy) -> None:
        """Put a dead letter into its queue, as soon as what happens now has happened."""
        self._moves.append((queue, copy))

    def move(self) -> None:
        """Put the dead letters where they go; those that they drive out are moved too."""
        moved: Counter[int] = Counter()
        while self._moves:
            queue, copy = self._moves.popleft()
            moved[copy.message.id] += 1
            if moved[copy.message.id] > _MOVES_AT_MOST:
                self.tell(copy.message, "dropped", "", reason="endless dead-letter cycle")
            elif queue.is_deleted:
                self.tell(copy.message, "dropped", "", reason="queue deleted")
            else:
                queue.put(copy)

    # -- clients

    def log_in(self, mechanism: str, user: str, password: str) -> None:
        """Check a login; raises `Refusal` in RabbitMQ's words."""
        known = self.users.get(user)
        if known is None or known.password != password:
            text = f"Login was refused using authentication mechanism {mechanism}. For details see the broker logfile."
            raise Refusal(403, text, "connection")

    def vhost(self, user: str, name: str) -> VirtualHost:
        """Return a virtual host for *user*; raises `Refusal` if there is none, or if it is not for him."""
        found = self.vhosts.get(name)
        if found is None:
            raise Refusal(530, f"vhost {name} not found")
        if name not in self.users[user].vhosts:
            raise Refusal(530, f"access to vhost '{name}' refused for user '{user}'")
        return found

    def add_vhost(self, name: str) -> None:
        """Add a virtual host for every user that is there."""
        self.vhosts.setdefault(name, VirtualHost(self, name))
        for user in tuple(self.users.values()):
            self.users[user.name] = replace(user, vhosts=(*user.vhosts, name))

    def invent(self, prefix: str) -> str:
        """Return a new name, the same in each run: `amq.gen-0000000000000000000001`."""
        self._drawn += 1
        return f"{prefix}{self._drawn:022d}"
