"""From the parameters of a request to an operation, and from an operation to its result; on any thread."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeGuard

from graphql import ExecutionResult, FieldNode, GraphQLError
from graphql.execution import get_variable_values

from pytest_integrations.core.graphql_call import Operation

from .given import check_coordinate
from .library import executed
from .nodes import Node
from .outcome import told, told_in_part
from .resolving import TOO_LARGE, Execution, Resolving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from graphql import OperationDefinitionNode

    from pytest_integrations.core.effect import Field, FieldFault

    from .defaults import Defaults
    from .documents import Document, Phase
    from .given import Given
    from .limits import Limits
    from .schema import Schema

__all__ = ["Engine", "Executable", "Rejected", "Result"]

_CODES = {
    "parameters": "BAD_REQUEST",
    "parse": "GRAPHQL_PARSE_FAILED",
    "validate": "GRAPHQL_VALIDATION_FAILED",
    "operation": "OPERATION_RESOLUTION_FAILURE",
    "variables": "BAD_USER_INPUT",
}

Result = dict[str, Any]
"""A result as it is sent: `data`, `errors`, `extensions`."""


@dataclass(frozen=True, slots=True)
class Executable:
    """An operation that is valid, with variables that are."""

    operation: Operation
    document: Document
    node: OperationDefinitionNode


@dataclass(frozen=True, slots=True)
class Rejected:
    """A request that cannot be executed: its *errors* as they are sent, and in which *phase* they were found."""

    errors: tuple[Mapping[str, Any], ...]
    phase: Phase
    operation: Operation | None = None
    """What was asked for, as far as that could be understood."""
    is_protocol: bool = False
    """Whether a client rightly asks so, in order to be told no: for a stored document that is not there yet."""

    @property
    def result(self) -> Result:
        """The result of it: errors, with Apollo Server's codes where they have none, and no data."""
        code = {"code": _CODES[self.phase]} if self.phase in _CODES else None
        return {
            "errors": [
                {**each, "extensions": code} if code and "extensions" not in each else each for each in self.errors
            ]
        }


class Engine:
    """Reads and executes operations on one schema."""

    def __init__(self, schema: Schema, defaults: Defaults, given: Given, limits: Limits) -> None:
        """Execute on *schema*, within *limits*, with the data that *given* has, or else *defaults* makes up."""
        self.schema: Schema = schema
        self.given: Given = given
        self.limits: Limits = limits
        self._resolving = Resolving(defaults, given)

    # -- reading

    def read(self, parameters: Mapping[str, Any]) -> Executable | Rejected:
        """Return the operation that *parameters* (`query`, `operationName`, `variables`, `extensions`) ask for."""
        wrong = _ill_formed(parameters)
        if wrong:
            return Rejected(({"message": wrong},), "parameters")
        document = self.schema.documents.get(parameters["query"], self.limits)
        name, variables = parameters.get("operationName") or "", parameters.get("variables") or {}
        extensions = parameters.get("extensions") or {}
        if document.errors:
            shown = _guessed(document, name, variables, extensions)
            return Rejected(_formatted(document.errors), document.phase, shown)
        node = document.operations.get(name) if name else _only(document)
        if node is None:
            return Rejected(({"message": _no_such(document, name)},), "operation")
        own = node.name.value if node.name else ""
        operation = Operation(node.operation.value, own, document.text, variables, document.fields[own], extensions)
        errors = self._check_variables(node, variables)
        if errors:
            return Rejected(_formatted(errors), "variables", operation)
        return Executable(operation, document, node)

    def _check_variables(self, node: OperationDefinitionNode, variables: Mapping[str, Any]) -> Sequence[GraphQLError]:
        if not node.variable_definitions:
            return ()
        values = get_variable_values(self.schema.graphql, node.variable_definitions, dict(variables), max_errors=50)
        return values if isinstance(values, list) else ()

    def wrong_with(self, document: str) -> str:
        """Return what is wrong with the text of a *document*, `""` if nothing."""
        return "\n".join(map(str, self.schema.documents.get(document, self.limits).errors))

    def check(self, coordinate: str) -> None:
        """Refuse a *coordinate* (`"User.email"`) that the schema does not have."""
        check_coordinate(coordinate, self.schema.graphql)

    # -- executing

    def begin(
        self,
        executable: Executable,
        root: Any = None,
        *,
        spoil: Callable[[Field], FieldFault | None] | None = None,
        call: Any = None,
    ) -> Any:
        """Execute an operation on the data *root*: the fields at its root, where they were given.

        What is missing is filled in, nulls are propagated. Returns the result, and what callables of the test raised
        and mistakes in its data, which are field errors to the client; where a resolver that is asked is `async def`,
        an awaitable of both.
        """
        execution = Execution(executable.document.aliases, self.limits.fields, spoil, call)
        result = self._run(executable, root, execution, in_parts=False)
        if isinstance(result, ExecutionResult) and not execution.unsettled:
            return told(execution.limited(result))
        return _await(result, execution)

    async def deliver(
        self,
        executable: Executable,
        root: Any = None,
        *,
        spoil: Callable[[Field], FieldFault | None] | None = None,
        call: Any = None,
    ) -> tuple[list[Result], list[Exception]]:
        """Execute an operation that leaves something for later; return the parts of its result, and as `begin`."""
        execution = Execution(executable.document.aliases, self.limits.fields, spoil, call)
        result = self._run(executable, root, execution, in_parts=True)
        if isawaitable(result):
            result = await result
        if isinstance(result, ExecutionResult):
            parts = [told(result)]
        else:
            later = [told_in_part(part) async for part in result.subsequent_results]
            parts = [told_in_part(result.initial_result), *later]
        if execution.is_too_large:
            parts = [told(TOO_LARGE)]
        return [part for part, _ in parts], [cause for _, causes in parts for cause in causes]

    def _run(self, executable: Executable, root: Any, execution: Execution, *, in_parts: bool) -> Any:
        """Let graphql execute an operation."""
        document = executable.document
        return executed(
            self.schema.graphql,
            document.ast,  # type: ignore[arg-type]  # the document was checked when it was read
            Node(given=root),
            execution,
            dict(executable.operation.variables),
            executable.operation.name or None,
            self._resolving.field,
            self._resolving.type,
            in_parts=in_parts,
            is_awaitable=_never if self.given.is_pure else None,  # so that it need not look at each value
        )


async def _await(
    result: Awaitable[ExecutionResult] | ExecutionResult, execution: Execution
) -> tuple[Result, tuple[Exception, ...]]:
    """Await *result*, and what nobody waits for any more, since an error beside it has taken its parents with it."""
    if not isinstance(result, ExecutionResult):
        result = await result
    while execution.unsettled:
        unsettled, execution.unsettled = execution.unsettled, []
        await asyncio.gather(*unsettled, return_exceptions=True)
    return told(execution.limited(result))


def _never(_value: Any) -> TypeGuard[Awaitable[Any]]:
    return False


def _ill_formed(parameters: Mapping[str, Any]) -> str:
    """Return what is wrong with the *parameters*, whatever they ask for; `""` if nothing."""
    if not isinstance(parameters.get("query"), str):
        return "Must provide a query string." if parameters.get("query") is None else "query must be a string."
    if not isinstance(parameters.get("operationName"), str | None):
        return "operationName must be a string or null."
    for name in ("variables", "extensions"):
        if not isinstance(parameters.get(name), dict | None):
            return f"{name} must be an object or null."
    return ""


def _only(document: Document) -> OperationDefinitionNode | None:
    """Return the operation of a *document* that has one."""
    return next(iter(document.operations.values())) if len(document.operations) == 1 else None


def _no_such(document: Document, name: str) -> str:
    if name:
        return f"Unknown operation named '{name}'."
    if document.operations:
        return "Must provide operation name if query contains multiple operations."
    return "Must provide an operation."


def _guessed(document: Document, name: str, variables: Mapping[str, Any], extensions: Any) -> Operation | None:
    """Return what an invalid *document* asks for, as far as it could be parsed."""
    node = document.operations.get(name) if name else _only(document)
    if node is None:
        return None
    own = node.name.value if node.name else ""
    names = (each.name.value for each in node.selection_set.selections if isinstance(each, FieldNode))
    fields = tuple(f"{node.operation.value.capitalize()}.{name}" for name in names)
    return Operation(node.operation.value, own, document.text, variables, fields, extensions)


def _formatted(errors: Sequence[GraphQLError]) -> tuple[Mapping[str, Any], ...]:
    return tuple(error.formatted for error in errors)
