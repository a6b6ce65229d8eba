"""Reads faults from the tables of a TOML file, or of what has its shape, and says where it is when it cannot."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_integrations.core.errors import IntegrationsError, ProfileError, ScriptingError, near_names
from pytest_integrations.core.when import When

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.registry import Registry

__all__ = ["WORDS", "Tables"]

WORDS = tuple(field.name for field in fields(When) if field.name != "where")
"""The words of when that can be written in a table; `where` takes code."""


class Tables:
    """Reads tables; *key* is everywhere the way to a value, for messages."""

    def __init__(self, file: str, faults: Registry[type[Fault]], error: type[IntegrationsError] = ProfileError) -> None:
        """Read what stands in *file*, with the *faults* that it may name; what is wrong is raised as an *error*."""
        self.file = file
        self._faults = faults
        self._error = error

    def fault(self, name: str, settings: object, key: str) -> Fault:
        """Return the fault called *name* with these *settings*, both of the table at *key*."""
        try:
            kind = self._faults.get(name)
        except ScriptingError as error:
            self.fail(f"{key}.fault", str(error), error)
        given = self.table(settings, f"{key}.settings")
        parameters = inspect.signature(kind).parameters
        self.only(given, parameters, f"{key}.settings")
        missing = [each.name for each in parameters.values() if each.default is each.empty and each.name not in given]
        if missing:
            self.fail(f"{key}.settings", f"{name} needs {', '.join(missing)}")
        try:
            return kind(**{word: _frozen(setting) for word, setting in given.items()})
        except (ScriptingError, TypeError) as error:
            self.fail(f"{key}.settings", str(error), error)

    def when(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """Return the words of when in *table*; they are not checked yet."""
        return {word: table[word] for word in WORDS if word in table}

    def table(self, value: object, key: str) -> Mapping[str, Any]:
        """Return *value* if it is a table."""
        if not isinstance(value, dict):
            self.fail(key, f"expected a table, found {value!r}")
        return value

    def only(self, table: Mapping[str, Any], valid: Iterable[str], key: str) -> None:
        """Refuse keys of *table* that are not *valid*."""
        valid = tuple(valid)
        for name in table:
            if name not in valid:
                near = near_names(str(name), valid)
                guess = f" Did you mean {near[0]!r}?" if near else ""
                self.fail(f"{key}.{name}", f"unknown key.{guess} Valid: {', '.join(valid) or 'none'}.")

    def text(self, value: object, key: str) -> str:
        """Return *value* if it is a text."""
        if not isinstance(value, str):
            self.fail(key, f"expected a text, found {value!r}")
        return value

    def fail(self, key: str, what: str, cause: Exception | None = None) -> NoReturn:
        """Raise that *what* is wrong at *key*."""
        msg = f"{self.file}: {key}: {' '.join(what.split())}"
        raise self._error(msg) from cause


def _frozen(value: Any) -> Any:
    """Return a TOML value as a setting of a frozen fault: arrays as tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
