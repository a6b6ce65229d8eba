"""Documents that clients send: parsed, checked against the schema, and remembered by their text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    get_named_type,
    parse,
    specified_rules,
    validate,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql import DocumentNode, GraphQLNamedType, GraphQLSchema, SelectionSetNode

    from .limits import Limits

__all__ = ["Document", "Documents", "Phase"]

Phase = Literal["parameters", "persisted", "parse", "validate", "operation", "variables"]
"""Where a request was found wrong: ill-formed, its document, its choice of an operation, or its variables."""

_MAX_REMEMBERED = 1024
_MAX_LENGTH = 64 * 1024
"""Characters of a document that is remembered."""
_RULES = tuple(specified_rules)
_WITHOUT_SCHEMA = (*_RULES, NoSchemaIntrospectionCustomRule)


class Document:
    """One document, or what is wrong with it."""

    __slots__ = ("aliases", "ast", "defers", "errors", "fragments", "operations", "phase", "text")

    def __init__(self, text: str, schema: GraphQLSchema, limits: Limits) -> None:
        """Parse *text* and check it against *schema*, as far as *limits* let it."""
        self.text: str = text
        self.phase: Phase = "parse"
        self.ast: DocumentNode | None = None
        self.errors: tuple[GraphQLError, ...] = ()
        """What is wrong with it, in this *phase*."""
        self.operations: dict[str, OperationDefinitionNode] = {}
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        self.aliases: frozenset[str] = frozenset()
        """The names that it gives to fields."""
        self.defers: bool = "@defer" in text or "@stream" in text
        """Whether it may ask for a result in parts."""
        try:
            self.ast = parse(text, max_tokens=limits.tokens)
        except GraphQLError as error:
            self.errors = (error,)
            return
        except RecursionError:
            self.errors = (GraphQLError("Syntax Error: the document is nested too deeply."),)
            return
        self.phase = "validate"
        self._take_apart(self.ast)
        try:
            self.errors = tuple(validate(schema, self.ast, _RULES if limits.introspection else _WITHOUT_SCHEMA))
        except RecursionError:
            self.errors = (GraphQLError("The document is nested too deeply."),)

    def _take_apart(self, ast: DocumentNode) -> None:
        for definition in ast.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self.operations[definition.name.value if definition.name else ""] = definition
            elif isinstance(definition, FragmentDefinitionNode):
                self.fragments[definition.name.value] = definition

    def fields(self, operation: OperationDefinitionNode, schema: GraphQLSchema) -> tuple[str, ...]:
        """Return the coordinates of the fields that *operation* selects, each once, in order; remember the aliases."""
        root = schema.get_root_type(operation.operation)
        if root is None:
            return ()
        aliases: set[str] = set(self.aliases)
        found = tuple(dict.fromkeys(self._selected(operation.selection_set, root, schema, set(), aliases)))
        self.aliases = frozenset(aliases)
        return found

    def _selected(
        self,
        selections: SelectionSetNode,
        parent: GraphQLNamedType,
        schema: GraphQLSchema,
        seen: set[str],
        aliases: set[str],
    ) -> Iterator[str]:
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                if selection.alias:
                    aliases.add(selection.alias.value)
                name = selection.name.value
                if not name.startswith("__"):
                    yield f"{parent.name}.{name}"
                    field = getattr(parent, "fields", {}).get(name)
                    if selection.selection_set and field is not None:
                        inner = get_named_type(field.type)
                        yield from self._selected(selection.selection_set, inner, schema, seen, aliases)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = schema.type_map[condition.name.value] if condition else parent
                yield from self._selected(selection.selection_set, inner, schema, seen, aliases)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                fragment = self.fragments[selection.name.value]
                inner = schema.type_map[fragment.type_condition.name.value]
                yield from self._selected(fragment.selection_set, inner, schema, seen, aliases)


class Documents:
    """The documents that were checked against one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        """Check documents against *schema*."""
        self._schema = schema
        self._known: dict[tuple[str, int, bool], Document] = {}

    def get(self, text: str, limits: Limits) -> Document:
        """Return the document of this *text*, checked as *limits* want it."""
        key = (text, limits.tokens, limits.introspection)
        known = self._known.get(key)
        if known is None:
            known = Document(text, self._schema, limits)
            if len(text) <= _MAX_LENGTH:
                if len(self._known) >= _MAX_REMEMBERED:
                    self._known.clear()
                self._known[key] = known
        return known
