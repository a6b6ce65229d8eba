"""Where the engine answers otherwise than Redis does: what is refused before it runs, and what is said after it.

Found by comparing the two command by command: tests/differential/redis, which also lists what still differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.resp.values import NIL_ARRAY, Failure, Members

from .commands import CONTAINERS

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
    if isinstance(reply, Exception):
        reply = _in_its_words(name, fields, reply)
    amend = _AMENDMENTS.get(name)
    return reply if amend is None else amend(fields, reply)


def _in_its_words(name: bytes, fields: list[bytes], error: Any) -> Any:
    """Return *error* as Redis words it, where the engine has other words."""
    text = str(getattr(error, "value", ""))
    words = [field.decode("utf-8", "backslashreplace") for field in fields]
    if text.startswith("ERR unknown command"):
        return _unknown(name, words)
    if text.startswith("ERR invalid expire time in ") and "'" not in text:
        return Failure(f"ERR invalid expire time in '{words[0].lower()}' command")
    if name == b"SELECT" and len(fields) == 2 and not fields[1].removeprefix(b"-").isdigit():
        return Failure("ERR value is not an integer or out of range")
    if "in this context" in text and "SUBSCRIBE" in text:
        return Failure(
            f"ERR Can't execute '{words[0].lower()}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
            "allowed in this context"
        )
    return error


def _unknown(name: bytes, words: list[str]) -> Failure:
    if name in {b"EVAL", b"EVALSHA", b"FCALL"}:
        return Failure("ERR Unknown Redis command called from script")
    if name in CONTAINERS and len(words) == 1:
        return Failure(f"ERR wrong number of arguments for '{words[0].lower()}' command")
    if name in CONTAINERS:
        return Failure(f"ERR unknown subcommand '{words[1][:128]}'. Try {words[0].upper()} HELP.")
    return Failure(f"ERR unknown command '{words[0][:128]}', with args beginning with: {_beginning(words[1:])}")


def _beginning(words: list[str]) -> str:
    """Return the arguments that an error quotes: as many as fit into 128 characters."""
    shown = ""
    for word in words:
        if len(shown) >= 128:
            break
        shown += f"'{word[: 128 - len(shown)]}' "
    return shown


def _move(fields: list[bytes], reply: Any, exists: Callable[[bytes], bool]) -> Any:
    """Where there is nothing to move, Redis does not look at where it would go."""
    return None if isinstance(reply, Exception) and not exists(fields[1]) else reply


def _xread(fields: list[bytes], reply: Any) -> Any:
    return _unbalanced(fields) or reply if isinstance(reply, Exception) else reply or None


def _unbalanced(fields: list[bytes]) -> Failure | None:
    """Return the error of a read whose streams and ids do not go together, if that is what is wrong with it."""
    name = fields[0].decode().upper()
    if len(fields) < (7 if name == "XREADGROUP" else 4):
        return Failure(f"ERR wrong number of arguments for '{name.lower()}' command")
    words = [field.upper() for field in fields]
    if b"STREAMS" in words and (len(fields) - words.index(b"STREAMS") - 1) % 2:
        last = "'>'" if name == "XREADGROUP" else "'$'"
        return Failure(f"ERR Unbalanced {name} list of streams: for each stream key an ID or {last} must be specified.")
    return None


def _xreadgroup(fields: list[bytes], reply: Any) -> Any:
    if isinstance(reply, Exception) and str(getattr(reply, "value", "")).startswith(_NO_STREAM):
        at = next(place for place, word in enumerate(fields) if word.upper() == b"STREAMS")
        key, group = (field.decode("utf-8", "backslashreplace") for field in (fields[at + 1], fields[2]))
        return Failure(f"NOGROUP No such key '{key}' or consumer group '{group}' in XREADGROUP with GROUP option")
    if isinstance(reply, Exception):
        return _unbalanced(fields) or reply
    streams = reply.items() if isinstance(reply, dict) else reply or ()
    for _, entries in streams:
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


def _xclaim(fields: list[bytes], reply: Any) -> Any:
    """Return the entries in the order in which they were asked for."""
    if not isinstance(reply, list):
        return reply
    left, ordered = list(reply), []
    for asked in map(_whole, fields[5:]):
        found = next((each for each in left if asked == (each if isinstance(each, bytes) else each[0])), None)
        if found is not None:
            left.remove(found)
            ordered.append(found)
    return [*ordered, *left]


def _members(_fields: list[bytes], reply: Any) -> Any:
    """Return a set as one, which RESP3 tells from an array."""
    return Members(reply) if isinstance(reply, list) else reply


def _whole(entry: bytes) -> bytes:
    return entry if b"-" in entry else entry + b"-0"


def _xinfo(fields: list[bytes], reply: Any) -> Any:
    """Return groups and consumers in the order of their names, as Redis keeps them."""
    if not isinstance(reply, list) or fields[1].upper() not in {b"GROUPS", b"CONSUMERS"}:
        return reply
    return sorted(reply, key=_name)


def _name(item: Any) -> bytes:
    found = next(iter(item.values())) if isinstance(item, dict) else item[1]
    return found if isinstance(found, bytes) else str(found).encode()


_AMENDMENTS: dict[bytes, Callable[[list[bytes], Any], Any]] = {
    **dict.fromkeys((b"SDIFF", b"SINTER", b"SMEMBERS", b"SPOP", b"SUNION"), _members),
    b"XCLAIM": _xclaim,
    b"XINFO": _xinfo,
    b"XPENDING": _xpending,
    b"XREAD": _xread,
    b"XREADGROUP": _xreadgroup,
}
