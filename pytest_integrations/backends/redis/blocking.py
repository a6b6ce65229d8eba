"""Commands that may wait: what each tries again and again, and what it makes of the result.

Every one of them has a twin that does not wait, and trying is asking the engine for that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.resp.values import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Wish", "wish_of"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client waits for: the first of *tries* that gives something, for at most *timeout* seconds, if not 0."""

    timeout: float
    tries: tuple[list[bytes], ...]
    shape: Callable[[list[bytes], Any], Any]
    """Makes the reply, of the command that gave something and what it gave."""
    minds_errors: bool = False
    """Whether an error that comes up while it waits is an answer too."""
    waits: bool = True


def wish_of(fields: list[bytes], newest: Callable[[bytes], bytes]) -> Wish | Failure | None:
    """Return what *fields* wait for; None if they do not wait; *newest* tells the last id of a stream."""
    name = fields[0].upper()
    if name not in _WISHING:
        return None
    if name in {b"XREAD", b"XREADGROUP"}:
        return _read(name, fields, newest)
    return _lmpop(name, fields) if name in {b"LMPOP", b"BLMPOP"} else _popped(name, fields)


def _popped(name: bytes, fields: list[bytes]) -> Wish | Failure | None:
    if name in _POPS and len(fields) >= 3:
        twin = _POPS[name]
        shape = _with_key if name.startswith(b"BZ") else _key_and_value
        return _wish(fields[-1], [[twin, key] for key in fields[1:-1]], shape)
    if name == b"BLMOVE" and len(fields) == 6:
        return _wish(fields[5], [[b"LMOVE", *fields[1:5]]], _as_is)
    if name == b"BRPOPLPUSH" and len(fields) == 4:
        return _wish(fields[3], [[b"RPOPLPUSH", *fields[1:3]]], _as_is)
    if name == b"BZMPOP" and len(fields) >= 5:
        return _wish(fields[1], [[b"ZMPOP", *fields[2:]]], _as_is)
    return None


_WISHING = frozenset(b"BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN LMPOP XREAD XREADGROUP".split())
_POPS = {b"BLPOP": b"LPOP", b"BRPOP": b"RPOP", b"BZPOPMIN": b"ZPOPMIN", b"BZPOPMAX": b"ZPOPMAX"}


def _wish(timeout: bytes, tries: list[list[bytes]], shape: Callable[[list[bytes], Any], Any]) -> Wish | Failure:
    try:
        seconds = float(timeout)
    except ValueError:
        seconds = math.nan
    if math.isnan(seconds):
        return Failure("ERR timeout is not a float or out of range")
    if math.isinf(seconds):
        return Failure("ERR timeout is negative")  # Redis really says so: the number has run over
    return Failure("ERR timeout is negative") if seconds < 0 else Wish(seconds, tuple(tries), shape)


def _lmpop(name: bytes, fields: list[bytes]) -> Wish | Failure | None:
    """LMPOP as one LPOP or RPOP after the other: the engine's own leaves an empty list behind."""
    rest = fields[1 + (name == b"BLMPOP") :]
    count = int(rest[0]) if rest and rest[0].isdigit() else 0
    keys, options = rest[1 : count + 1], [word.upper() for word in rest[count + 1 :]]
    side = {b"LEFT": b"LPOP", b"RIGHT": b"RPOP"}.get(options[0] if options else b"")
    plain = len(options) == 1 or (len(options) == 3 and options[1] == b"COUNT" and options[2].isdigit())
    if not keys or len(keys) != count or side is None or not plain or options[-1] == b"0":
        return _as_given(name, fields)
    tries = [[side, key, options[2] if len(options) == 3 else b"1"] for key in keys]
    wish = _wish(fields[1] if name == b"BLMPOP" else b"0", tries, _key_and_value)
    return wish if isinstance(wish, Failure) or name == b"BLMPOP" else replace(wish, waits=False)


def _as_given(name: bytes, fields: list[bytes]) -> Wish | None:
    """Leave what is not well-formed to the engine, which says what is wrong."""
    return None if name == b"LMPOP" else Wish(0.0, ([b"LMPOP", *fields[2:]],), _as_is, waits=False)


def _read(name: bytes, fields: list[bytes], newest: Callable[[bytes], bytes]) -> Wish | Failure | None:
    words = [field.upper() for field in fields]
    if b"STREAMS" not in words:
        return None
    end = words.index(b"STREAMS")
    at = next((place for place in range(1, end) if words[place] == b"BLOCK"), 0)
    if not at or at + 1 >= end or (name == b"XREADGROUP" and at < 4):
        return None
    if not fields[at + 1].isdigit():
        negative = fields[at + 1][:1] == b"-" and fields[at + 1][1:].isdigit()
        return Failure(f"ERR timeout is {'negative' if negative else 'not an integer or out of range'}")
    keys = fields[end + 1 :]
    keys, since = keys[: len(keys) // 2], keys[len(keys) // 2 :]
    if name == b"XREAD":
        since = [newest(key) if start == b"$" else start for key, start in zip(keys, since, strict=False)]
    command = [*fields[:at], *fields[at + 2 : end + 1], *keys, *since]
    return Wish(int(fields[at + 1]) / 1000, (command,), _as_is, minds_errors=name == b"XREADGROUP")


def _as_is(_command: list[bytes], reply: Any) -> Any:
    return reply


def _key_and_value(command: list[bytes], reply: Any) -> Any:
    return [command[1], reply]


def _with_key(command: list[bytes], reply: Any) -> Any:
    return [command[1], *reply]
