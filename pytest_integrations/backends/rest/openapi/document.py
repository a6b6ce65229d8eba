"""What is in an OpenAPI document: references followed, and its operations one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from pytest_integrations.backends.rest.templates import routed
from pytest_integrations.core.errors import ScriptingError

from .reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Document", "Operation"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_REFERENCES_AT_MOST = 100


class Document:
    """An OpenAPI document of version 3.0 or 3.1."""

    def __init__(self, source: object) -> None:
        """Read *source*; a `ScriptingError` says what is wrong with it."""
        __tracebackhide__ = True
        self.content: dict[str, Any]
        self.name: str
        self.content, self.name = read(source)
        version = str(self.content.get("openapi", ""))
        if not version.startswith("3."):
            found = f"swagger {self.content['swagger']!r}" if "swagger" in self.content else f"openapi {version!r}"
            msg = f"openapi: {self.name} is of version {found}: valid are 3.0 and 3.1, and converters make 3.0 of 2.0"
            raise ScriptingError(msg)
        self.is_3_0: bool = version.startswith("3.0")
        if not isinstance(self.content.get("paths", {}), dict):
            msg = f"openapi: in {self.name}, 'paths' is not an object"
            raise ScriptingError(msg)

    @property
    def base_path(self) -> str:
        """The path of the first server, without a slash at the end."""
        servers: list[dict[str, Any]] = self.content.get("servers") or [{}]
        url = str(servers[0].get("url", "/"))
        for name, variable in servers[0].get("variables", {}).items():
            url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
        return urlsplit(urljoin("http://localhost/", url)).path.rstrip("/")

    def follow(self, node: Any) -> Any:
        """Return what *node* refers to, or *node* itself if it is no reference."""
        for _ in range(_REFERENCES_AT_MOST):
            if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
                return node
            beside = {key: value for key, value in node.items() if key != "$ref"}
            found = self._at(node["$ref"])
            node = {**found, **beside} if beside and not self.is_3_0 and isinstance(found, dict) else found
        msg = f"openapi: in {self.name}, {node['$ref']!r} refers to itself"
        raise ScriptingError(msg)

    def _at(self, reference: str) -> Any:
        node: Any = self.content
        for part in reference.lstrip("#").strip("/").split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(key)] if isinstance(node, list) else node[key]
            except (LookupError, TypeError, ValueError) as error:
                msg = f"openapi: in {self.name}, $ref {reference!r} refers to nothing"
                raise ScriptingError(msg) from error
        return node

    def operations(self) -> Iterator[Operation]:
        """Yield the operations, in the order of the document."""
        for path, given in self.content.get("paths", {}).items():
            item = self.follow(given)
            if not path.startswith("/"):
                continue  # an extension: x-...
            for method in _METHODS:
                if isinstance(item.get(method), dict):
                    yield self._operation(method, path, item)

    def _operation(self, method: str, path: str, item: dict[str, Any]) -> Operation:
        content = item[method]
        parameters: dict[tuple[str, str], Any] = {}
        for given in (*item.get("parameters", ()), *content.get("parameters", ())):
            parameter = self.follow(given)
            if not isinstance(parameter, dict) or "name" not in parameter:
                msg = f"openapi: in {self.name}, {method.upper()} {path} has a parameter without a name: {parameter!r}"
                raise ScriptingError(msg)
            parameters[parameter.get("in", ""), parameter.get("name", "")] = parameter
        return Operation(
            method.upper(),
            path,
            str(content.get("operationId", "")),
            tuple(parameters.values()),
            self.follow(content.get("requestBody")),
            {str(status): self.follow(answer) for status, answer in content.get("responses", {}).items()},
            tuple(content.get("security", self.content.get("security", ()))),
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with what its path item says for it."""

    method: str
    path: str
    id: str
    parameters: tuple[dict[str, Any], ...]
    body: dict[str, Any] | None
    responses: dict[str, dict[str, Any]]
    security: tuple[dict[str, Any], ...]

    @property
    def template(self) -> str:
        """The path with the placeholders of routes."""
        return routed(self.path)

    def __str__(self) -> str:
        """Show how the document calls it."""
        return f"{self.method} {self.path}"
