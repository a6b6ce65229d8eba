"""Schemas: from whatever a test has, to one that is executed here; each text is parsed once in a process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from graphql import (
    GraphQLError,
    GraphQLSchema,
    build_ast_schema,
    build_client_schema,
    parse,
    print_schema,
    validate_schema,
)
from graphql.validation.validate import validate_sdl

from pytest_integrations.core.errors import ScriptingError

from .documents import Documents
from .library import PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Schema"]

_SUFFIXES = {".graphql", ".graphqls", ".gql", ".json"}
_MAX_REMEMBERED = 64
_by_text: dict[str, Schema] = {}
_by_object: WeakKeyDictionary[Any, Schema] = WeakKeyDictionary()


class Schema:
    """A schema without resolvers of its own, and the documents that were checked against it."""

    def __init__(self, sdl: str) -> None:
        """Build the schema that *sdl* describes; one that is wrong is a `ScriptingError` with graphql's own words."""
        self.sdl: str = sdl
        self.graphql: GraphQLSchema = _built(sdl)
        self.documents: Documents = Documents(self.graphql)

    @classmethod
    def of(cls, source: Any) -> Schema:
        """Return the schema that *source* is.

        SDL as text; the path of a `.graphql`, `.graphqls`, `.gql` or `.json` file; the answer to an introspection
        query, as a dict or as text, with or without `{"data": …}`; a `graphql.GraphQLSchema` (so are those of ariadne),
        or what has one for its `_schema` (so do those of strawberry). Resolvers are left behind.
        """
        if isinstance(source, cls):
            return source
        if isinstance(source, Path) or (isinstance(source, str) and _is_path(source)):
            return cls._of_text(_read(Path(source)))
        if isinstance(source, str):
            return cls._of_text(source)
        if isinstance(source, dict):
            return cls._of_text(_from_introspection(source))
        return cls._of_object(getattr(source, "_schema", source))

    @classmethod
    def _of_text(cls, text: str) -> Schema:
        known = _by_text.get(text)
        if known is None:
            known = cls(_from_json(text) if text.lstrip().startswith("{") else text)
            if len(_by_text) >= _MAX_REMEMBERED:
                _by_text.pop(next(iter(_by_text)))
            _by_text[text] = known
        return known

    @classmethod
    def _of_object(cls, schema: Any) -> Schema:
        if not isinstance(schema, GraphQLSchema):
            msg = (
                f"schema={schema!r} is not a schema: valid are SDL text, the path of a .graphql or .json file, "
                "an introspection result, a graphql.GraphQLSchema, or a schema of ariadne or strawberry"
            )
            raise ScriptingError(msg)
        known = _by_object.get(schema)
        if known is None:
            # Printed and read again, so that its resolvers, its enums' inner values and its scalars stay behind.
            known = _by_object[schema] = cls._of_text(print_schema(schema))
        return known


def _is_path(text: str) -> bool:
    return "\n" not in text and "{" not in text and Path(text.strip()).suffix.lower() in _SUFFIXES


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"schema={str(path)!r} cannot be read: {error}"
        raise ScriptingError(msg) from error


def _from_json(text: str) -> str:
    try:
        return _from_introspection(json.loads(text))
    except ValueError as error:
        if isinstance(error, ScriptingError):
            raise
        msg = f"schema: the introspection result is not JSON: {error}"
        raise ScriptingError(msg) from error


def _from_introspection(result: Mapping[str, Any]) -> str:
    """Return as SDL the schema that was answered to an introspection query."""
    inner: Any = result.get("data", result)
    if not isinstance(inner, dict) or "__schema" not in inner:
        msg = (
            f"schema: a dict with the keys {', '.join(map(repr, result)) or 'none'} is not an introspection result: "
            "valid are {'__schema': …} and {'data': {'__schema': …}}"
        )
        raise ScriptingError(msg)
    try:
        return print_schema(build_client_schema(inner))  # type: ignore[arg-type]  # it checks that itself
    except Exception as error:
        msg = f"schema: the introspection result cannot be read: {error}"
        raise ScriptingError(msg) from error


def _built(sdl: str) -> GraphQLSchema:
    """Build the schema, able to defer and to stream, and check it."""
    try:
        document = parse(sdl)
    except GraphQLError as error:
        raise _wrong([error]) from error
    errors = validate_sdl(document)
    if errors:
        raise _wrong(errors)
    schema = _incremental(build_ast_schema(document, assume_valid_sdl=True))
    errors = validate_schema(schema)
    if errors:
        raise _wrong(errors)
    return schema


def _incremental(schema: GraphQLSchema) -> GraphQLSchema:
    """Return *schema* with the directives `@defer` and `@stream`, unless it declares them itself."""
    parts: dict[str, Any] = {**schema.to_kwargs()}
    known = {directive.name for directive in schema.directives}
    added = [each for each in PARTS if each.name not in known]
    parts["directives"] = (*schema.directives, *added)
    return GraphQLSchema(**parts)


def _wrong(errors: Sequence[GraphQLError]) -> ScriptingError:
    shown = "\n\n".join(map(str, errors[:3]))
    more = f"\n\n... and {len(errors) - 3} more" if len(errors) > 3 else ""
    return ScriptingError(f"schema: {shown}{more}")
