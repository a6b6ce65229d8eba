"""What graphql-core's releases have otherwise: 3.2 has no results in parts, and 3.3 executes with or without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphql
from graphql import execution

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLDirective, GraphQLSchema

__all__ = ["PARTS", "executed"]

PARTS: tuple[GraphQLDirective, ...] = tuple(
    getattr(graphql, name) for name in ("GraphQLDeferDirective", "GraphQLStreamDirective") if hasattr(graphql, name)
)
"""The directives that ask for a result in parts; none where there are no such results."""


def _whole() -> Any:
    """Return the executor of results in one piece.

    What is still to be awaited when an error beside it takes its parents with it, graphql-core closes where no loop
    runs, as on our worker threads, and what it holds is told of as never awaited. Here it is kept, to be awaited later.
    """

    class Keeping(execution.Executor[Any]):
        def settle_in_background(self, awaitables: list[Any]) -> None:
            self.context_value.unsettled.extend(awaitables)

    return Keeping


def executed(schema: GraphQLSchema, document: DocumentNode, *arguments: Any, in_parts: bool, is_awaitable: Any) -> Any:
    """Execute a *document*: `@defer` and `@stream` are heeded if *in_parts*, else ignored.

    *arguments* are those of `graphql.execute` that follow.
    """
    incremental: Any = getattr(execution, "experimental_execute_incrementally", None)
    if incremental is None:
        plain: Any = execution.execute
        return plain(schema, document, *arguments, is_awaitable=is_awaitable)
    whole = None if in_parts else _WHOLE
    return incremental(schema, document, *arguments, executor_class=whole, is_awaitable=is_awaitable)


_WHOLE = _whole() if hasattr(execution, "Executor") else None
