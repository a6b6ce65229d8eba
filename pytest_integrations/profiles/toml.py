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

import re
import tomllib
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ProfileError, ScriptingError

from .profile import Profile, ProfileRule
from .tables import WORDS, Tables

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.registry import Registry

__all__ = ["load"]

_TABLE = "tool.pytest_integrations"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_OWN = ("fault", "settings", "fake", "operation")
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


class _Reader(Tables):
    """Reads the tables of profiles."""

    def profile(self, name: str, value: object) -> Profile:
        key = f"{_TABLE}.profiles.{name}"
        if not _NAME.fullmatch(name):
            self.fail(key, f"{name!r} is not a name for a profile: valid are letters, digits, '-' and '_'")
        table = self.table(value, key)
        self.only(table, ("description", "rules"), key)
        description = self.text(table.get("description", ""), f"{key}.description")
        rules = table.get("rules", [])
        if not isinstance(rules, list) or len(rules) > _RULES_AT_MOST:
            self.fail(f"{key}.rules", f"expected up to {_RULES_AT_MOST} tables, written [[{key}.rules]]")
        return Profile(name, description, tuple(self._rule(rule, f"{key}.rules[{n}]") for n, rule in enumerate(rules)))

    def _rule(self, value: object, key: str) -> ProfileRule:
        table = self.table(value, key)
        self.only(table, (*_OWN, *WORDS), key)
        if "fault" not in table:
            self.fail(key, 'has no fault, such as fault = "status"')
        fault = self.fault(self.text(table["fault"], f"{key}.fault"), table.get("settings", {}), key)
        places = {name: self.text(table[name], f"{key}.{name}") for name in ("fake", "operation") if name in table}
        try:
            return ProfileRule((fault,), self.when(table), **places)
        except ScriptingError as error:
            self.fail(key, str(error), error)
