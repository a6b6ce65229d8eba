"""One queue of the broker: what waits in it, what its limits are, and how its messages go."""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.effect import Swap

from .consumers import Consumers
from .dead_letter import letter_of, without_cycles
from .routing import route

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.wire.loop import Timer

    from .arguments import QueueArguments
    from .consumers import Consumer
    from .held import Held
    from .link import BrokerLink
    from .message import Copy
    from .vhost import VirtualHost

__all__ = ["BrokerQueue"]

_HAIR = 1e-6
"""As exact as the loop's timers are, in seconds."""
_FRONT = -(10**15)
"""Places before all others, for what comes back into a quorum queue."""

_NO_FAILURE = frozenset({"nack", "recover"})
"""Why a message comes back that is none the worse for it, since 4.3."""


class BrokerQueue:
    """A queue; all its methods are called on the loop."""

    def __init__(
        self,
        vhost: VirtualHost,
        name: str,
        *,
        understood: QueueArguments,
        arguments: Mapping[str, Any],
        durable: bool,
        auto_delete: bool,
        owner: BrokerLink | None,
    ) -> None:
        """Begin empty, in *vhost*; of an exclusive queue *owner* is the connection that alone may use it."""
        self.vhost: VirtualHost = vhost
        self.name: str = name
        self.arguments: QueueArguments = understood
        self.declared: dict[str, Any] = dict(arguments)
        self.durable: bool = durable
        self.auto_delete: bool = auto_delete
        self.owner: BrokerLink | None = owner
        self.ready: deque[Copy] = deque()
        self.bytes: int = 0
        """The bodies of what waits, together."""
        self.held: set[Held] = set()
        """What consumers have and have not settled."""
        self.consumers: Consumers = Consumers(single_active=understood.single_active)
        self.is_deleted: bool = False
        limit = understood.delivery_limit
        self.delivery_limit: int | None = vhost.broker.version.quorum_limit if limit is None else limit
        self._arrivals = itertools.count(1)
        self._returns = itertools.count(_FRONT)
        self._expiry: Timer | None = None
        self._disuse: Timer | None = None
        self._is_running = False
        self.used()

    # -- what comes in

    def put(self, copy: Copy, fault: Fault | None = None) -> bool:
        """Take a copy, and return whether it was taken; its story says so."""
        tell = self.vhost.broker.tell
        if self.arguments.overflow != "drop-head" and self._is_full_for(copy):
            tell(copy.message, "rejected", self.name, reason="maxlen", fault=fault)
            if self.arguments.overflow == "reject-publish-dlx":
                tell(copy.message, "routed", self.name, reason="maxlen")  # it goes on from here
                self.discard(copy, "maxlen")
            return False
        self._prepare(copy)
        self._insert(copy)
        tell(copy.message, "routed", self.name, fault=fault)
        self.run()
        length = len(self.ready)
        was_trimmed = self.trim()
        # As RabbitMQ does, which looks at times only here: what goes to the head of a priority queue, before others,
        # may stay there beyond its time, until something else happens in the queue.
        if (was_trimmed or length == 1) and (copy.expires is not None or not was_trimmed or length != 1):
            self.drop_expired()
        return True

    def _prepare(self, copy: Copy) -> None:
        """Give *copy* its place, its priority and its end."""
        copy.position = next(self._arrivals)
        if self.arguments.max_priority:
            copy.priority = min(copy.properties.octet("priority") or 0, self.arguments.max_priority)
        expiration = copy.properties.text("expiration")
        ends = [self.arguments.ttl] if self.arguments.ttl is not None else []
        ends += [int(expiration)] if expiration else []
        if ends:
            copy.expires = self.vhost.broker.now() + min(ends) / 1000

    def _insert(self, copy: Copy) -> None:
        """Put *copy* where it belongs: by priority, then by place."""
        ready, order = self.ready, (-copy.priority, copy.position)
        self.bytes += len(copy.body)
        if not ready or (-ready[-1].priority, ready[-1].position) < order:
            ready.append(copy)
        elif order < (-ready[0].priority, ready[0].position):
            ready.appendleft(copy)
        else:
            place = len(ready)
            while (-ready[place - 1].priority, ready[place - 1].position) > order:
                place -= 1
            ready.insert(place, copy)

    def _pop(self) -> Copy:
        copy = self.ready.popleft()
        self.bytes -= len(copy.body)
        return copy

    # -- limits

    def _is_full_for(self, copy: Copy) -> bool:
        most, most_bytes = self.arguments.max_length, self.arguments.max_bytes
        return (most is not None and len(self.ready) + 1 > most) or (
            most_bytes is not None and self.bytes + len(copy.body) > most_bytes
        )

    def trim(self) -> bool:
        """Drop the oldest until the limits are kept; return whether any had to go."""
        if self.arguments.overflow != "drop-head":
            return False
        before = len(self.ready)
        most, most_bytes = self.arguments.max_length, self.arguments.max_bytes
        while self.ready and (
            (most is not None and len(self.ready) > most) or (most_bytes is not None and self.bytes > most_bytes)
        ):
            self.discard(self._pop(), "maxlen")
        return len(self.ready) < before

    def drop_oldest(self, fault: Fault | None) -> None:
        """Drop the oldest, as if the queue were full."""
        if self.ready:
            self.discard(self._pop(), "maxlen", fault=fault)

    # -- time

    def drop_expired(self) -> None:
        """Let go of what is at the head and has no time left."""
        now = self.vhost.broker.now() + _HAIR
        while self.ready:
            expires = self.ready[0].expires
            if expires is None or expires > now:
                break
            self.discard(self._pop(), "expired")
        self._watch_expiry()

    def _watch_expiry(self) -> None:
        """Come back when the head has no time left."""
        expires = self.ready[0].expires if self.ready else None
        if self._expiry is not None:
            if expires is not None and self._expiry.action is not None and self._expiry.when == expires:
                return
            self._expiry.cancel()
            self._expiry = None
        if expires is not None:
            self._expiry = self.vhost.broker.later(expires - self.vhost.broker.now(), self.drop_expired)

    def used(self) -> None:
        """Begin anew to count the time for which nobody uses the queue (`x-expires`)."""
        if self._disuse is not None:
            self._disuse.cancel()
            self._disuse = None
        if self.arguments.expires is not None and not len(self.consumers) and not self.is_deleted:
            seconds = self.arguments.expires / 1000
            self._disuse = self.vhost.broker.later(seconds, lambda: self.vhost.delete_queue(self))

    # -- what goes out

    def take(self, effects: Iterable[Effect] = ()) -> Copy | None:
        """Take the first that waits, or what a fault wants in its place; None if there is none."""
        if not self.ready:
            return None
        for effect in effects:
            if isinstance(effect, Swap) and len(self.ready) > 1:
                other = min(effect.window, len(self.ready)) - 1
                self.ready[0], self.ready[other] = self.ready[other], self.ready[0]
        copy = self._pop()
        self.drop_expired()  # what comes to the head may long be over
        return copy

    def run(self) -> None:
        """Deliver as long as something waits and somebody may take it."""
        if self._is_running:
            return
        self._is_running = True
        try:
            while self.ready and (consumer := self.consumers.next()) is not None:
                consumer.session.serve(consumer)
        finally:
            self._is_running = False

    # -- how a copy goes

    def requeue(self, copy: Copy, delivery: int, reason: str, **details: Any) -> None:
        """Put a copy back to where it was, after the *delivery* of this number; *reason* is who wanted it."""
        if self.is_deleted:
            return
        copy.redelivered = True
        copy.attempts += 1
        copy.failures += not (self.vhost.broker.version.counts_failures and reason in _NO_FAILURE)
        if self.arguments.quorum:
            if self.delivery_limit is not None and 0 <= self.delivery_limit < copy.failures:
                self.discard(copy, "delivery_limit", delivery=delivery)
                return
            copy.position = next(self._returns)
        self.vhost.broker.tell(copy.message, "requeued", self.name, delivery=delivery, reason=reason, **details)
        self._insert(copy)

    def go_on(self) -> None:
        """Deliver what can be delivered, now that a consumer has room again."""
        if not self.is_deleted:
            self.consumers.readmit()
            self.run()

    def settle(self) -> None:
        """Keep the limits, now that something came back, and go on."""
        if not self.is_deleted:
            self.trim()
            self.drop_expired()
            self.go_on()

    def discard(self, copy: Copy, reason: str, *, delivery: int = 0, fault: Fault | None = None) -> None:
        """Let a copy die: to the dead-letter exchange, if there is one, or for good."""
        broker = self.vhost.broker
        details: dict[str, Any] = {"reason": reason, "delivery": delivery, "fault": fault}
        if self.is_deleted:
            return
        if self.arguments.dead_letter_exchange is None:
            broker.tell(copy.message, "expired" if reason == "expired" else "dropped", self.name, **details)
            return
        letter = letter_of(copy, self, reason, now=broker.seconds(), version=broker.version)
        targets = route(self.vhost, letter.exchange, letter.keys, letter.properties.headers)
        allowed = without_cycles(letter, reason, targets, broker.version)
        if not allowed:
            details["reason"] = f"{reason}, dead-letter cycle" if targets else f"{reason}, no dead-letter queue"
            broker.tell(copy.message, "dropped", self.name, **details)
            return
        details |= {"to": tuple(queue.name for queue in allowed), "body": letter.body}
        broker.tell(copy.message, "dead_lettered", self.name, headers=letter.properties.headers, **details)
        for queue in allowed:
            broker.pass_on(queue, letter.again())

    # -- emptying

    def purge(self, reason: str = "purged") -> int:
        """Throw away what waits, and return how many there were."""
        count = len(self.ready)
        while self.ready:
            self.vhost.broker.tell(self._pop().message, "purged", self.name, reason=reason)
        self._watch_expiry()
        return count

    def end(self) -> int:
        """Be gone, with all that waits; return how many that were."""
        count = self.purge("queue deleted")
        for held in self.held:
            self.vhost.broker.tell(
                held.copy.message, "purged", self.name, reason="queue deleted", delivery=held.delivery
            )
        self.held.clear()
        self.is_deleted = True
        self.used()
        return count

    def stop(self) -> None:
        """Leave no timer behind."""
        for timer in (self._expiry, self._disuse):
            if timer is not None:
                timer.cancel()

    def forget(self, consumer: Consumer) -> None:
        """Let a consumer go; the last one takes a queue with it that is deleted then."""
        self.consumers.remove(consumer)
        self.used()
        if self.auto_delete and not len(self.consumers) and not self.is_deleted:
            self.vhost.delete_queue(self)
