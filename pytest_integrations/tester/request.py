"""What a case asks of its client: the arguments of one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_integrations.core.errors import ScriptingError

__all__ = ["NOTHING", "Request"]

NOTHING: Any = object()
"""The value of what was not given, where None means something."""

_WORDS_AT_MOST = 80


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments that the client is called with.

    >>> str(Request.of(("GET", "/stock/tea")))
    'GET /stock/tea'
    >>> str(Request.of({"sku": "tea", "amount": 2}))
    "sku='tea', amount=2"
    """

    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any = NOTHING) -> Request:
        """Return the request that a case writes as *value*.

        A tuple or list are the arguments in their order, a mapping those with names, anything else is the only one.
        """
        if value is NOTHING:
            return cls()
        if isinstance(value, tuple | list):
            return cls(tuple(value))
        if not isinstance(value, Mapping):
            return cls((value,))
        for name in value:
            if not isinstance(name, str):
                msg = f"request={value!r}: {name!r} is not a name of an argument; for a mapping itself write (mapping,)"
                raise ScriptingError(msg)
        return cls((), dict(value))

    @property
    def line(self) -> str | None:
        """Its method and path, if it looks like a request of HTTP; else None."""
        parts = [self.options[name] for name in ("method", "path") if name in self.options] or [*self.arguments[:2]]
        line = " ".join(parts) if all(isinstance(part, str) for part in parts) else ""
        method, _, path = line.partition(" ")
        return line if method.isalpha() and method.isupper() and path.startswith(("/", "http")) else None

    def point(self, name: str) -> str:
        """Return what it asks for, when it goes to a client called *name*: `GET /tea`, `get /tea`, `order`."""
        if self.line is not None:
            return self.line
        asked = next(iter(self.arguments), self.options.get("path"))
        return f"{name} {asked}" if isinstance(asked, str) and asked.startswith("/") else name

    def __str__(self) -> str:
        """Show it on one line, a long one shortened; of header fields only the names, as there are secrets in them."""
        if all(isinstance(argument, str) for argument in self.arguments) and not self.options:
            text = " ".join(self.arguments)
        else:
            named = (f"{name}={_shown(name, value)}" for name, value in self.options.items())
            text = ", ".join([*map(repr, self.arguments), *named])
        text = " ".join(text.split())
        return text if len(text) <= _WORDS_AT_MOST else f"{text[: _WORDS_AT_MOST - 1]}…"


def _shown(name: str, value: Any) -> str:
    return f"<{', '.join(map(str, value))}>" if name == "headers" and isinstance(value, Mapping) else repr(value)
