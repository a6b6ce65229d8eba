"""All that a request can break: what the document asks for, and what the request has instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException

from pytest_integrations.backends.rest.rules import empty_map, rule

from .bodies import body_errors
from .parameters import parameter_errors
from .schemas import Schemas
from .security import security_errors

if TYPE_CHECKING:
    from werkzeug.routing import Map

    from pytest_integrations.backends.http_objects import RecordedCall

    from .document import Document, Operation

__all__ = ["Breach", "Contract"]


@dataclass(frozen=True, slots=True)
class Breach:
    """What a request has broken: what it is answered, and what the test is told."""

    status: int
    title: str
    text: str


class Contract:
    """The operations of a document below a path, and what they ask for."""

    def __init__(self, document: Document, prefix: str, *, security: bool) -> None:
        """Ask for what *document* says; for credentials only with *security*."""
        self.document = document
        self.schemas: Schemas = Schemas(document)
        self._security = security
        self._prefix = prefix
        self._operations: dict[tuple[str, str], Operation] = {}
        maps: dict[str, Map] = {}
        for operation in document.operations():
            template = f"{prefix}{operation.template}"
            self._operations[operation.method, template] = operation
            maps.setdefault(operation.method, empty_map()).add(rule(template))
        self._paths = {method: paths.bind("fake") for method, paths in maps.items()}
        """By method, since the operations of one path may stand in two, whose placeholders have other names."""

    def breach(self, fake: str, call: RecordedCall, route: str | None) -> Breach | None:
        """Return what *call* to *fake*, for a *route* of this template, breaks; None if it is not in the document."""
        found = self._find(call)
        if found is None:
            return None
        operation, values = found
        template = f"{self._prefix}{operation.template}"
        if route is not None and route.count("<") < template.count("<"):
            return None  # it fits the operation's path, and has a route of its own: /users/me, say
        lacking = list(security_errors(self.document, operation, call)) if self._security else []
        wrong = [
            *parameter_errors(self.document, self.schemas, operation, call, values),
            *body_errors(self.document, self.schemas, operation, call),
        ]
        if not lacking and not wrong:
            return None
        name = f" ({operation.id})" if operation.id else ""
        head = f"{fake}: {call.method} {call.target} breaks {self.document.name}, {operation}{name}"
        text = "\n".join([head, *(f"  {each}" for each in (*lacking, *wrong))])
        if lacking and not wrong:
            return Breach(401, "Credentials are missing", text)
        return Breach(400, "The request breaks the OpenAPI document", text)

    def _find(self, call: RecordedCall) -> tuple[Operation, dict[str, str]] | None:
        if call.path.startswith("//"):  # which werkzeug takes for one slash
            return None
        for method in ("HEAD", "GET") if call.method == "HEAD" else (call.method,):
            try:
                template, values = self._paths[method].match(call.path, "GET")
            except (KeyError, HTTPException):
                continue
            return self._operations[method, template], dict(values)
        return None
