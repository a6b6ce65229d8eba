"""What commands on streams mean for the entries in them.

XADD orders * …                      published, routed, confirmed
XREADGROUP GROUP … orders >          delivered
XCLAIM, XAUTOCLAIM                   requeued and delivered, as XREADGROUP … orders 0 is
XACK orders …                        acked
XADD dead * … of the same body, or   dead_lettered
with the entry's id in a field
MAXLEN, XTRIM, XDEL before XACK      dropped
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .journal import Journal
    from .route import Copy, Route

__all__ = ["READERS", "compare", "content", "fields_of"]

_BODIES = ("body", "data", "payload", "message", "value")


def content(fields: list[bytes]) -> tuple[bytes, Mapping[str, Any]]:
    """Return the body and the headers of an entry with these *fields*, names and values in turn.

    The body is the value of the field called body, data, payload, message or value, or of the only field there is; of
    any other entry it is all of its fields, as name=value lines. The headers are all fields.
    """
    names = [name.decode("utf-8", "backslashreplace") for name in fields[::2]]
    values = fields[1::2]
    headers = {name: value.decode("utf-8", "backslashreplace") for name, value in zip(names, values, strict=False)}
    if len(values) == 1:
        return values[0], headers
    for name in _BODIES:
        if name in names:
            return values[names.index(name)], headers
    lines = (b"%b=%b" % (name, value) for name, value in zip(fields[::2], values, strict=False))
    return b"\n".join(lines), headers


def fields_of(args: list[bytes]) -> list[bytes]:
    """Return the fields among the arguments of an XADD, which begin with the key."""
    at = 1
    while at < len(args):
        word = args[at].upper()
        if word in {b"MAXLEN", b"MINID"}:
            at += 2 + (args[at + 1 : at + 2] in ([b"~"], [b"="]))
        elif word == b"LIMIT":
            at += 2
        elif word in {b"NOMKSTREAM", b"KEEPREF", b"DELREF", b"ACKED"}:
            at += 1
        else:
            break
    return args[at + 1 :]


def _add(journal: Journal, args: list[bytes], result: Any) -> None:
    if not isinstance(result, bytes):
        return
    body, headers = content(fields_of(args))
    journal.arrive(args[0], result, body, headers)
    options = [word.upper() for word in args[1:-2]]
    for option in (b"MAXLEN", b"MINID"):
        if option in options:
            compare(journal, journal.routes[args[0]], "dropped", option.decode().lower())


def _read_group(journal: Journal, args: list[bytes], result: Any) -> None:
    words = [word.upper() for word in args]
    at = words.index(b"STREAMS") + 1
    keys = args[at : at + (len(args) - at) // 2]
    since = dict(zip(keys, args[at + len(keys) :], strict=False))
    streams = result.items() if isinstance(result, dict) else (result or ())
    for key, entries in streams:
        route = _route(journal, key, args[1])
        if route is None:
            continue
        for entry in entries:
            if since.get(key) == b">":
                _deliver(journal, route, entry[0], args[2].decode(), at_once=b"NOACK" in words)
            elif entry[1] is not None:
                _deliver(journal, route, entry[0], args[2].decode())


def _route(journal: Journal, key: bytes, group: bytes) -> Route | None:
    """Return the queue at *key*, if this *group* is the one whose story is told: the one declared, or the first."""
    route = journal.routes.get(key)
    if route is None:
        return None
    route.group = route.group or group.decode()
    return route if route.group == group.decode() else None


def _deliver(journal: Journal, route: Route, entry: bytes, who: str, *, at_once: bool = False) -> None:
    copy = _copy(route, entry)
    if copy is not None:
        journal.deliver(route, copy, who)
        if at_once:
            journal.end(route, copy, "acked", reason="noack")


def _copy(route: Route, entry: bytes) -> Copy | None:
    found = route.taken.with_token(entry) or route.waiting.with_token(entry)
    return found[0] if found else None


def _claim(journal: Journal, args: list[bytes], result: Any) -> None:
    route = _route(journal, args[0], args[1])
    if route is None or b"JUSTID" in [word.upper() for word in args]:
        return
    for entry in result or ():
        if entry is not None and entry[1] is not None:
            _deliver(journal, route, entry[0], args[2].decode())


def _auto_claim(journal: Journal, args: list[bytes], result: Any) -> None:
    _claim(journal, args, result[1])


def _ack(journal: Journal, args: list[bytes], result: Any) -> None:
    route = _route(journal, args[0], args[1])
    if route is not None and result:
        for entry in args[2:]:
            copy = _copy(route, entry)
            if copy is not None and (copy.delivery is not None or copy.is_taken_back):
                journal.leave(route, copy)


def _delete_consumer(journal: Journal, args: list[bytes], result: Any) -> None:
    """What a consumer has and is deleted with, no other will get."""
    route = _route(journal, args[0], args[1])
    if route is not None and result:
        for copy in route.taken:
            if copy.delivery is not None and copy.delivery.who == args[2].decode():
                journal.end(route, copy, "dropped", reason="xgroup delconsumer")


def _look(_journal: Journal, _args: list[bytes], _result: Any) -> None:
    """Nothing happens to anything."""


def compare(journal: Journal, route: Route, kind: str, reason: str) -> None:
    """Tell of the entries that are in the stream of *route* no more, though nobody has acknowledged them."""
    if route.way != "stream":
        return
    found = journal.look(b"XRANGE", route.key, b"-", b"+")
    present = {entry[0] for entry in found} if isinstance(found, list) else set()
    for copy in (*route.waiting, *route.taken):
        if copy.token not in present and not copy.leaving:
            journal.end(route, copy, kind, reason=reason)


READERS: dict[str, Callable[[Journal, list[bytes], Any], None]] = {
    "xadd": _add,
    "xreadgroup": _read_group,
    "xclaim": _claim,
    "xautoclaim": _auto_claim,
    "xack": _ack,
    "xgroup delconsumer": _delete_consumer,
    **dict.fromkeys(
        ("xgroup create", "xgroup createconsumer", "xgroup destroy", "xgroup setid", "xinfo groups", "xinfo consumers",
         "xinfo stream", "xlen", "xpending", "xrange", "xread", "xrevrange"), _look,
    ),
}  # fmt: skip
