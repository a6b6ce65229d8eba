"""The services of a fake, whose methods are attributes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .methods import Method

__all__ = ["Service"]


class _NoSuchMethod(UnknownName, AttributeError):  # type: ignore[misc]  # both have a `name`: the same
    """A method that no service has; an AttributeError as well, so that `hasattr` and the like work."""


class Service:
    """The methods of one service, or of all services of one schema: `orders.Get`."""

    def __init__(self, name: str, methods: Iterable[Method]) -> None:
        """Offer *methods* of what is called *name*."""
        self._name = name
        self._methods: dict[str, list[Method]] = {}
        for method in methods:
            self._methods.setdefault(method.schema.name, []).append(method)

    def __getattr__(self, name: str) -> Method:
        """Return the method called *name*."""
        __tracebackhide__ = True
        if name.startswith("_"):
            raise AttributeError(name)
        found = self._methods.get(name, [])
        if not found:
            raise _NoSuchMethod(kind="method", name=name, known=self._methods)
        if len(found) > 1:
            paths = [method.schema.path for method in found]
            service = paths[0].split("/")[1]
            msg = f"{name} is a method of several services: {', '.join(paths)}; choose one by fake.service({service!r})"
            raise ScriptingError(msg)
        return found[0]

    def __iter__(self) -> Iterator[Method]:
        """Iterate over the methods."""
        return itertools.chain.from_iterable(self._methods.values())

    def __dir__(self) -> list[str]:
        """Return the names of the methods too, for completion."""
        return sorted({*super().__dir__(), *self._methods})

    def __repr__(self) -> str:
        """Show the name and the methods."""
        return f"<{self._name}: {', '.join(self._methods)}>"
