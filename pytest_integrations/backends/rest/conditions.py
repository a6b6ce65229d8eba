"""What a route asks of a request beyond its method and path, and how a request misses it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_integrations.backends.http_objects import RecordedCall

__all__ = ["Conditions"]

_ABSENT: Any = object()


@dataclass(frozen=True)
class Conditions:
    """Query parameters, header fields, a JSON body and a predicate that a request must have.

    Expected values are compared with `==`, so that objects which know what they equal (dirty-equals,
    `unittest.mock.ANY`) work; a callable is asked instead. Of JSON objects only the keys named are compared.
    """

    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    json: Any = _ABSENT
    match: Callable[[RecordedCall], object] | None = None

    @classmethod
    def of(
        cls,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, Any] | None,
        json: Any,
        match: Callable[[RecordedCall], object] | None,
    ) -> Conditions:
        """Build from the keyword arguments of a route; None leaves a condition out."""
        return cls(query or {}, headers or {}, _ABSENT if json is None else json, match)

    @property
    def count(self) -> int:
        """How many there are; of two routes that fit, the one that asks for more answers."""
        return len(self.query) + len(self.headers) + (self.json is not _ABSENT) + (self.match is not None)

    def is_written_as(self, other: Conditions) -> bool:
        """Tell whether a test wrote both alike; `==` would ask objects that equal anything."""
        return str(self) == str(other) and self.match == other.match

    def misses(self, call: RecordedCall, *, head_only: bool = False) -> list[str]:
        """Return in words what *call* has otherwise; nothing if it fits."""
        found = [*_compare("query", call.query, self.query), *_compare("header", call.headers, self.headers)]
        if head_only:
            return found
        if self.json is not _ABSENT:
            found += _compare_json(call, self.json)
        if self.match is not None and not self.match(call):
            found.append(f"match={getattr(self.match, '__name__', self.match)!r} is not true of it")
        return found

    def __str__(self) -> str:
        """Show the conditions as they were written."""
        words = [f"{name}={value!r}" for name in ("query", "headers") if (value := getattr(self, name))]
        words += [f"json={self.json!r}"] if self.json is not _ABSENT else []
        words += [f"match={getattr(self.match, '__name__', self.match)}"] if self.match is not None else []
        return ", ".join(words)


def _equal(expected: Any, actual: Any) -> bool:
    if callable(expected) and not isinstance(expected, type):
        return bool(expected(actual))
    if isinstance(expected, dict) and isinstance(actual, dict):
        return all(key in actual and _equal(value, actual[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(_equal, expected, actual))
    return bool(expected == actual)


def _compare(kind: str, actual: Mapping[str, str], expected: Mapping[str, Any]) -> list[str]:
    misses = []
    for name, value in expected.items():
        seen = actual.get(name)
        wanted = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if seen is None:
            misses.append(f"{kind} {name} is missing, expected {value!r}")
        elif not _equal(wanted, seen):
            misses.append(f"{kind} {name} is {seen!r}, expected {value!r}")
    return misses


def _compare_json(call: RecordedCall, expected: Any) -> list[str]:
    try:
        actual = json.loads(call.body)
    except ValueError:
        return [f"body is not JSON, expected {expected!r}"]
    if _equal(expected, actual):
        return []
    if isinstance(expected, dict) and isinstance(actual, dict):
        wrong = [key for key, value in expected.items() if not _equal(value, actual.get(key))]
        return [f"JSON key {key!r} is {actual.get(key)!r}, expected {expected[key]!r}" for key in wrong]
    return [f"JSON is {actual!r}, expected {expected!r}"]
