"""What a rule asks of an operation beyond its kind and name, and how an operation misses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_integrations.core.graphql_call import Operation

__all__ = ["Conditions"]


@dataclass(frozen=True)
class Conditions:
    """Variables that an operation must have, and a predicate of it.

    Values are compared with `==`, or asked if they are callable; of objects only the keys named are compared.
    """

    variables: Mapping[str, Any] = field(default_factory=dict)
    where: Callable[[Operation], object] | None = None

    @property
    def count(self) -> int:
        """How many there are; of two rules that fit, the one that asks for more answers."""
        return len(self.variables) + (self.where is not None)

    def is_written_as(self, other: Conditions) -> bool:
        """Tell whether a test wrote both alike; `==` would ask objects that equal anything."""
        return str(self) == str(other) and self.where == other.where

    def misses(self, operation: Operation) -> list[str]:
        """Return in words what *operation* has otherwise; nothing if it fits."""
        found = []
        for name, value in self.variables.items():
            if name not in operation.variables:
                found.append(f"variable {name} is missing, expected {value!r}")
            elif not _equal(value, operation.variables[name]):
                found.append(f"variable {name} is {operation.variables[name]!r}, expected {value!r}")
        if not found and self.where is not None and not self.where(operation):
            found.append(f"where={getattr(self.where, '__name__', self.where)!r} is not true of it")
        return found

    def __str__(self) -> str:
        """Show the conditions as they were written."""
        words = [f"variables={self.variables!r}"] if self.variables else []
        words += [f"where={getattr(self.where, '__name__', self.where)}"] if self.where is not None else []
        return ", ".join(words)


def _equal(expected: Any, actual: Any) -> bool:
    if callable(expected) and not isinstance(expected, type):
        return bool(expected(actual))
    if isinstance(expected, dict) and isinstance(actual, dict):
        return all(key in actual and _equal(value, actual[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(_equal, expected, actual))
    return bool(expected == actual)
