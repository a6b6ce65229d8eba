"""Who may do what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Right", "User"]

Right = Literal["configure", "write", "read"]


@dataclass(frozen=True, slots=True)
class User:
    """A user of the broker; the rights are regular expressions of the names that he may use them on."""

    name: str
    password: str
    vhosts: tuple[str, ...] = ("/",)
    configure: str = ".*"
    write: str = ".*"
    read: str = ".*"

    def __post_init__(self) -> None:
        """Check the patterns."""
        for right, pattern in self._rights.items():
            try:
                re.compile(pattern)
            except re.error as error:
                msg = f"{right}={pattern!r} of user {self.name!r} is no regular expression: {error}"
                raise ScriptingError(msg) from error

    @property
    def _rights(self) -> Mapping[str, str]:
        return {"configure": self.configure, "write": self.write, "read": self.read}

    def may(self, right: Right, name: str) -> bool:
        """Tell whether he has this *right* on what is called *name*; the default exchange is `amq.default` here."""
        return re.search(self._rights[right] or "^$", name or "amq.default") is not None
