"""What `fake_rest.openapi(...)` returns: the document, its routes, and its answers by name."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from pytest_integrations.backends.rest.templates import placeholder, routed
from pytest_integrations.core.errors import ScriptingError, UnknownName

from .answers import Answers
from .contract import Contract
from .document import Document

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.rest.fake import FakeRest
    from pytest_integrations.backends.rest.route import Route
    from pytest_integrations.core.reply import Reply

    from .document import Operation

__all__ = ["OpenApi"]

_DIGITS = 19
"""That a number may have; what has more is no id, and Python may refuse it."""


class OpenApi:
    """An OpenAPI document that a fake answers by; made by `fake_rest.openapi(...)`.

    Its operations are routes of the fake, which answer the documented example, or made-up data that the schema admits.
    """

    def __init__(self, fake: FakeRest, source: object, at: str | None, *, security: bool) -> None:
        """Answer for *fake* as *source* says, below *at* or the path of its first server."""
        __tracebackhide__ = True
        self._fake = fake
        self._document = Document(source)
        self._prefix = routed(self._document.base_path if at is None else at).rstrip("/")
        if self._prefix and not self._prefix.startswith("/"):
            msg = f"at={at!r} must begin with a slash, such as {'/' + self._prefix!r}"
            raise ScriptingError(msg)
        self._operations = {operation.id or str(operation): operation for operation in self._document.operations()}
        routes = [(self._route(operation), operation) for operation in self._operations.values()]
        self.contract: Contract = Contract(self._document, self._prefix, security=security)
        self._answers = Answers(self._document, self.contract.schemas)
        for route, operation in routes:
            if not route.is_declared:
                route.calls(self._answer_to(operation), inline=True)
                route.is_declared = False

    def route(self, operation: str) -> Route:
        """Return the route of an *operation*, by its id (`"getPet"`) or as `"GET /pets/{id}"`, to script and inject."""
        __tracebackhide__ = True
        return self._route(self._operation(operation))

    def reply(self, operation: str, status: int | None = None, *, example: str | None = None) -> Reply:
        """Return a documented answer of an *operation*: that of a *status*, an *example* by its name.

        Without these it is what the operation answers by itself. It may be scripted: `replies(api.reply("getPet", 404),
        api.reply("getPet"))`.
        """
        __tracebackhide__ = True
        found = self._operation(operation)
        return self._answers.reply(found, self._fake.seed.stream("openapi", found), status=status, example=example)

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the operations: ids, or method and path where there is none."""
        return tuple(self._operations)

    def _operation(self, name: str) -> Operation:
        by_path = {str(operation): operation for operation in self._operations.values()}
        found = self._operations.get(name) or by_path.get(name)
        if found is None:
            kind = f"operation of {self._document.name}"
            raise UnknownName(kind, name, self._operations)
        return found

    def _route(self, operation: Operation) -> Route:
        return self._fake.route(operation.method, f"{self._prefix}{operation.template}")

    def _answer_to(self, operation: Operation) -> Callable[..., Reply]:
        """Return the handler of *operation*; what it makes up depends on the seed and on what was asked for."""
        names = {placeholder(each["name"]): each["name"] for each in operation.parameters if each.get("in") == "path"}

        def answer(request: Request, /, **values: str) -> Reply:
            random = self._fake.seed.stream("openapi", operation, sorted(values.items()))
            accept = request.headers.get("Accept", "")
            return self._answers.reply(operation, random, accept=accept, known=_known(request, values, names))

        return answer


def _known(request: Request, values: dict[str, str], names: dict[str, str]) -> dict[str, list[Any]]:
    """Return by name what made-up data should agree with: what was sent, and the ids in the path."""
    known = _sent(request)
    for name, text in values.items():
        meant = _meant(text)
        known[names.get(name, name)] = meant
        if names.get(name, name).lower().endswith("id"):
            known["id"] = meant
    return known


def _sent(request: Request) -> dict[str, list[Any]]:
    body = request.get_data()
    if not body:
        return {}
    try:
        sent = json.loads(body)
    except ValueError:
        # A form is read by one of our own, whose files are closed here.
        with Request({**request.environ, "wsgi.input": BytesIO(body)}, populate_request=False) as form:
            return {name: _meant(text) for name, text in form.form.items()}
    return {name: [value] for name, value in sent.items()} if isinstance(sent, dict) else {}


def _meant(text: str) -> list[Any]:
    """Return what *text* may mean where it stands for a value."""
    if text in {"true", "false"}:
        return [text == "true", text]
    return [int(text), text] if text.isascii() and text.isdigit() and len(text) < _DIGITS else [text]
