"""Profiles of the user, from pyproject.toml.

```toml
[tool.pytest_integrations.profiles.monday]
description = "Payments are slow, and now and then refuse."

[[tool.pytest_integrations.profiles.monday.rules]]
fault = "status"                # its name in pytest_integrations.faults
settings = { code = 503 }       # what stands in its brackets in a test
probability = 0.05              # the words of when, as in inject(...)
fake = "payments*"              # for which fakes and operations: patterns; all, if left out
operation = "POST *"
```

Of the rules of a profile the first that acts takes the call. A rule has one fault; for two in a row write two rules.
What needs code (`where=`, a fault of your own) is left to the hook `pytest_integrations_profiles`.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_integrations.core.errors import ProfileError, ScriptingError, near_names
from pytest_integrations.core.when import When

from .profile import Profile, ProfileRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.registry import Registry

__all__ = ["load"]

_TABLE = "tool.pytest_integrations"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_OWN = ("fault", "settings", "fake", "operation")
_WORDS = tuple(field.name for field in fields(When) if field.name != "where")
_RULES_AT_MOST = 100


def load(file: Path, faults: Registry[type[Fault]]) -> dict[str, Profile]:
    """Return the profiles in a *file* like pyproject.toml; *faults* knows the faults that they name.

    What is wrong in it is a `ProfileError` of one line that names the file, the key, the value and the valid ones.
    """
    try:
        content: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{file.name}: not TOML: {error}"
        raise ProfileError(msg) from error
    reader = _Reader(file.name, faults)
    ours = reader.table(content.get("tool", {}).get("pytest_integrations", {}), _TABLE)
    reader.only(ours, ("profiles",), _TABLE)
    profiles = reader.table(ours.get("profiles", {}), f"{_TABLE}.profiles")
    return {name: reader.profile(name, table) for name, table in profiles.items()}


class _Reader:
    """Reads tables, and says where it is when it cannot."""

    def __init__(self, file: str, faults: Registry[type[Fault]]) -> None:
        self._file = file
        self._faults = faults

    def profile(self, name: str, value: object) -> Profile:
        key = f"{_TABLE}.profiles.{name}"
        if not _NAME.fullmatch(name):
            self._fail(key, f"{name!r} is not a name for a profile: valid are letters, digits, '-' and '_'")
        table = self.table(value, key)
        self.only(table, ("description", "rules"), key)
        description = self._text(table.get("description", ""), f"{key}.description")
        rules = table.get("rules", [])
        if not isinstance(rules, list) or len(rules) > _RULES_AT_MOST:
            self._fail(f"{key}.rules", f"expected up to {_RULES_AT_MOST} tables, written [[{key}.rules]]")
        return Profile(name, description, tuple(self._rule(rule, f"{key}.rules[{n}]") for n, rule in enumerate(rules)))

    def _rule(self, value: object, key: str) -> ProfileRule:
        table = self.table(value, key)
        self.only(table, (*_OWN, *_WORDS), key)
        if "fault" not in table:
            self._fail(key, 'has no fault, such as fault = "status"')
        fault = self._fault(self._text(table["fault"], f"{key}.fault"), table.get("settings", {}), key)
        when = {word: table[word] for word in _WORDS if word in table}
        places = {name: self._text(table[name], f"{key}.{name}") for name in ("fake", "operation") if name in table}
        try:
            return ProfileRule((fault,), when, **places)
        except ScriptingError as error:
            self._fail(key, str(error), error)

    def _fault(self, name: str, value: object, key: str) -> Fault:
        try:
            kind = self._faults.get(name)
        except ScriptingError as error:
            self._fail(f"{key}.fault", str(error), error)
        settings = self.table(value, f"{key}.settings")
        parameters = inspect.signature(kind).parameters
        self.only(settings, parameters, f"{key}.settings")
        missing = [
            each.name for each in parameters.values() if each.default is each.empty and each.name not in settings
        ]
        if missing:
            self._fail(f"{key}.settings", f"{name} needs {', '.join(missing)}")
        try:
            return kind(**{word: _frozen(setting) for word, setting in settings.items()})
        except (ScriptingError, TypeError) as error:
            self._fail(f"{key}.settings", str(error), error)

    def table(self, value: object, key: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            self._fail(key, f"expected a table, found {value!r}")
        return value

    def only(self, table: Mapping[str, Any], valid: Iterable[str], key: str) -> None:
        """Refuse keys of *table* that are not *valid*."""
        valid = tuple(valid)
        for name in table:
            if name not in valid:
                near = near_names(name, valid)
                guess = f" Did you mean {near[0]!r}?" if near else ""
                self._fail(f"{key}.{name}", f"unknown key.{guess} Valid: {', '.join(valid) or 'none'}.")

    def _text(self, value: object, key: str) -> str:
        if not isinstance(value, str):
            self._fail(key, f"expected a text, found {value!r}")
        return value

    def _fail(self, key: str, what: str, cause: Exception | None = None) -> NoReturn:
        msg = f"{self._file}: {key}: {' '.join(what.split())}"
        raise ProfileError(msg) from cause


def _frozen(value: Any) -> Any:
    """Return a TOML value as a setting of a frozen fault: arrays as tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
