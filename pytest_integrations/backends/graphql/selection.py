"""Which fields an operation selects, fragments followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, get_named_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphql import (
        FragmentDefinitionNode,
        GraphQLNamedType,
        GraphQLSchema,
        OperationDefinitionNode,
        SelectionNode,
        SelectionSetNode,
    )

__all__ = ["Selection"]


class Selection:
    """The fields that one valid operation selects."""

    __slots__ = ("_fragments", "_schema", "_seen", "aliases", "coordinates")

    def __init__(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        schema: GraphQLSchema,
    ) -> None:
        """Go through the selections of *operation*, which may use *fragments*."""
        self._fragments = fragments
        self._schema = schema
        self._seen: set[str] = set()
        self.coordinates: dict[str, None] = {}
        """Where the schema has them, each once, in order: `"Query.user"`, `"User.email"`."""
        self.aliases: set[str] = set()
        """The names that the operation gives to them."""
        root = schema.get_root_type(operation.operation)
        if root is not None:
            self._walk(root, operation.selection_set)

    def _walk(self, parent: GraphQLNamedType, selections: SelectionSetNode) -> None:
        """Go through *selections* and what is in them, however deep; in the order of the text."""
        stack: list[tuple[GraphQLNamedType, Iterator[SelectionNode]]] = [(parent, iter(selections.selections))]
        while stack:
            parent, rest = stack[-1]
            selection = next(rest, None)
            if selection is None:
                stack.pop()
                continue
            inner = self._entered(parent, selection)
            if inner is not None:
                stack.append((inner[0], iter(inner[1].selections)))

    def _entered(
        self, parent: GraphQLNamedType, selection: SelectionNode
    ) -> tuple[GraphQLNamedType, SelectionSetNode] | None:
        """Note what *selection* selects of *parent*; return the type and the selections within it, if there are any."""
        types = self._schema.type_map
        if isinstance(selection, FieldNode):
            return self._field(parent, selection)
        if isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            return (types[condition.name.value] if condition else parent), selection.selection_set
        if isinstance(selection, FragmentSpreadNode) and selection.name.value not in self._seen:
            self._seen.add(selection.name.value)
            fragment = self._fragments[selection.name.value]
            return types[fragment.type_condition.name.value], fragment.selection_set
        return None

    def _field(self, parent: GraphQLNamedType, node: FieldNode) -> tuple[GraphQLNamedType, SelectionSetNode] | None:
        name = node.name.value
        if node.alias:
            self.aliases.add(node.alias.value)
        field = getattr(parent, "fields", {}).get(name)
        if field is None:  # `__typename`, and what introspection has
            return None
        self.coordinates[f"{parent.name}.{name}"] = None
        return (get_named_type(field.type), node.selection_set) if node.selection_set else None
