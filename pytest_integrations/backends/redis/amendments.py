"""Where the engine answers otherwise than Redis does: what is refused before it runs, and what is said after it.

Found by comparing the two command by command: tests/differential/redis, which also lists what still differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.resp.values import NIL_ARRAY, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["amended", "refused", "rewritten"]

_SYNTAX = Failure("ERR syntax error")
_NO_STREAM = "ERR The XGROUP subcommand requires the key to exist"


def refused(name: bytes, fields: list[bytes]) -> Failure | None:
    """Return the error of a command that the engine would not notice."""
    if (name == b"LMOVE" and len(fields) == 5) or (name == b"BLMOVE" and len(fields) == 6):
        wrong = [word for word in fields[3:5] if word.upper() not in {b"LEFT", b"RIGHT"}]
        return _SYNTAX if wrong else None
    return None


def rewritten(name: bytes, fields: list[bytes]) -> list[bytes]:
    """Return *fields* in a form that the engine understands."""
    if name == b"XAUTOCLAIM" and len(fields) > 5 and fields[5] == b"-":
        return [*fields[:5], b"0-0", *fields[6:]]
    return fields


def amended(name: bytes, fields: list[bytes], reply: Any, exists: Callable[[bytes], bool]) -> Any:
    """Return *reply* as Redis gives it; *exists* tells whether there is a key of this name."""
    if name in {b"LMOVE", b"RPOPLPUSH"}:
        return _move(fields, reply, exists)
    amend = _AMENDMENTS.get(name)
    return reply if amend is None else amend(fields, reply)


def _move(fields: list[bytes], reply: Any, exists: Callable[[bytes], bool]) -> Any:
    """Where there is nothing to move, Redis does not look at where it would go."""
    return None if isinstance(reply, Exception) and not exists(fields[1]) else reply


def _xread(_fields: list[bytes], reply: Any) -> Any:
    return reply or None


def _xreadgroup(fields: list[bytes], reply: Any) -> Any:
    if isinstance(reply, Exception) and str(getattr(reply, "value", "")).startswith(_NO_STREAM):
        at = next(place for place, word in enumerate(fields) if word.upper() == b"STREAMS")
        key, group = (field.decode("utf-8", "backslashreplace") for field in (fields[at + 1], fields[2]))
        return Failure(f"NOGROUP No such key '{key}' or consumer group '{group}' in XREADGROUP with GROUP option")
    streams = reply.items() if isinstance(reply, dict) else reply or ()
    for _, entries in streams if not isinstance(reply, Exception) else ():
        for entry in entries:
            if entry[1] is None:  # it was deleted while somebody had it
                entry[1] = NIL_ARRAY
    return reply or None


def _xpending(fields: list[bytes], reply: Any) -> Any:
    if len(fields) != 3 or not isinstance(reply, list):
        return reply
    *summary, consumers = reply
    if not consumers:
        return [*summary, NIL_ARRAY]
    return [*summary, sorted([name, b"%d" % count if isinstance(count, int) else count] for name, count in consumers)]


def _xinfo(fields: list[bytes], reply: Any) -> Any:
    """Return groups and consumers in the order of their names, as Redis keeps them."""
    if not isinstance(reply, list) or fields[1].upper() not in {b"GROUPS", b"CONSUMERS"}:
        return reply
    return sorted(reply, key=_name)


def _name(item: Any) -> bytes:
    found = next(iter(item.values())) if isinstance(item, dict) else item[1]
    return found if isinstance(found, bytes) else str(found).encode()


_AMENDMENTS: dict[bytes, Callable[[list[bytes], Any], Any]] = {
    b"XINFO": _xinfo,
    b"XPENDING": _xpending,
    b"XREAD": _xread,
    b"XREADGROUP": _xreadgroup,
}
