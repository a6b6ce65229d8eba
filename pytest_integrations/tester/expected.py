"""What a case expects of its client."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from inspect import isroutine
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError

from .answer import Answer
from .difference import differences
from .request import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Expected"]

_OPEN = ("json", "json_has", "value")
"""What may be expected to be None."""
_OF_RESPONSES = ("status", "json", "json_has", "text", "contains", "headers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a client is to return, or to raise; everything that is given must hold.

    With nothing given, it is to return, and if that is a response, not with a 4xx or 5xx.

    >>> Expected(status=200, json={"left": 3})
    Expected(status=200, json={'left': 3})
    """

    status: int | None = None
    """The status of a response."""
    json: Any = NOTHING
    """The whole body of a response, parsed as JSON."""
    json_has: Any = NOTHING
    """The same, but objects may have more keys than are named here."""
    text: str | None = None
    """The whole body of a response, as text."""
    contains: str | None = None
    """What is somewhere in the body of a response."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header fields of a response; `*` in a value stands for anything."""
    value: Any = NOTHING
    """What is returned. Of a response: its status, if this is a number, else its body, parsed as JSON."""
    raises: type[BaseException] | tuple[type[BaseException], ...] | str | None = None
    """What is raised: a class, several, or the name of one or of a class that it is derived from."""
    holds: Callable[[Any], object] | None = None
    """A function of what is returned: it returns something true, or returns None and raises AssertionError."""

    def __post_init__(self) -> None:
        """Refuse what cannot hold together."""
        others = [name for name in self.given if name != "raises"]
        if self.raises is not None and others:
            msg = f"expect: raises={_names(self.raises)!r} returns nothing that {others[0]}= could be true of; give one"
            raise ScriptingError(msg)
        if self.status is not None and (isinstance(self.status, bool) or self.status not in range(100, 600)):
            msg = f"expect: status={self.status!r} is not a status of HTTP: valid are whole numbers from 100 to 599"
            raise ScriptingError(msg)
        if not isinstance(self.headers, Mapping):
            msg = f"expect: headers={self.headers!r} are not fields by their names: valid is {{'ETag': '*'}}"
            raise ScriptingError(msg)
        if self.holds is not None and not callable(self.holds):
            msg = f"expect: holds={self.holds!r} is not callable: give a function of what the client returns"
            raise ScriptingError(msg)

    @classmethod
    def of(cls, value: Any = NOTHING) -> Expected:
        """Return what a case writes as *value*.

        A class of exceptions, or a tuple of them, is to be raised; a function is to hold; anything else is the value.
        """
        if value is NOTHING:
            return cls()
        if isinstance(value, Expected):
            return value
        kinds = value if isinstance(value, tuple) and value else (value,)
        if all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds):
            return cls(raises=value)
        if callable(value) and not _compares(value):
            return cls(holds=value)
        return cls(value=value)

    @property
    def given(self) -> dict[str, Any]:
        """What was given, by name."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        nothing = {name: NOTHING if name in _OPEN else None for name in values}
        return {
            name: value for name, value in values.items() if value is not nothing[name] and (name != "headers" or value)
        }

    def is_raised_by(self, error: BaseException) -> bool:
        """Tell whether *error* is what the client is to raise."""
        if isinstance(self.raises, str):
            names = {name for kind in type(error).__mro__ for name in (kind.__name__, _full_name(kind))}
            return self.raises in names
        return self.raises is not None and isinstance(error, self.raises)

    def filled(self, fill: Callable[[Any], Any]) -> Expected:
        """Return it with what *fill* makes of each value."""
        names = ("json", "json_has", "text", "contains", "headers", "value")
        return replace(self, **{name: fill(getattr(self, name)) for name in names})

    def misses(self, value: Any) -> list[str]:
        """Return in words how the returned *value* is otherwise; nothing if it is as expected."""
        if self.raises is not None:
            return [f"expected {_names(self.raises)} to be raised, got {_shown(value)}"]
        answer = Answer.of(value)
        if answer is not None:
            found = list(self._misses_of(answer))
        else:
            found = self._needs_response(value)
            if self.value is not NOTHING:
                found += differences(self.value, value, what="value")
        if self.holds is not None and not found:
            said = self.holds(value)
            if said is not None and not said:
                found.append(f"{_name(self.holds)} is not true of {_shown(value)}")
        return found

    def _needs_response(self, value: Any) -> list[str]:
        asked = [name for name in self.given if name in _OF_RESPONSES]
        wanted = f"expected a response with {' and '.join(asked)}"
        return [f"{wanted}, got {_shown(value)}, which is none: expect it by value"] if asked else []

    def _misses_of(self, answer: Answer) -> Iterator[str]:
        status = self.value if _is_number(self.value) else self.status
        if status is not None and answer.status != status:
            yield f"expected status {status}, got {answer}"
        elif not self.given and answer.status >= 400:
            yield f"expected a success, got {answer}"
        body = NOTHING if _is_number(self.value) else self.value
        for wanted, partly in ((self.json, False), (self.json_has, True), (body, False)):
            if wanted is not NOTHING:
                yield from _json_misses(answer, wanted, partly=partly)
        if self.text is not None:
            yield from differences(self.text, answer.text, what="body")
        if self.contains is not None and self.contains not in answer.text:
            yield f"expected {self.contains!r} in the body, got {answer}"
        for name, pattern in self.headers.items():
            seen = answer.headers.get(name)
            if seen is None or not fnmatchcase(seen, str(pattern)):
                yield f"expected header {name}: {pattern}, got {seen!r}"

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.raises is not None:
            return f"{_names(self.raises)} to be raised"
        given = [f"{name} {_shown(value)}" for name, value in self.given.items()]
        return " and ".join(given) or "a success"

    def __repr__(self) -> str:
        """Show what was given."""
        return f"Expected({', '.join(f'{name}={value!r}' for name, value in self.given.items())})"


def _json_misses(answer: Answer, wanted: Any, *, partly: bool) -> list[str]:
    try:
        seen = answer.json()
    except jsonlib.JSONDecodeError as error:
        return [f"expected JSON in the body, got {answer}: {error}"]
    return differences(wanted, seen, what="body", partly=partly)


def _compares(value: Any) -> bool:
    """Whether *value* knows what it equals, as those of dirty-equals do: it is a value then, though it be callable."""
    return not isroutine(value) and getattr(type(value), "__eq__", None) is not object.__eq__


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _names(kinds: type[BaseException] | tuple[type[BaseException], ...] | str) -> str:
    if isinstance(kinds, str):
        return kinds
    return " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))


def _full_name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _name(function: Any) -> str:
    return getattr(function, "__qualname__", None) or repr(function)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
