"""What a client has just received, and the ways in which a broker makes more of it than it should."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Received", "copy_again", "swap", "take_back"]

_FOR_EVER = b"9999999999"
"""Milliseconds of idleness after which everybody claims an entry."""


@dataclass(slots=True)
class Received:
    """What came out of one queue: bodies of a list, or entries of a stream."""

    key: bytes
    bodies: list[bytes]
    entries: list[Any]
    left: bool = True
    """Whether the list is read at its head."""
    group: bytes = b""
    consumer: bytes = b""

    @classmethod
    def of(cls, fields: list[bytes], reply: Any) -> Received | None:
        """Return what *reply*, to the command *fields*, is made of; None if nothing was received."""
        if not reply or isinstance(reply, Exception):
            return None
        name = fields[0].upper()
        if name == b"XREADGROUP":
            key, entries = next(iter(reply.items())) if isinstance(reply, dict) else reply[0]
            return cls(key, [], entries, group=fields[2], consumer=fields[3])
        if name in {b"XCLAIM", b"XAUTOCLAIM"}:
            entries = reply if name == b"XCLAIM" else reply[1]
            return cls(fields[1], [], entries, group=fields[2], consumer=fields[3])
        place = _place(fields)
        if place is None:
            return None
        key, left = place
        if name in {b"BLPOP", b"BRPOP", b"LMPOP", b"BLMPOP"}:
            key, reply = reply
        return cls(key, reply if isinstance(reply, list) else [reply], [], left)

    def exchange(self, window: int) -> None:
        """Let the first of the entries and the last of the next *window* change places."""
        last = min(window, len(self.entries)) - 1
        if last > 0:
            self.entries[0], self.entries[last] = self.entries[last], self.entries[0]


def _place(fields: list[bytes]) -> tuple[bytes, bool] | None:
    """Return the key that a command takes from, and whether at the head."""
    name = fields[0].upper()
    if name in {b"LPOP", b"BLPOP", b"RPOP", b"BRPOP"}:
        return fields[1], b"L" in name[:2]
    if name in {b"LMOVE", b"BLMOVE"}:
        return fields[1], fields[3].upper() == b"LEFT"
    if name in {b"RPOPLPUSH", b"BRPOPLPUSH"}:
        return fields[1], False
    if name in {b"LMPOP", b"BLMPOP"}:
        return fields[2 + (name == b"BLMPOP")], b"LEFT" in [field.upper() for field in fields]
    return None


def swap(session: Session, fields: list[bytes], window: int) -> None:
    """Let the message whose turn it is change places with the last of the next *window*, in a list."""
    place = _place(fields)
    look = session.server.look
    if place is None:
        return
    key, left = place
    length = look(b"LLEN", key)
    last = min(window, length if isinstance(length, int) else 0) - 1
    if last > 0:
        one, other = (b"0", b"%d" % last) if left else (b"-1", b"%d" % (-1 - last))
        first, second = look(b"LINDEX", key, one), look(b"LINDEX", key, other)
        look(b"LSET", key, one, second)
        look(b"LSET", key, other, first)


def copy_again(session: Session, received: Received, count: int) -> None:
    """Let what was received be there *count* more times, each to be delivered once more."""
    server = session.server
    for body in reversed(received.bodies):
        for _ in range(count):
            _push_back(session, received, body)
            server.journal.copied(received.key, body)
    entries = list(received.entries)
    for entry in entries:
        for _ in range(count):
            received.entries.insert(received.entries.index(entry) + 1, entry)
            server.journal.delivered_again(received.key, entry[0], session, received.consumer.decode())


def take_back(session: Session, received: Received, after: float) -> None:
    """Put what was received back into its queue *after* seconds."""
    fault = session.server.journal.fault
    session.server.later(after, partial(_take_back, session, received, fault))


def _take_back(session: Session, received: Received, fault: Any) -> None:
    server = session.server
    journal = server.journal
    journal.fault = fault
    for body in received.bodies:
        route = journal.routes.get(received.key)
        processing = route.processing if route is not None else None
        if processing is not None and not server.look(b"LREM", processing.encode(), b"1", body):
            continue  # its consumer was faster
        _push_back(session, received, body)
        journal.taken_back(received.key, body)
    for entry in received.entries:
        server.look(
            b"XCLAIM", received.key, received.group, received.consumer, b"0", entry[0], b"IDLE", _FOR_EVER, b"JUSTID"
        )
        journal.taken_back(received.key, entry[0])
    journal.fault = None
    server.waiting.serve()


def _push_back(session: Session, received: Received, body: bytes) -> None:
    session.server.look(b"LPUSH" if received.left else b"RPUSH", received.key, body)
