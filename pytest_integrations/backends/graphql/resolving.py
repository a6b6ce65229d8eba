"""How a field gets its value: from what a reply gives, a resolver, a type's defaults, or made up, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult, GraphQLError, is_enum_type, is_leaf_type, is_list_type, is_non_null_type

from pytest_integrations.core.effect import Field
from pytest_integrations.core.errors import ScriptingError, near_names

from .defaults import UNSET, Defaults
from .errors import FieldError
from .given import Given, Later, Resolver
from .nodes import Node

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphql import GraphQLAbstractType, GraphQLLeafType, GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo

    from pytest_integrations.core.effect import FieldFault

__all__ = ["TOO_LARGE", "Execution", "Resolving"]

TOO_LARGE = ExecutionResult(None, [GraphQLError("The result has more fields than allowed.")])
"""What a client gets that has asked for too much."""

_FIRST = "1"
"""The key of an object that a field of the root leads to."""


class Execution:
    """What belongs to the execution of one operation."""

    __slots__ = ("aliases", "call", "left", "spoil", "unsettled")

    def __init__(
        self,
        aliases: frozenset[str],
        fields: int,
        spoil: Callable[[Field], FieldFault | None] | None = None,
        call: Any = None,
    ) -> None:
        """Execute for *call* a document with these *aliases*, at most so many *fields*; *spoil* says which go wrong."""
        self.aliases: frozenset[str] = aliases
        self.left: int = fields
        """How many fields it may have yet."""
        self.spoil: Callable[[Field], FieldFault | None] | None = spoil
        self.call: Any = call
        self.unsettled: list[Awaitable[Any]] = []
        """What nobody waits for any more, and is to be awaited all the same."""

    @property
    def is_too_large(self) -> bool:
        """Whether it was asked for more fields than it may have, all of which have failed."""
        return self.left < 0

    def limited(self, result: ExecutionResult) -> ExecutionResult:
        """Return *result*, or another in its place if it is too large."""
        return TOO_LARGE if self.is_too_large else result


class Resolving:
    """The resolver of all fields and of all abstract types of one fake."""

    def __init__(self, defaults: Defaults, given: Given) -> None:
        """Take values from *given*, or from *defaults*."""
        self._defaults = defaults
        self._given = given

    # -- asked by graphql

    def field(self, node: Node, info: GraphQLResolveInfo[Execution], **arguments: Any) -> Any:
        """Return the value of a field of *node*."""
        execution: Execution = info.context
        execution.left -= 1
        if execution.left < 0:
            msg = "too large"  # which nobody is told of each field
            raise FieldError(msg)
        parent, name = info.parent_type, info.field_name
        if execution.spoil is not None:
            fault = execution.spoil(_place(info))
            if fault is not None:
                if fault.message:
                    raise FieldError(fault.message, extensions=fault.extensions)
                return None
        if not node.checked and node.given is not None:
            node.checked = True
            _check_names(node.given, parent, execution.aliases)
        value = node.value(str(info.path.key), name)
        if value is UNSET:
            value = self._resolved(parent, name, node, arguments, execution)
        elif callable(value):
            value = Resolver(value)(arguments, execution.call)
        key = _asked_for(arguments) or node.child(name)
        if isawaitable(value):
            later = value
            return Later(
                lambda: later, lambda got: self._complete(got, info.return_type, f"{parent.name}.{name}", key, node)
            )
        return self._complete(value, info.return_type, f"{parent.name}.{name}", key, node)

    def type(self, node: Node, info: GraphQLResolveInfo[Execution], abstract: GraphQLAbstractType) -> str:
        """Return the name of the type of *node*, of which only an abstract one is known."""
        possible = [each.name for each in info.schema.get_possible_types(abstract)]
        named = node.value("__typename")
        if named is not UNSET:
            if named not in possible:
                msg = f"__typename {named!r} is no {abstract.name}: valid are {', '.join(possible)}"
                raise ScriptingError(msg)
            return str(named)
        if isinstance(node.given, Mapping) and node.given:
            names = set(node.given) - info.context.aliases
            possible = [each for each in possible if names <= set(info.schema.type_map[each].fields)] or possible  # type: ignore[attr-defined]
        return self._defaults.chosen(abstract.name, node.key, possible)

    # -- finding

    def _resolved(
        self, parent: GraphQLObjectType, name: str, node: Node, arguments: dict[str, Any], execution: Execution
    ) -> Any:
        resolver = self._given.fields.get(f"{parent.name}.{name}")
        if resolver is not None:
            return resolver(arguments, execution.call)
        defaults = self._given.types.get(parent.name)
        if isinstance(defaults, Resolver):
            typical = node.typical
            if typical is None:
                typical = node.typical = _typical(defaults, node, parent, execution)
            return typical.get(name, UNSET)
        if defaults is not None and name in defaults:
            return defaults[name](arguments, execution.call)
        return UNSET

    # -- completing

    def _complete(self, value: Any, kind: GraphQLOutputType, coordinate: str, key: str, node: Node) -> Any:
        """Return *value* as graphql is to complete it as a *kind*: objects as nodes, what is missing made up."""
        if is_non_null_type(kind):
            kind = kind.of_type
        if isinstance(value, Exception):  # given on purpose, so that it does not fail the test
            raise FieldError(str(value), extensions=getattr(value, "extensions", None)) from value
        if value is None:
            return None
        if is_list_type(kind):
            return self._list(value, kind.of_type, coordinate, key, node)
        if is_leaf_type(kind):
            return self._leaf(value, kind, coordinate, node)
        if value is UNSET:
            return Node(key or _FIRST)
        if isinstance(value, str | int | float | bool | list | tuple | set):
            msg = f"{coordinate} is a {kind}: {value!r} was given for it, valid is a dict of its fields"
            raise ScriptingError(msg)
        return Node(key or _FIRST, value)

    def _list(self, value: Any, kind: GraphQLOutputType, coordinate: str, key: str, node: Node) -> list[Any]:
        if value is UNSET:
            value = [UNSET] * self._defaults.list_length
        elif isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
            msg = f"{coordinate} is a list of {kind}: {value!r} was given for it, valid is a list"
            raise ScriptingError(msg)
        items = []
        for number, each in enumerate(value, 1):
            place = Node(f"{node.key}.{number}" if node.key else str(number))  # of a leaf, which has no key of its own
            own = f"{key}.{number}" if key else str(number)
            items.append(_or_error(self._complete, each, kind, coordinate, own, place))
        return items

    def _leaf(self, value: Any, kind: GraphQLLeafType, coordinate: str, node: Node) -> Any:
        if value is UNSET:
            scalar = self._given.scalars.get(kind.name)
            if scalar is not None:
                value = scalar({}, None)
            elif is_enum_type(kind):
                return self._defaults.chosen(coordinate, node.key, list(kind.values))
            elif coordinate.endswith(".id") and node.key.isdecimal() and kind.name == "Int":
                return int(node.key)
            else:
                return self._defaults.scalar(kind.name, coordinate, node.key)
        try:
            kind.serialize(value)
        except Exception as error:
            msg = f"{coordinate} is a {kind}: {value!r} was given for it: {error}"
            raise ScriptingError(msg) from error
        return value


def _or_error(complete: Callable[..., Any], *arguments: Any) -> Any:
    """Return what *complete* returns, or its error: that is one of the list's item, not of the list."""
    try:
        return complete(*arguments)
    except Exception as error:  # noqa: BLE001 -- graphql raises it again, at the item's place
        return error


def _place(info: GraphQLResolveInfo[Execution]) -> Field:
    coordinate = f"{info.parent_type.name}.{info.field_name}"
    return Field(coordinate, tuple(info.path.as_list()), not is_non_null_type(info.return_type))


def _asked_for(arguments: dict[str, Any]) -> str:
    """Return the id that a field is asked for, if it is."""
    asked = arguments.get("id")
    return str(asked) if isinstance(asked, str | int) else ""


def _typical(resolver: Resolver, node: Node, parent: GraphQLObjectType, execution: Execution) -> Mapping[str, Any]:
    """Return what the test's callable says of one object of the type *parent*."""
    values = resolver({"id": node.key} if node.key else {}, execution.call)
    if not isinstance(values, Mapping):
        msg = f"the callable for the type {parent.name} returned {values!r}: valid is a dict of its fields"
        raise ScriptingError(msg)
    _check_names(values, parent, execution.aliases)
    return values


def _check_names(given: Any, parent: GraphQLObjectType, aliases: frozenset[str]) -> None:
    """Refuse data for fields that the type does not have, and that the client gives no name to."""
    if not isinstance(given, Mapping):
        return
    for name in given:
        if name not in parent.fields and name not in aliases and name != "__typename":
            near = near_names(str(name), parent.fields)
            guess = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            msg = (
                f"data was given for {parent.name}.{name}, which the schema does not have.{guess} "
                f"{parent.name} has: {', '.join(parent.fields)}."
            )
            raise ScriptingError(msg)
