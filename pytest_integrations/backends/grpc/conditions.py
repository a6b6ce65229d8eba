"""What a rule asks of a request, and how a request misses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError

from .messages import made

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Conditions"]


@dataclass(frozen=True)
class Conditions:
    """Fields that a request must have, and a predicate of it.

    Values are compared with `==`, in any of the forms in which a reply has them (enums by name or number), or asked if
    they are callable; of nested messages, given as dicts, only the fields named are compared.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    where: Callable[[Any], object] | None = None

    @property
    def count(self) -> int:
        """How many there are; of two rules that fit, the one that asks for more answers."""
        return len(self.fields) + (self.where is not None)

    def is_written_as(self, other: Conditions) -> bool:
        """Tell whether a test wrote both alike; `==` would ask objects that equal anything."""
        return str(self) == str(other) and self.where == other.where

    def misses(self, request: Any) -> list[str]:
        """Return in words what *request*, a message, has otherwise; nothing if it fits."""
        found = [
            f"{name} is {_shown(request, name)}, expected {value!r}"
            for name, value in self.fields.items()
            if not _has(request, name, value)
        ]
        if not found and self.where is not None and not self.where(request):
            found.append(f"where={getattr(self.where, '__name__', self.where)!r} is not true of it")
        return found

    def __str__(self) -> str:
        """Show the conditions as they were written."""
        words = [f"{name}={value!r}" for name, value in self.fields.items()]
        words += [f"where={getattr(self.where, '__name__', self.where)}"] if self.where is not None else []
        return ", ".join(words)


def _has(message: Any, name: str, expected: Any) -> bool:
    actual = getattr(message, name)
    if callable(expected) and not isinstance(expected, type):
        return bool(expected(actual))
    return _fits(actual, expected) or _is(actual, message, name, expected)


def _fits(actual: Any, expected: Any) -> bool:
    """Tell whether *actual* is as it is written; of messages, in lists and maps too, only the fields named count."""
    if isinstance(expected, dict):
        if hasattr(actual, "DESCRIPTOR"):
            known = actual.DESCRIPTOR.fields_by_name
            return all(name in known and _has(actual, name, value) for name, value in expected.items())
        is_map = hasattr(actual, "keys") and actual.keys() == expected.keys()
        return is_map and all(_fits(actual[key], value) for key, value in expected.items())
    if isinstance(expected, list | tuple):
        is_list = hasattr(actual, "__len__") and not isinstance(actual, str | bytes) and len(actual) == len(expected)
        return is_list and all(map(_fits, actual, expected))
    return bool(actual == expected)


def _is(actual: Any, message: Any, name: str, expected: Any) -> bool:
    """Tell whether the field called *name* is *actual* where it is set to *expected*, in any form that it takes."""
    if expected is None:  # which sets nothing
        return False
    try:
        return bool(actual == getattr(made(type(message), {name: expected}), name))
    except ScriptingError:
        return False


def _shown(message: Any, name: str) -> str:
    actual = getattr(message, name)
    enum = message.DESCRIPTOR.fields_by_name[name].enum_type
    if enum is not None and isinstance(actual, int) and actual in enum.values_by_number:
        return str(enum.values_by_number[actual].name)
    return str(actual).strip() or "empty" if hasattr(actual, "DESCRIPTOR") else repr(actual)
