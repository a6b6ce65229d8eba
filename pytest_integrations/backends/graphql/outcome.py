"""What came of an execution: the result as it is sent, and what the test has to be told of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult, GraphQLError

from .errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graphql.execution import InitialIncrementalExecutionResult, SubsequentIncrementalExecutionResult

    from .engine import Result

__all__ = ["told", "told_in_part"]


def told(result: ExecutionResult) -> tuple[Result, tuple[Exception, ...]]:
    """Return *result* as it is sent, and the exceptions of the test's own code in it."""
    formatted: Result = {}
    if result.errors:
        formatted["errors"] = [error.formatted for error in result.errors]
    formatted["data"] = result.data
    return formatted, tuple(_causes(result.errors or ()))


def told_in_part(
    part: InitialIncrementalExecutionResult | SubsequentIncrementalExecutionResult,
) -> tuple[Result, tuple[Exception, ...]]:
    """Return a *part* of a result as it is sent, and the exceptions of the test's own code in it."""
    errors = [*(getattr(part, "errors", None) or ())]
    for each in (*(getattr(part, "incremental", None) or ()), *(getattr(part, "completed", None) or ())):
        errors += getattr(each, "errors", None) or ()
    formatted: Any = part.formatted
    return formatted, tuple(_causes(errors))


def _causes(errors: Iterable[GraphQLError]) -> Iterator[Exception]:
    for error in errors:
        cause = error.original_error
        if cause is not None and not _is_meant(cause):
            yield cause


def _is_meant(cause: Exception) -> bool:
    """Tell whether *cause* is an error that a real server answers, rather than one of the test's code."""
    return isinstance(cause, GraphQLError | FieldError) or str(cause).startswith("Cannot return null for non-nullable")
