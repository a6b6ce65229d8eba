"""Writes what commands do to declared queues into the ledger, one message's story at a time.

Each command that the engine runs is noted, also those of a transaction or a script; when the whole of it is done, its
notes are read in order. Taking a message away from its consumer (LREM, XACK) and putting it somewhere else in one
transaction is therefore one step: dead-lettered, or requeued.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from . import list_notes, stream_notes
from .route import Copy, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_integrations.core.delivery import QueueMessage
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Ledger

    from .session import Session

__all__ = ["FULL", "Journal", "Note"]

Note = tuple[str, list[bytes], Any]
"""A command's name, its arguments and its result."""

FULL = "OOM command not allowed when used memory > 'maxmemory'."
_PURGING = {"del", "unlink", "flushall", "flushdb", "rename", "renamenx", "swapdb", "copy", "restore"}
_UNBOUND = {"flushall", "flushdb", "swapdb"}
"""Commands that change keys which they do not name."""


class Journal:
    """The declared queues of one server, and what happens to the messages in them. Touched on the loop only."""

    def __init__(self, fake: str, ledger: Ledger, look: Callable[..., Any]) -> None:
        """Begin without queues; *look* asks the engine."""
        self.fake = fake
        self.ledger: Ledger = ledger
        self.look: Callable[..., Any] = look
        self.routes: dict[bytes, Route] = {}
        self.session: Session | None = None
        """The client whose command is being told of."""
        self.fault: Fault | None = None
        """The fault that brings about what is being told of."""
        self.loses: bool = False
        """Whether a fault loses what is published now."""
        self._keys: frozenset[bytes] = frozenset()
        self._notes: list[Note] = []
        self._published: list[QueueMessage] = []
        self._refused: list[tuple[QueueMessage, str, str]] = []
        self._leaving: list[tuple[Route, Copy]] = []
        self._latest: dict[bytes, Copy] = {}
        self._popped: list[tuple[Route, Copy]] = []
        self.newest: QueueMessage | None = None
        """The message that was published last."""

    # -- queues

    def declare(self, route: Route) -> None:
        """Watch a queue from now on; the story of what is in a list already begins now."""
        before = self.routes.get(route.key)
        if before is not None:
            route.waiting, route.taken = before.waiting, before.taken
        self.routes[route.key] = route
        if route.dead_letter is not None and route.dead_letter.encode() not in self.routes:
            dead = Route(route.dead_letter, route.way, is_declared=False)
            self.routes[dead.key] = dead
        self._keys = frozenset().union(*(each.keys for each in self.routes.values()))
        self._compare_one(route, "purged", "declared")
        self._published.clear()  # there is no producer to be told

    def sources(self, key: bytes) -> list[Route]:
        """Return the queues whose dead letters go to *key*."""
        return [route for route in self.routes.values() if route.dead_letter and route.dead_letter.encode() == key]

    def processed(self, key: bytes) -> Route | None:
        """Return the queue whose messages are in *key* while somebody works on them."""
        return next((r for r in self.routes.values() if r.processing and r.processing.encode() == key), None)

    # -- told by sessions

    def refusal(self, name: str, args: list[bytes]) -> str | None:
        """Return the error of a publication that a full queue does not take, and tell the ledger."""
        if name not in {"rpush", "lpush", "xadd"} or not args:
            return None
        route = self.routes.get(args[0])
        if route is None or route.max_length is None:
            return None
        bodies = self.bodies(name, args)
        held = len(route.waiting) + (len(route.taken) if route.way == "stream" else 0)
        if held + len(bodies) <= route.max_length:
            return None
        self.refuse(name, args, "maxlen", "OOM")
        return FULL

    def refuse(self, name: str, args: list[bytes], reason: str, code: str) -> None:
        """Tell of a publication that was not taken for *reason*, and that its producer is told *code*."""
        route = self.routes.get(args[0]) if args else None
        if route is None:
            return
        for body, headers in self.bodies(name, args):
            message = self.publish(route, body, headers, "")
            self.tell(message, "rejected", route.name, reason=reason)
            self._refused.append((message, route.name, code))

    @staticmethod
    def bodies(name: str, args: list[bytes]) -> list[tuple[bytes, Mapping[str, Any]]]:
        """Return bodies and headers of what a command publishes."""
        if name == "xadd":
            return [stream_notes.content(stream_notes.fields_of(args))]
        return [(body, {}) for body in args[1:]]

    def note(self, name: str, args: list[bytes], result: Any) -> None:
        """Keep in mind that a command has run."""
        if name in _UNBOUND or not self._keys.isdisjoint(args):
            self._notes.append((name, args, result))

    def settle(self, session: Session) -> None:
        """Tell the ledger of what has been noted: the command of *session*, or its transaction, is done."""
        if not self._notes:
            return
        notes, self._notes = self._notes, []
        self.session = session
        for name, args, result in notes:
            read = list_notes.READERS.get(name) or stream_notes.READERS.get(name)
            if read is not None:
                read(self, args, result)
            else:
                self._compare(name, args)
        for route, copy in self._leaving:
            if copy.leaving:
                self.end(route, copy, "acked")
        self._leaving = []
        self.session = None

    def told(self) -> Callable[[], object] | None:
        """Return what is to be called when the client learns what became of its publication, or gets what it popped."""
        if not (self._published or self._refused or self._popped):
            return None
        published, self._published = self._published, []
        refused, self._refused = self._refused, []
        popped, self._popped = self._popped, []
        return partial(self._tell_client, published, refused, popped)

    def _tell_client(
        self,
        published: list[QueueMessage],
        refused: list[tuple[QueueMessage, str, str]],
        popped: list[tuple[Route, Copy]],
    ) -> None:
        for route, copy in popped:
            copy.is_answered = True
            if not route.keeps_popped and copy in route.taken:
                self.end(route, copy, "acked", reason="popped")
        for message in published:
            self.ledger.tell(message, "confirmed", message.published_to)
        for message, queue, code in refused:
            self.ledger.tell(message, "refused", queue, reason=code)

    def left(self, session: Session) -> None:
        """A client is gone: what it has popped is done with, or is lost where the answer never went out."""
        for route, copy in self._popped_by(session):
            if copy.is_answered:
                self.end(route, copy, "acked", reason="popped")
            else:
                self.end(route, copy, "dropped", reason="connection lost")

    def asked(self, session: Session) -> None:
        """A client asks for more, or is gone: it has done with what it has popped."""
        for route, copy in self._popped_by(session):
            self.end(route, copy, "acked", reason="popped")

    def _popped_by(self, session: Session) -> list[tuple[Route, Copy]]:
        """Return what a client has popped and may still be working on."""
        return [
            (route, copy)
            for route in self.routes.values()
            for copy in route.taken
            if copy.is_popped and copy.session == session.id
        ]

    def pop(self, route: Route, copy: Copy, who: str) -> None:
        """A consumer gets *copy* by a command that takes it out of Redis."""
        self.deliver(route, copy, who)
        copy.is_popped, copy.is_answered = True, False
        self._popped.append((route, copy))

    # -- steps of a story

    def tell(self, message: QueueMessage, kind: Any, queue: str, **details: Any) -> Any:
        """Write an event, with the connection and the fault that it came by."""
        connection = self.session.connection if self.session is not None else 0
        return self.ledger.tell(message, kind, queue, connection=connection, fault=self.fault, **details)

    def publish(self, route: Route, body: bytes, headers: Mapping[str, Any], key: str) -> QueueMessage:
        """Begin the story of a message."""
        connection = self.session.connection if self.session is not None else 0
        self.newest = self.ledger.publish(
            self.fake,
            body,
            headers,
            to=route.name,
            key=key,
            is_numbered=route.way == "stream",
            connection=connection,
            fault=self.fault,
        )
        return self.newest

    def arrive(self, key: bytes, token: bytes, body: bytes, headers: Mapping[str, Any]) -> None:
        """Something was put into the queue at *key*: something new, or something that a consumer gives back."""
        route = self.routes.get(key)
        if route is None:
            return
        for source in self.sources(key):
            values = {body, *(value.encode() for value in headers.values() if isinstance(value, str))}
            held = next((copy for copy in source.taken if copy.body in values or copy.token in values), None)
            if held is not None:
                self.dead_letter(source, held, route, token, body, headers)
                return
        back = self._given_back(route, token)
        if back is not None:
            self.requeue(route, back, "pushed back")
            return
        redriven = self._redriven(route, body)
        message = redriven or self.publish(route, body, headers, token.decode() if route.way == "stream" else "")
        self.tell(message, "routed", route.name)
        if redriven is None:
            self._published.append(message)
        if self.loses:
            self.tell(message, "dropped", route.name, reason="lost")
        else:
            route.waiting.put(Copy(message, token, body))

    def _given_back(self, route: Route, token: bytes) -> Copy | None:
        """Return the copy that its consumer, the client at work now, puts back into its queue."""
        me = self.session.id if self.session is not None else 0
        held = route.taken.with_token(token) if route.way == "list" else []
        return next((copy for copy in held if copy.leaving or copy.session == me), None)

    def _redriven(self, route: Route, body: bytes) -> QueueMessage | None:
        """Return the message that the client at work now takes out of a dead-letter queue and puts back."""
        dead = self.routes.get(route.dead_letter.encode()) if route.dead_letter else None
        me = self.session.id if self.session is not None else 0
        held = (
            dead.taken.find(lambda copy: copy.body == body and (copy.leaving or copy.session == me)) if dead else None
        )
        if dead is None or held is None:
            return None
        self.end(dead, held, "redriven", to=(route.name,))
        return held.message

    def deliver(self, route: Route, copy: Copy, who: str) -> None:
        """A consumer gets *copy*, which waits or which it, or somebody else, has had before."""
        if copy.delivery is not None:
            self.requeue(route, copy, "claimed")
        if copy in route.waiting:
            route.waiting.remove(copy)
        again = bool(copy.message.of("delivered", queue=route.name))
        copy.delivery = self.tell(
            copy.message,
            "delivered",
            route.name,
            who=who,
            redelivered=again,
            body=copy.body,
            headers=copy.message.headers,
        )
        copy.session = self.session.id if self.session is not None else 0
        route.taken.put(copy)
        self._latest[route.key] = copy

    def requeue(self, route: Route, copy: Copy, reason: str) -> None:
        """A consumer does not have *copy* any more, and it waits again."""
        self.tell(copy.message, "requeued", route.name, delivery=_number(copy), reason=reason)
        route.taken.remove(copy)
        copy.delivery, copy.session, copy.leaving, copy.is_popped = None, 0, False, False
        route.waiting.put(copy)

    def dead_letter(  # noqa: PLR0917 -- who, from where, to where, and as what
        self, source: Route, copy: Copy, dead: Route, token: bytes, body: bytes, headers: Mapping[str, Any]
    ) -> None:
        """*copy* goes from *source* to its dead-letter queue, where it has this *token*, *body* and these *headers*."""
        self.end(source, copy, "dead_lettered", to=(dead.name,), reason="rejected", body=body, headers=headers)
        self.tell(copy.message, "routed", dead.name)
        dead.waiting.put(Copy(copy.message, token, body))

    def end(self, route: Route, copy: Copy, kind: Any, **details: Any) -> None:
        """*copy* leaves its queue for good."""
        (route.taken if copy in route.taken else route.waiting).remove(copy)
        copy.leaving = False
        self.tell(copy.message, kind, route.name, delivery=_number(copy), **details)

    def leave(self, route: Route, copy: Copy) -> None:
        """A consumer gives *copy* up; what that means is known when the command, or the transaction, is done."""
        copy.leaving = True
        self._leaving.append((route, copy))

    # -- what faults do

    def copied(self, key: bytes, body: bytes) -> None:
        """The message that was delivered last out of the list at *key* is in it once more."""
        route, latest = self.routes.get(key), self._latest.get(key)
        if route is not None and latest is not None and latest.body == body:
            self.tell(latest.message, "routed", route.name, reason="duplicated")
            route.waiting.put(Copy(latest.message, body, body))

    def delivered_again(self, key: bytes, entry: bytes, session: Session, who: str) -> None:
        """An entry of the stream at *key* stands in an answer twice."""
        route = self.routes.get(key)
        held = route.taken.with_token(entry) if route is not None else []
        if route is not None and held:
            self.session = session
            self.deliver(route, held[0], who)
            self.session = None

    def taken_back(self, key: bytes, token: bytes) -> None:
        """What a consumer has is given to others as well."""
        route, latest = self.routes.get(key), self._latest.get(key)
        held = route.taken.with_token(token) if route is not None else []
        if route is not None and held:
            self.requeue(route, held[0], "taken back")
            held[0].is_taken_back = route.way == "stream"
        elif latest is not None and latest.body == token:
            self.copied(key, token)

    # -- what commands do that are not about messages

    def _compare(self, name: str, args: list[bytes]) -> None:
        """Find out what a command like DEL or LTRIM has done, by looking at the data."""
        kind, reason = ("purged", name) if name in _PURGING else ("dropped", name)
        for route in tuple(self.routes.values()):
            if name in _UNBOUND or not route.keys.isdisjoint(args):
                self._compare_one(route, kind, reason)

    def look_for_expired(self) -> None:
        """Tell of the messages whose queue had a time to live that is over."""
        for route in tuple(self.routes.values()):
            self._compare_one(route, "expired", "ttl")
        self._published.clear()

    def _compare_one(self, route: Route, kind: str, reason: str) -> None:
        compare = list_notes.compare if route.way == "list" else stream_notes.compare
        compare(self, route, kind, reason)


def _number(copy: Copy) -> int:
    return copy.delivery.delivery if copy.delivery is not None else 0
