"""An OpenAPI document, from wherever it is, with the files that it refers to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import yaml

from pytest_integrations.core.errors import ScriptingError

__all__ = ["BUNDLED", "read"]

BUNDLED = "x-bundled-files"
"""Under which key of the document the files stand that it refers to."""

_VALID = "valid are a dict, the path of a JSON or YAML file, and the text of one"
_EXAMPLES = {"example", "examples", "default", "enum", "const", "value"}
"""Below which nothing is a reference."""
_NAMED = {
    "$defs", "callbacks", "content", "definitions", "dependentSchemas", "headers", "links", "parameters", "pathItems",
    "paths", "patternProperties", "properties", "requestBodies", "responses", "schemas", "securitySchemes",
}  # fmt: skip
"""Whose keys are names."""
_FILES = (".json", ".yaml", ".yml")


def read(source: object) -> tuple[dict[str, Any], str]:
    """Return the document that *source* is or names, all in one piece, and what to call it."""
    __tracebackhide__ = True
    if isinstance(source, Mapping):
        return _Bundle(None).whole(json.loads(json.dumps(source, default=str))), "the document"
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{")):
        return _Bundle(None).whole(_parsed(source, "the document")), "the document"
    if not isinstance(source, str | PathLike):
        msg = f"openapi({source!r}) is not a document: {_VALID}"
        raise ScriptingError(msg)
    path = Path(source)
    return _Bundle(path).whole(_loaded(path)), path.name


def _loaded(path: Path) -> Any:
    try:
        return _read_once(path.resolve(), path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"openapi: {str(path)!r} cannot be read ({error}): {_VALID}"
        raise ScriptingError(msg) from error


@lru_cache(maxsize=64)
def _read_once(path: Path, _changed: int) -> Any:
    """Return what the file at *path* says; nobody changes it, since each test has its fakes answer by it anew."""
    return _parsed(path.read_text(encoding="utf-8"), path.name)


def _parsed(text: str, name: str) -> Any:
    try:
        found = _json(text) if text.lstrip().startswith("{") else None
        found = yaml.load(text, Loader=_Yaml12) if found is None else found  # noqa: S506 -- a safe one, of YAML 1.2
    except (ValueError, yaml.YAMLError) as error:
        msg = f"openapi: {name} is neither JSON nor YAML: {error}"
        raise ScriptingError(msg) from error
    if not isinstance(found, dict):
        msg = f"openapi: {name} is a {type(found).__name__}, where an OpenAPI document is an object"
        raise ScriptingError(msg)
    return _with_text_keys(found)


def _json(text: str) -> Any:
    """Return what *text* says as JSON, which is read ten times as fast; None where it is none, but may be YAML."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _with_text_keys(value: Any) -> Any:
    """Return *value* as JSON has it: YAML may have numbers as keys, such as statuses."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(each) for key, each in value.items()}
    return [_with_text_keys(each) for each in value] if isinstance(value, list) else value


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, where PyYAML was built with it


class _Yaml12(_Loader):  # type: ignore[misc]  # one of two that are alike
    """YAML 1.2, as OpenAPI asks for: `no` and `=` are words, a date and a time of day are text, and 1e3 is a number."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def _whole(_loader: Any, node: Any) -> int:
    text = node.value
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
    ("merge", r"<<", ["<"]),  # of 1.1, and in use
):
    _Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)
_Yaml12.add_constructor("tag:yaml.org,2002:int", _whole)


class _Bundle:
    """Puts the files that a document refers to into it, and makes the references to them point there."""

    def __init__(self, path: Path | None) -> None:
        """Begin with the document at *path*, or one that came from nowhere and can refer to no files."""
        self._path = path
        self._keys: dict[Path, str] = {} if path is None else {path.resolve(): ""}
        self._files: dict[str, Any] = {}

    def whole(self, document: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._pointed(document, self._path, "")
        return {**found, BUNDLED: self._files} if self._files else found

    def _pointed(self, value: Any, path: Path | None, prefix: str, *, has_names: bool = False) -> Any:
        """Return *value*, part of the file at *path* which stands below *prefix*, with its references made to fit.

        Where it `has_names`, its keys are names that somebody gave, such as a property called `default`.
        """
        if isinstance(value, list):
            return [self._pointed(each, path, prefix) for each in value]
        if not isinstance(value, dict):
            return value
        part = self._named if has_names else self._part
        return {
            key: self._reference(each, path, prefix)
            if key == "$ref" and isinstance(each, str)
            else part(key, each, path, prefix)
            for key, each in value.items()
            # An $id would make the references relative to something else; what is left empty in YAML is null.
            if has_names or (key != "$id" and (each is not None or key in _EXAMPLES))
        }

    def _named(self, _name: str, value: Any, path: Path | None, prefix: str) -> Any:
        return {} if value is None else self._pointed(value, path, prefix)

    def _part(self, key: str, value: Any, path: Path | None, prefix: str) -> Any:
        if key == "examples" and isinstance(value, dict):
            return {name: self._example(each, path, prefix) for name, each in value.items()}
        if key in _EXAMPLES:
            return value
        if key == "discriminator" and isinstance(value, dict) and isinstance(value.get("mapping"), dict):
            mapping = {name: self._target(each, path, prefix) for name, each in value["mapping"].items()}
            return {**value, "mapping": mapping}
        return self._pointed(value, path, prefix, has_names=key in _NAMED)

    def _example(self, value: Any, path: Path | None, prefix: str) -> Any:
        is_reference = isinstance(value, dict) and isinstance(value.get("$ref"), str)
        return {**value, "$ref": self._reference(value["$ref"], path, prefix)} if is_reference else value

    def _target(self, target: Any, path: Path | None, prefix: str) -> Any:
        """Return what a discriminator leads to: a reference, or the name of a schema as it is."""
        is_reference = isinstance(target, str) and ("#" in target or "/" in target or target.endswith(_FILES))
        return self._reference(target, path, prefix) if is_reference else target

    def _reference(self, reference: str, path: Path | None, prefix: str) -> str:
        file, _, pointer = reference.partition("#")
        if not file:
            return f"#{prefix}{pointer}"
        if path is None or "://" in file:
            where = "another host" if "://" in file else "a file"
            msg = (
                f"openapi: $ref {reference!r} refers to {where}: give the path of a file, beside which it can be found"
            )
            raise ScriptingError(msg)
        return f"#{self._prefix_of((path.parent / file).resolve())}{pointer}"

    def _prefix_of(self, path: Path) -> str:
        if path not in self._keys:
            key = f"{len(self._files)}-{path.name}"
            prefix = self._keys[path] = f"/{BUNDLED}/{key}"
            self._files[key] = {}
            self._files[key] = self._pointed(_loaded(path), path, prefix)
        return self._keys[path]
