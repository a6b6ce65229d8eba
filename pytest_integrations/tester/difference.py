"""Where two values differ, as one says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["differences"]

_AT_MOST = 10
_EXCERPT = 100


def differences(expected: Any, seen: Any, *, what: str, partly: bool = False) -> list[str]:
    """Return in words where *seen* differs from *expected*, by the way to it.

    *what* it is begins each line; *partly* allows objects more keys. A list is equal to a tuple of the same, which
    cannot be written in a file.

    >>> differences({"left": 3, "sku": "tea"}, {"left": 4, "sku": "tea"}, what="body")
    ['body.left: expected 3, got 4']
    """
    found: list[str] = []
    for line in _walk(expected, seen, what, partly=partly):
        if len(found) == _AT_MOST:
            found.append("…")
            break
        found.append(line)
    return found


def _walk(expected: Any, seen: Any, way: str, *, partly: bool) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(seen, dict):
        for key in expected:
            if key not in seen:
                yield f"{way}.{key}: missing, expected {_shown(expected[key])}"
            else:
                yield from _walk(expected[key], seen[key], f"{way}.{key}", partly=partly)
        if not partly:
            yield from (f"{way}.{key}: not expected, got {_shown(seen[key])}" for key in seen if key not in expected)
    elif isinstance(expected, list) and isinstance(seen, list | tuple) and len(expected) == len(seen):
        for number, pair in enumerate(zip(expected, seen, strict=True)):
            yield from _walk(*pair, f"{way}[{number}]", partly=partly)
    elif not _is_same(expected, seen):
        yield f"{way}: expected {_shown(expected)}, got {_shown(seen)}"


def _is_same(expected: Any, seen: Any) -> bool:
    """Compare by `==`, so that objects which know what they equal work, but do not take True for 1."""
    if isinstance(expected, bool) is not isinstance(seen, bool) and isinstance(expected, bool | int | float):
        return False
    return bool(expected == seen)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"
