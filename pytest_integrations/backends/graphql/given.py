"""What a test said about the data: defaults of types, resolvers, scalars."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import is_leaf_type, is_object_type

from pytest_integrations.backends.arguments import wanted
from pytest_integrations.core.errors import ScriptingError, near_names

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from graphql import GraphQLSchema

__all__ = ["Given", "Later", "Resolver", "check_coordinate"]


class Later:
    """What an `async def` of the test will answer.

    It is not called before it is awaited, and leaves nothing behind if it never is, because an error beside it has
    taken its parents with it.
    """

    __slots__ = ("_ask", "_then")

    def __init__(self, ask: Callable[[], Awaitable[Any]], then: Callable[[Any], Any] | None = None) -> None:
        """Await what *ask* returns, and let *then* make something else of it."""
        self._ask = ask
        self._then = then

    def __await__(self) -> Generator[Any, None, Any]:
        """Ask, and wait for the answer."""
        value = yield from self._ask().__await__()
        return value if self._then is None else self._then(value)


class Resolver:
    """A value, or a callable of the test that returns one."""

    __slots__ = ("is_async", "is_callable", "takes", "value")

    def __init__(self, value: Any) -> None:
        """Take a *value*; a callable is called with the arguments and the call, as far as it has to be given them."""
        self.value: Any = value
        self.is_callable: bool = callable(value)
        self.is_async: bool = inspect.iscoroutinefunction(value)
        self.takes: int = wanted(value, 2) if self.is_callable else 0

    def __call__(self, arguments: dict[str, Any], call: Any) -> Any:
        """Return the value for a field that was asked for with these *arguments* by *call*."""
        if not self.is_callable:
            return self.value
        given = (arguments, call)[: self.takes]
        return Later(lambda: self.value(*given)) if self.is_async else self.value(*given)


class Given:
    """What was said, by the names of the schema; changed from the test's side, read while operations are executed."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.types: dict[str, dict[str, Resolver] | Resolver] = {}
        self.fields: dict[str, Resolver] = {}
        self.scalars: dict[str, Resolver] = {}
        self.is_pure: bool = True
        """Whether no callable of the test is asked."""

    def type(self, name: str, values: Any, schema: GraphQLSchema) -> None:
        """Take *values* for the fields of the type *name*, or a callable that returns such."""
        known = schema.type_map.get(name)
        if not is_object_type(known):
            known_names = [each for each, kind in schema.type_map.items() if is_object_type(kind)]
            raise ScriptingError(_unknown("type", name, known_names))
        if callable(values):
            self.types[name] = self._plain(f"type({name!r}, …)", values)
            return
        if not isinstance(values, Mapping):
            msg = f"type({name!r}, {values!r}): valid are a dict of values of its fields, or a callable of it"
            raise ScriptingError(msg)
        for field in values:
            check_coordinate(f"{name}.{field}", schema)
        self.types[name] = {field: self._resolver(value) for field, value in values.items()}

    def field(self, coordinate: str, value: Any, schema: GraphQLSchema) -> None:
        """Take *value*, or a callable that returns it, for the field at *coordinate* (`"Query.user"`)."""
        check_coordinate(coordinate, schema)
        if "." not in coordinate:
            msg = f"resolve({coordinate!r}): a field is written with its type, such as 'Query.{coordinate}'"
            raise ScriptingError(msg)
        self.fields[coordinate] = self._resolver(value)

    def scalar(self, name: str, value: Any, schema: GraphQLSchema) -> None:
        """Take *value*, or a callable that returns it, for every field of the scalar *name*."""
        if not is_leaf_type(schema.type_map.get(name)):
            known_names = [each for each, kind in schema.type_map.items() if is_leaf_type(kind)]
            raise ScriptingError(_unknown("scalar", name, known_names))
        self.scalars[name] = self._plain(f"scalar({name!r}, …)", value)

    def _plain(self, line: str, value: Any) -> Resolver:
        resolver = self._resolver(value)
        if resolver.is_async:
            msg = f"{line}: {value!r} is async, which only the resolver of a field can be: see resolve()"
            raise ScriptingError(msg)
        return resolver

    def _resolver(self, value: Any) -> Resolver:
        resolver = Resolver(value)
        self.is_pure = self.is_pure and not resolver.is_callable
        return resolver


def check_coordinate(coordinate: str, schema: GraphQLSchema) -> None:
    """Refuse a *coordinate* (`"User"`, `"User.email"`) that *schema* does not have, naming near ones."""
    name, dot, field = coordinate.partition(".")
    known = schema.type_map.get(name)
    fields = getattr(known, "fields", None)
    if known is None or (dot and fields is None):
        composed = [each for each, kind in schema.type_map.items() if hasattr(kind, "fields")]
        raise ScriptingError(_unknown("type", name, composed))
    if dot and field not in (fields or {}):
        raise ScriptingError(_unknown(f"field of {name}", field, list(fields or {})))


def _unknown(kind: str, name: str, known: list[str]) -> str:
    known = [each for each in known if not each.startswith("__")]
    near = near_names(name, known)
    guess = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"the schema has no {kind} {name!r}.{guess} It has: {', '.join(sorted(known)) or 'none'}."
