"""What a rule asks of a request, and how a request misses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Conditions"]


@dataclass(frozen=True)
class Conditions:
    """Fields that a request must have, and a predicate of it.

    Values are compared with `==`, enums by name or number, or asked if they are callable; of nested messages, given as
    dicts, only the fields named are compared.
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
    enum = message.DESCRIPTOR.fields_by_name[name].enum_type
    if callable(expected) and not isinstance(expected, type):
        return bool(expected(actual))
    if isinstance(expected, dict):
        return _has_all(actual, expected)
    if isinstance(expected, list | tuple):
        return len(expected) == len(actual) and all(map(_equal, expected, actual))
    if isinstance(expected, str) and enum is not None:
        return expected in enum.values_by_name and bool(enum.values_by_name[expected].number == actual)
    return bool(actual == expected)


def _has_all(actual: Any, expected: Mapping[str, Any]) -> bool:
    if not hasattr(actual, "DESCRIPTOR"):  # a map
        return dict(actual) == expected
    return all(_has(actual, name, value) for name, value in expected.items())


def _equal(expected: Any, actual: Any) -> bool:
    return _has_all(actual, expected) if isinstance(expected, dict) else bool(actual == expected)


def _shown(message: Any, name: str) -> str:
    actual = getattr(message, name)
    enum = message.DESCRIPTOR.fields_by_name[name].enum_type
    if enum is not None and isinstance(actual, int) and actual in enum.values_by_number:
        return str(enum.values_by_number[actual].name)
    return str(actual).strip() or "empty" if hasattr(actual, "DESCRIPTOR") else repr(actual)
