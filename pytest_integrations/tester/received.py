"""What is to reach the fakes in a case, and what is not."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError, near_names
from pytest_integrations.core.settings import line, whole

from .difference import differences
from .request import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

__all__ = ["Received"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """How many calls of an operation are to reach the fakes, retries among them, and what is to be in each.

    >>> Received(operation="POST /charges", times=0)
    Received(operation='POST /charges', times=0)
    """

    operation: str = "*"
    """The operation, or a pattern of several: `"POST *"`."""
    fake: str = "*"
    """The fake, or a pattern of several."""
    times: int | None = None
    """How many; None is for one or more."""
    json: Any = NOTHING
    """The whole body of each, parsed as JSON."""
    json_has: Any = NOTHING
    """The same, but objects may have more keys than are named here."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header fields, or other metadata, of each; `*` in a value stands for anything."""

    def __post_init__(self) -> None:
        """Refuse what cannot be received."""
        line("received: operation", self.operation)
        line("received: fake", self.fake)
        if self.times is not None:
            whole("received: times", self.times, 0)
        if not isinstance(self.headers, Mapping):
            msg = f"received: headers={self.headers!r} are not fields by their names: valid is {{'X-Key': 'a*'}}"
            raise ScriptingError(msg)

    @classmethod
    def all_of(cls, value: Any) -> tuple[Received, ...]:
        """Return what a case writes as *value*.

        A mapping of operations to how many of them, a `Received`, or several of both; a table of its fields will do.
        """
        if isinstance(value, Received):
            return (value,)
        if isinstance(value, Mapping):
            if set(value) & {each.name for each in fields(cls)}:
                return (cls._table(value),)
            return tuple(cls(operation=operation, times=times) for operation, times in value.items())
        if isinstance(value, Iterable) and not isinstance(value, str):
            return tuple(found for each in value for found in cls.all_of(each))
        msg = f"received={value!r} is nothing that can reach a fake: valid is {{'POST /charges': 1}}, or Received(...)"
        raise ScriptingError(msg)

    @classmethod
    def _table(cls, table: Mapping[str, Any]) -> Received:
        known = [each.name for each in fields(cls)]
        for name in table:
            if name not in known:
                near = near_names(str(name), known)
                guess = f" Did you mean {near[0]!r}?" if near else ""
                msg = f"received: {name!r} is unknown.{guess} Valid: {', '.join(known)}"
                raise ScriptingError(msg)
        return cls(**table)

    def misses(self, calls: Calls) -> list[str]:
        """Return in words how the *calls* of the case are otherwise; nothing if they are as expected."""
        found = calls.where(lambda call: fnmatchcase(call.fake, self.fake) and _is_of(call.operation, self.operation))
        place = f" by {self.fake}" if self.fake != "*" else ""
        if self.times is not None and len(found) != self.times:
            return [f"expected {_counted(self.times)} of {self.operation} to be received{place}, got {len(found)}"]
        if self.times is None and not found:
            return [f"expected calls of {self.operation} to be received{place}, got none"]
        return [miss for call in found for miss in self._misses_in(call)]

    def _misses_in(self, call: Call) -> Iterator[str]:
        what = f"body of #{call.seq} {call.operation}"
        for wanted, partly in ((self.json, False), (self.json_has, True)):
            if wanted is not NOTHING:
                try:
                    seen = jsonlib.loads(call.body)
                except ValueError:
                    yield f"{what}: expected JSON, got {call.body[:60]!r}"
                else:
                    yield from differences(wanted, seen, what=what, partly=partly)
        for name, pattern in self.headers.items():
            value = call.headers.get(name)
            if value is None or not fnmatchcase(value, str(pattern)):
                yield f"#{call.seq} {call.operation}: expected header {name}: {pattern}, got {value!r}"

    def __repr__(self) -> str:
        """Show what was given."""
        nothing = {"json": NOTHING, "json_has": NOTHING, "times": None, "operation": "*", "fake": "*"}
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        given = {name: value for name, value in values.items() if value is not nothing.get(name) and value != {}}
        return f"Received({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def _is_of(operation: str, pattern: str) -> bool:
    """Tell whether an operation is meant; one that is written out may have brackets in it, as patterns have."""
    return operation == pattern or fnmatchcase(operation, pattern)


def _counted(number: int) -> str:
    return f"{number} call{'' if number == 1 else 's'}"
