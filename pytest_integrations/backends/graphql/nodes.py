"""The objects of a result while it is executed: what is known of each, and what a test gave for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .defaults import UNSET

__all__ = ["Node"]


class Node:
    """One object of a result.

    *key* tells it from others of its type: the `id` it was asked for or given, else its way from the root ("2",
    "1.friends.2"). *given* is a mapping, or an object with attributes, of what is known of it.
    """

    __slots__ = ("checked", "given", "key", "typical")

    def __init__(self, key: str = "", given: Any = None) -> None:
        """Make the object with this *key*, of which *given* is known."""
        own = _own_id(given)
        self.key: str = key if own is UNSET or own is None else str(own)
        self.given: Any = given
        self.typical: Mapping[str, Any] | None = None
        """What the test says of all objects of its type, once it was asked for that."""
        self.checked: bool = False

    def value(self, *names: str) -> Any:
        """Return what was given under the first of these *names* that something was given for, or `UNSET`."""
        given = self.given
        if given is None:
            return UNSET
        for name in names:
            found = given.get(name, UNSET) if isinstance(given, Mapping) else getattr(given, name, UNSET)
            if found is not UNSET:
                return found
        return UNSET

    def child(self, field: str) -> str:
        """Return the key of what *field* of this object leads to; at the root it needs no words."""
        return f"{self.key}.{field}" if self.key else ""


def _own_id(given: Any) -> Any:
    if given is None:
        return UNSET
    found = given.get("id", UNSET) if isinstance(given, Mapping) else getattr(given, "id", UNSET)
    return found if isinstance(found, str | int) else UNSET
