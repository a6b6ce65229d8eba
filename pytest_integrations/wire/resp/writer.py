"""Writes replies: every Python value in the one way in which RESP2 or RESP3 says it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .values import Failure, Members, NilArray, Push, Simple, Verbatim

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["encode", "failure"]

_LINE_BREAKS = str.maketrans("\r\n", "  ")


def failure(text: str) -> bytes:
    """Return an error reply; line breaks become blanks, since they would end it."""
    return b"-%b\r\n" % text.translate(_LINE_BREAKS).encode("utf-8", "surrogateescape")


def encode(value: Any, protocol: int, translate: Callable[[Any], Any] | None = None) -> bytes:
    r"""Return *value* as a reply in RESP *protocol* (2 or 3).

    bytes and text are bulk strings, None is nil, lists and tuples are arrays; dicts, sets, floats and booleans have
    types of their own in RESP3 only. What is none of all that is first given to *translate*.

    >>> encode([b"a", 1, None], 2)
    b'*3\r\n$1\r\na\r\n:1\r\n$-1\r\n'
    >>> encode({b"a": 1.5}, 3)
    b'%1\r\n$1\r\na\r\n,1.5\r\n'
    """
    kind = type(value)
    if kind is bytes:
        return b"$%d\r\n%b\r\n" % (len(value), value)
    if kind is int:
        return b":%d\r\n" % value
    out: list[bytes] = []
    _write(value, protocol, translate, out)
    return b"".join(out)


def _write(value: Any, protocol: int, translate: Callable[[Any], Any] | None, out: list[bytes]) -> None:
    kind = type(value)
    if kind is bytes:
        out.append(b"$%d\r\n%b\r\n" % (len(value), value))
    elif kind is int:
        out.append(b":%d\r\n" % value)
    elif kind is list or kind is tuple:
        out.append(b"*%d\r\n" % len(value))
        for item in value:
            _write(item, protocol, translate, out)
    elif kind in _WRITERS:
        _WRITERS[kind](value, protocol, translate, out)
    elif translate is not None:
        _write(translate(value), protocol, None, out)
    else:
        msg = f"RESP has no way to say {value!r}"
        raise TypeError(msg)


def _dict(value: dict[Any, Any], protocol: int, translate: Callable[[Any], Any] | None, out: list[bytes]) -> None:
    out.append(b"%%%d\r\n" % len(value) if protocol == 3 else b"*%d\r\n" % (2 * len(value)))
    for pair in value.items():
        _write(pair[0], protocol, translate, out)
        _write(pair[1], protocol, translate, out)


def _set(value: set[Any], protocol: int, translate: Callable[[Any], Any] | None, out: list[bytes]) -> None:
    out.append((b"~%d\r\n" if protocol == 3 else b"*%d\r\n") % len(value))
    for item in value:
        _write(item, protocol, translate, out)


def _members(value: Members, protocol: int, translate: Callable[[Any], Any] | None, out: list[bytes]) -> None:
    out.append((b"~%d\r\n" if protocol == 3 else b"*%d\r\n") % len(value.items))
    for item in value.items:
        _write(item, protocol, translate, out)


def _push(value: Push, protocol: int, translate: Callable[[Any], Any] | None, out: list[bytes]) -> None:
    out.append((b">%d\r\n" if protocol == 3 else b"*%d\r\n") % len(value.items))
    for item in value.items:
        _write(item, protocol, translate, out)


def _float(value: float, protocol: int, _translate: object, out: list[bytes]) -> None:
    if math.isinf(value):
        digits = b"inf" if value > 0 else b"-inf"
    elif math.isnan(value):
        digits = b"nan"
    else:
        digits = format(value, ".17g").encode()
        short = repr(value).encode().removesuffix(b".0")
        digits = short if len(short) < len(digits) else digits
    out.append(b",%b\r\n" % digits if protocol == 3 else b"$%d\r\n%b\r\n" % (len(digits), digits))


def _bool(value: bool, protocol: int, _translate: object, out: list[bytes]) -> None:  # noqa: FBT001 -- a value to write
    out.append((b"#t\r\n" if value else b"#f\r\n") if protocol == 3 else b":%d\r\n" % value)


def _verbatim(value: Verbatim, protocol: int, _translate: object, out: list[bytes]) -> None:
    text = value.text
    out.append(b"=%d\r\ntxt:%b\r\n" % (len(text) + 4, text) if protocol == 3 else b"$%d\r\n%b\r\n" % (len(text), text))


def _text(value: str, _protocol: int, _translate: object, out: list[bytes]) -> None:
    data = value.encode("utf-8", "surrogateescape")
    out.append(b"$%d\r\n%b\r\n" % (len(data), data))


_WRITERS: dict[type, Callable[[Any, int, Any, list[bytes]], None]] = {
    str: _text,
    float: _float,
    bool: _bool,
    dict: _dict,
    set: _set,
    frozenset: _set,
    Members: _members,
    Push: _push,
    Verbatim: _verbatim,
    type(None): lambda _value, protocol, _translate, out: out.append(b"_\r\n" if protocol == 3 else b"$-1\r\n"),
    NilArray: lambda _value, protocol, _translate, out: out.append(b"_\r\n" if protocol == 3 else b"*-1\r\n"),
    Simple: lambda value, _protocol, _translate, out: out.append(b"+%b\r\n" % value.value),
    Failure: lambda value, _protocol, _translate, out: out.append(failure(value.value)),
}
