"""Names to objects, loaded when first asked for.

An entry is the object itself or the text `"package.module:name"`, so that registering something costs no import.
Built-in things and those of third parties are registered in the same way.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .errors import ScriptingError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping of names to objects that loads `"module:name"` entries lazily and explains unknown names."""

    def __init__(self, kind: str, entries: Mapping[str, T | str] | None = None, *, hint: str = "") -> None:
        """Make a registry for one *kind* of thing ("fault", "profile"); *hint* ends the message for unknown names."""
        self.kind = kind
        self.hint = hint
        self._entries: dict[str, T | str] = {}
        for name, entry in (entries or {}).items():
            self.add(name, entry)

    def add(self, name: str, entry: T | str) -> None:
        """Register *entry* as *name*; a name that is taken by something else is a `ScriptingError`."""
        present = self._entries.setdefault(name, entry)
        if present is not entry and present != entry:
            msg = f"{self.kind} {name!r} is already registered as {present!r}; choose another name for {entry!r}"
            raise ScriptingError(msg)

    def get(self, name: str) -> T:
        """Return the object called *name*, importing its module if that has not happened yet."""
        try:
            entry = self._entries[name]
        except KeyError:
            raise UnknownName(self.kind, name, self._entries, self.hint) from None
        if isinstance(entry, str):
            module, _, attribute = entry.partition(":")
            entry = self._entries[name] = cast("T", getattr(import_module(module), attribute))
        return entry

    def __contains__(self, name: object) -> bool:
        """Tell whether *name* is registered."""
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        """Iterate over the registered names in order of registration."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return the number of registered names."""
        return len(self._entries)

    def entries(self) -> dict[str, Any]:
        """Return the entries as registered: objects, or `"module:name"` texts not yet loaded."""
        return dict(self._entries)
