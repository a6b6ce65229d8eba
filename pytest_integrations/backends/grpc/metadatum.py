"""Metadata as grpcio gives it to applications, and as it takes it from them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.grpc_metadata import Metadata

__all__ = ["Metadatum", "is_valid", "metadata_of", "metadata_taken"]

_NAME = re.compile(r"[0-9a-z_.-]+")
_TEXT = re.compile(r"[\x20-\x7e]*")
_BINARY = "-bin"


class Metadatum(NamedTuple):
    """One entry: a pair, with names."""

    key: str
    value: str | bytes


def metadata_of(pairs: Metadata) -> tuple[Metadatum, ...]:
    """Return *pairs* with names."""
    return tuple(Metadatum(*pair) for pair in pairs)


def metadata_taken(given: Iterable[Any] | None) -> Metadata:
    """Return what an application has *given*, as grpcio takes it; it has a TypeError for values of the wrong type."""
    return tuple((_text(key), _value(_text(key), value)) for key, value in given or ())


def _value(key: str, value: Any) -> str | bytes:
    if not key.endswith(_BINARY):
        return _text(value)
    if not isinstance(value, bytes):
        msg = f'Binary metadata key="{key}" expected bytes, got {type(value)}'
        raise TypeError(msg)
    return value


def _text(given: Any) -> str:
    if given is None or isinstance(given, bytes):
        return (given or b"").decode("latin-1")
    if not isinstance(given, str):
        msg = f"Expected str, not {type(given)}"
        raise TypeError(msg)
    return given


def is_valid(metadata: Metadata) -> bool:
    """Tell whether *metadata* can be sent: names in lower case, values of printable ASCII, but for those of `-bin`."""
    return all(_NAME.fullmatch(key) and (isinstance(value, bytes) or _TEXT.fullmatch(value)) for key, value in metadata)
