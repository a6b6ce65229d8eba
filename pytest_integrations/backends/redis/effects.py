"""Performs what a fault wants done to a command itself, rather than to the bytes of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.effect import Copies, Fail, Full, Hide, Lose, Poison, Pretend, Swap, TakeBack
from pytest_integrations.wire.resp.service import Answer
from pytest_integrations.wire.resp.writer import failure

from .commands import kind_of
from .journal import FULL
from .receiving import Received, copy_again, swap, take_back
from .stream_notes import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.queue_call import QueueCall

    from .session import Session

__all__ = ["perform"]

_EMPTY: dict[bytes, list[Any]] = {b"XAUTOCLAIM": [b"0-0", [], []], b"XCLAIM": [], b"ZPOPMAX": [], b"ZPOPMIN": []}
"""The answers to receivers whose "nothing" is not nil."""


def perform(
    session: Session, call: QueueCall, fields: list[bytes], effects: Sequence[Effect], fault: Fault | None
) -> Answer | None:
    """Execute a command as *effects* want it."""
    journal = session.server.journal
    journal.fault = fault
    try:
        for effect in effects:
            answer = _instead(session, fields, effect)
            if answer is not None:
                return answer
        call.handled = True
        return _execute(session, fields, effects)
    finally:
        journal.fault = None
        journal.loses = False


def _instead(session: Session, fields: list[bytes], effect: Effect) -> Answer | None:
    """Return the answer of a command that is not executed."""
    if isinstance(effect, Full):
        return _refusal(session, fields, "OOM", FULL)
    if isinstance(effect, Fail):
        answer = _refusal(session, fields, effect.code, f"{effect.code} {effect.text}".rstrip())
        if effect.ends == "connection":
            answer.closes = True
            session.server.drop_others(session)
        return answer
    if session.in_multi:
        return None  # it is only queued: there is nothing to receive or to settle yet
    if isinstance(effect, Hide):
        return session.worded(fields, [_EMPTY.get(fields[0].upper())])
    if isinstance(effect, Pretend):
        return session.worded(fields, [_pretended(session, fields)])
    return None


def _refusal(session: Session, fields: list[bytes], code: str, text: str) -> Answer:
    journal = session.server.journal
    session.spoilt = session.in_multi  # as in Redis, what cannot be queued aborts the transaction
    name = fields[0].decode("latin-1").lower()
    if kind_of(fields[0].upper()) == "publish" and len(fields) > 2:
        journal.session = session
        journal.refuse(name, fields[1:], code.lower(), code)
        journal.session = None
    return Answer(failure(text), code, journal.told())


def _pretended(session: Session, fields: list[bytes]) -> Any:
    """Return the reply of a command that settles a delivery, as if it had been executed."""
    name = fields[0].upper()
    if name == b"LREM" and len(fields) == 4:
        found = session.server.look(b"LPOS", fields[1], fields[3], b"COUNT", b"0")
        count = len(found) if isinstance(found, list) else 0
        wanted = abs(int(fields[2])) if fields[2].lstrip(b"-").isdigit() else 0
        return min(count, wanted) if wanted else count
    return max(len(fields) - 3, 0)  # XACK key group id …


def _execute(session: Session, fields: list[bytes], effects: Sequence[Effect]) -> Answer | None:
    """Execute a command, and change what it means to the queue."""
    then: Callable[[list[Any]], None] | None = None
    if session.in_multi:
        effects = ()
    for effect in effects:
        if isinstance(effect, Lose):
            return _lose(session, fields)
        if isinstance(effect, Poison):
            fields = _poisoned(fields, effect.body)
        if isinstance(effect, Swap):
            swap(session, fields, effect.window)
    later = [effect for effect in effects if isinstance(effect, (Copies, TakeBack, Swap))]
    if later:
        session.after = then = lambda said: _change(session, fields, said, later)
    said = session.run(fields, then)
    if said is None:
        return None  # it waits, and `session.after` is done when it has got something
    session.after = None
    return session.worded(fields, said)


def _poisoned(fields: list[bytes], body: bytes) -> list[bytes]:
    """Return the command with *body* for each value of a list, or of a stream's entry but those called `id`."""
    if fields[0].upper() != b"XADD":
        return [*fields[:2], *[body] * (len(fields) - 2)]
    pairs = fields_of(fields[1:])
    spoilt = [body if place % 2 and pairs[place - 1] != b"id" else field for place, field in enumerate(pairs)]
    return [*fields[: len(fields) - len(pairs)], *spoilt]


def _change(session: Session, fields: list[bytes], said: list[Any], effects: Sequence[Effect]) -> None:
    """Change what a receiver got, or what happens to it afterwards."""
    received = Received.of(fields, said[-1]) if said else None
    if received is None:
        return
    for effect in effects:
        if isinstance(effect, Copies):
            copy_again(session, received, effect.count)
        elif isinstance(effect, TakeBack):
            take_back(session, received, effect.after)
        elif isinstance(effect, Swap):
            received.exchange(effect.window)


def _lose(session: Session, fields: list[bytes]) -> Answer | None:
    """Execute a publication, and take out again what it has put in before anybody can get it."""
    name = fields[0].upper()
    server = session.server
    if name in {b"PUBLISH", b"SPUBLISH"}:
        counted = server.look(b"PUBSUB", b"NUMSUB" if name == b"PUBLISH" else b"SHARDNUMSUB", fields[1])
        return session.worded(fields, [counted[1]])

    def undo(said: list[Any]) -> None:
        if isinstance(said[-1], Exception):
            return
        if name == b"XADD":
            server.look(b"XDEL", fields[1], said[-1])
        elif name in {b"RPUSH", b"RPUSHX", b"LPUSH", b"LPUSHX"} and said[-1]:
            server.look(b"RPOP" if name[:1] == b"R" else b"LPOP", fields[1], b"%d" % (len(fields) - 2))

    server.journal.loses = True
    said = session.run(fields, undo)
    return None if said is None else session.worded(fields, said)
