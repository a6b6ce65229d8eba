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


def executed(schema: GraphQLSchema, document: DocumentNode, *arguments: Any, in_parts: bool, is_awaitable: Any) -> Any:
    """Execute a *document*: `@defer` and `@stream` are heeded if *in_parts*, else ignored.

    *arguments* are those of `graphql.execute` that follow.
    """
    incremental: Any = getattr(execution, "experimental_execute_incrementally", None)
    if incremental is None:
        plain: Any = execution.execute
        return plain(schema, document, *arguments, is_awaitable=is_awaitable)
    whole = None if in_parts else execution.Executor
    return incremental(schema, document, *arguments, executor_class=whole, is_awaitable=is_awaitable)
