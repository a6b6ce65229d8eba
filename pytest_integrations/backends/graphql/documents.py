"""Documents that clients send: parsed, checked against the schema, and remembered by their text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)

from .selection import Selection

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLSchema

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

    __slots__ = ("aliases", "ast", "defers", "errors", "fields", "fragments", "operations", "phase", "text")

    def __init__(self, text: str, schema: GraphQLSchema, limits: Limits) -> None:
        """Parse *text* and check it against *schema*, as far as *limits* let it."""
        self.text: str = text
        self.phase: Phase = "parse"
        self.ast: DocumentNode | None = None
        self.errors: tuple[GraphQLError, ...] = ()
        """What is wrong with it, in this *phase*."""
        self.operations: dict[str, OperationDefinitionNode] = {}
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        self.fields: dict[str, tuple[str, ...]] = {}
        """The coordinates of the fields that each operation selects, each once, in order."""
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
        if not self.errors:
            self._select(schema)

    def _take_apart(self, ast: DocumentNode) -> None:
        for definition in ast.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self.operations[definition.name.value if definition.name else ""] = definition
            elif isinstance(definition, FragmentDefinitionNode):
                self.fragments[definition.name.value] = definition

    def _select(self, schema: GraphQLSchema) -> None:
        selections = {name: Selection(node, self.fragments, schema) for name, node in self.operations.items()}
        self.fields = {name: tuple(selection.coordinates) for name, selection in selections.items()}
        self.aliases = frozenset().union(*(selection.aliases for selection in selections.values()))


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
