"""What commands on lists mean for the messages in them.

RPUSH orders …                       published, routed, confirmed
LMOVE orders orders:processing …     delivered            (BLMOVE, RPOPLPUSH and BRPOPLPUSH likewise)
LREM orders:processing 1 …           acked
LMOVE orders:processing orders …     requeued
LMOVE orders:processing dead …       dead_lettered, as RPUSH dead … of the same body is
LPOP orders                          delivered, and acked once the answer is out, since Redis forgets it

With a dead-letter queue, what a client has popped is its own until it asks for more or leaves, so that one can see it
put into the dead-letter queue. Where the answer never goes out, it is dropped.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .journal import Journal
    from .route import Copy, Route

__all__ = ["READERS", "compare"]


def _push(journal: Journal, args: list[bytes], result: Any) -> None:
    if result:  # RPUSHX of a list that is not there has done nothing
        for body in args[1:]:
            journal.arrive(args[0], body, body, {})


def _pop(journal: Journal, args: list[bytes], result: Any) -> None:
    _popped(journal, args[0], result if isinstance(result, list) else [result])


def _pop_of_several(journal: Journal, _args: list[bytes], result: Any) -> None:
    if result:
        _popped(journal, result[0], result[1] if isinstance(result[1], list) else [result[1]])


def _popped(journal: Journal, key: bytes, bodies: list[Any]) -> None:
    session = journal.session
    route = journal.routes.get(key)
    processed = journal.processed(key)
    if session is not None and route is not None:
        journal.asked(session)
    for body in bodies:
        if body is None:
            continue
        copy = route.waiting.take(body) if route is not None else None
        if route is not None and copy is not None:
            journal.pop(route, copy, session.who if session is not None else "")
        elif processed is not None:
            _leave(journal, processed, body, 1)


def _move(journal: Journal, args: list[bytes], result: Any) -> None:
    if result is None:
        return
    source, target, body = args[0], args[1], result
    route, processed = journal.routes.get(source), journal.processed(source)
    if processed is not None:
        held = processed.taken.with_token(body)
        if held:
            held[0].leaving = True
            _settle_move(journal, processed, held[0], target)
            return
    copy = route.waiting.take(body) if route is not None and source != target else None
    if route is None or copy is None:
        journal.arrive(target, body, body, {})
        return
    route.waiting.put(copy)
    if route.processing is not None and target == route.processing.encode():
        journal.deliver(route, copy, journal.session.who if journal.session is not None else "")
    elif target in journal.routes and route in journal.sources(target):
        dead = journal.routes[target]
        journal.dead_letter(route, copy, dead, body, body, {})
    elif target in journal.routes and journal.routes[target] in journal.sources(source):
        journal.end(route, copy, "redriven", to=(target.decode(),))
        journal.tell(copy.message, "routed", target.decode())
        copy.delivery = None
        journal.routes[target].waiting.put(copy)
    else:
        _popped(journal, source, [body])
        journal.arrive(target, body, body, {})


def _settle_move(journal: Journal, route: Route, copy: Copy, target: bytes) -> None:
    """*copy* goes from where it is worked on to *target*."""
    if target == route.key:
        journal.requeue(route, copy, "moved back")
    elif target in journal.routes and route in journal.sources(target):
        journal.dead_letter(route, copy, journal.routes[target], copy.token, copy.body, {})
    else:
        journal.leave(route, copy)
        journal.arrive(target, copy.token, copy.body, {})


def _remove(journal: Journal, args: list[bytes], result: Any) -> None:
    processed, route = journal.processed(args[0]), journal.routes.get(args[0])
    if processed is not None:
        _leave(journal, processed, args[2], int(result))
    elif route is not None:
        for copy in route.waiting.with_token(args[2])[: int(result)]:
            journal.end(route, copy, "dropped", reason="lrem")


def _leave(journal: Journal, route: Route, body: bytes, count: int) -> None:
    for copy in [copy for copy in route.taken.with_token(body) if not copy.leaving][:count]:
        journal.leave(route, copy)


def _look(_journal: Journal, _args: list[bytes], _result: Any) -> None:
    """Nothing happens to anything."""


def compare(journal: Journal, route: Route, kind: str, reason: str) -> None:
    """Tell of what is in *route* no more, and of what is in it without having been published."""
    present = _bodies(journal, route.key)
    for copy in route.waiting:
        if present[copy.token] > 0:
            present[copy.token] -= 1
        else:
            journal.end(route, copy, kind, reason=reason)
    for body in present.elements():
        journal.arrive(route.key, body, body, {})
    if route.processing is not None:
        working = _bodies(journal, route.processing.encode())
        for copy in route.taken:
            if working[copy.token] > 0:
                working[copy.token] -= 1
            elif not copy.leaving:
                journal.end(route, copy, kind, reason=reason)


def _bodies(journal: Journal, key: bytes) -> Counter[bytes]:
    found = journal.look(b"LRANGE", key, b"0", b"-1")
    return Counter(found if isinstance(found, list) else ())


READERS: dict[str, Callable[[Journal, list[bytes], Any], None]] = {
    **dict.fromkeys(("rpush", "lpush", "rpushx", "lpushx"), _push),
    **dict.fromkeys(("lpop", "rpop"), _pop),
    **dict.fromkeys(("blpop", "brpop"), _pop_of_several),
    **dict.fromkeys(("lmpop", "blmpop"), _pop_of_several),
    **dict.fromkeys(("lmove", "blmove", "rpoplpush", "brpoplpush"), _move),
    "lrem": _remove,
    **dict.fromkeys(
        ("exec", "eval", "evalsha", "exists", "expire", "keys", "lindex", "llen", "lpos", "lrange", "multi", "pexpire",
         "pttl", "scan", "ttl", "type", "watch", "unwatch"), _look,
    ),
}  # fmt: skip
