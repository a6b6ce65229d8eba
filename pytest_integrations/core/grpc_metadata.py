"""Metadata of gRPC: pairs of a key and a value, text or, where the key ends in -bin, bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import ScriptingError

__all__ = ["Metadata", "MetadataLike", "metadata_pairs"]

Metadata = tuple[tuple[str, "str | bytes"], ...]
MetadataLike = Mapping[str, "str | bytes"] | Iterable[tuple[str, "str | bytes"]]


def metadata_pairs(name: str, given: MetadataLike) -> Metadata:
    """Return metadata as it is sent; keys that cannot be, and values that do not fit them, are refused.

    >>> metadata_pairs("trailing", {"x-cost": "7"})
    (('x-cost', '7'),)
    """
    __tracebackhide__ = True
    pairs = _pairs(name, given)
    for key, value in pairs:
        _check_key(name, key)
        is_binary = key.endswith("-bin")
        is_text = isinstance(value, str) and value.isascii() and value.isprintable()
        if not (isinstance(value, bytes) if is_binary else is_text):
            valid = "bytes, since the key ends in -bin" if is_binary else "printable ASCII text; bytes take a -bin key"
            msg = f"{name}: {key}={value!r} is not a value of metadata: valid is {valid}"
            raise ScriptingError(msg)
    return tuple(pairs)


def _pairs(name: str, given: Any) -> list[tuple[Any, Any]]:
    __tracebackhide__ = True
    found: list[Any] = list(given.items() if isinstance(given, Mapping) else given) if _is_many(given) else [given]
    for pair in found:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            msg = f"{name}: {pair!r} is not metadata: valid are pairs of a key and a value, or a dict of them"
            raise ScriptingError(msg)
    return found


def _is_many(given: Any) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str | bytes)


def _check_key(name: str, key: Any) -> None:
    __tracebackhide__ = True
    is_name = isinstance(key, str) and key.isascii() and key.isprintable() and key == key.lower() and " " not in key
    if not is_name or not key or key.startswith((":", "grpc-")):
        msg = (
            f"{name}: {key!r} is not a key of metadata: valid are lower-case ASCII names, such as 'x-request-id'; "
            "those that begin with ':' or 'grpc-' belong to the protocol"
        )
        raise ScriptingError(msg)
