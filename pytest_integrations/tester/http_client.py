"""Sends requests to a URL as they are told, for services that are tested from outside."""

from __future__ import annotations

import json as jsonlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from pytest_integrations.core.call import Headers
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import number

from .request import NOTHING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from http.client import HTTPConnection

__all__ = ["HttpClient", "Response"]

_KEPT = "/%:@!$&'()*+,;=~?-._"
"""What may stand in a path and is sent as it is; the rest is percent-encoded."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as it came: *status*, *reason*, *headers* (in any case) and the *body*'s bytes."""

    status: int
    reason: str
    headers: Headers
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8, with replacement characters where it is not."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body, parsed as JSON; raises `json.JSONDecodeError` where it is not."""
        return jsonlib.loads(self.body)

    def __repr__(self) -> str:
        """Show the status and the beginning of the body."""
        return f"<Response {self.status} {self.reason} {self.body[:60]!r}{'…' if len(self.body) > 60 else ''}>"


class HttpClient:
    """Sends one request at a time to a service, and hides nothing: no retry, no redirect, no cookie.

    The service is seen as a caller sees it, so that what is resilient about it is its own doing. What goes wrong below
    HTTP is raised as `http.client` and `socket` raise it.

    ```python
    with FakeRest() as shop:
        shop.get("/tea").reply(json={"left": 3})

        answer = HttpClient(shop.url)("GET", "/tea", headers={"Accept": "application/json"})

        assert (answer.status, answer.json()) == (200, {"left": 3})
    ```
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Send to what is under *base_url*, with these *headers*; give up when nothing comes for *timeout* seconds.

        *context* is how HTTPS is verified, by default as Python does: for a fake `fake.client_context()`.
        """
        self._parts = _parts(base_url)
        self.base_url: str = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._timeout = number("timeout", timeout, above=0)
        self._context = context

    def __call__(
        self,
        method: str,
        path: str = "",
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = NOTHING,
        text: str | None = None,
        body: bytes | None = None,
    ) -> Response:
        """Send a request and return its whole answer.

        `client("GET", "/tea")` or `client("GET /tea")`; at most one of *json*, *text* and *body*.
        """
        if not path and " " in method:
            method, _, path = method.partition(" ")
        if path and not path.startswith(("/", "?")):
            msg = f"path {path!r} does not begin with '/': it is joined to {self.base_url}"
            raise ScriptingError(msg)
        kind, content = _content(json, text, body)
        fields = _joined({"Accept": "*/*"}, {"Content-Type": kind} if kind else {}, self._headers, headers or {})
        return self._send(method.upper(), self._target(path, query), fields, content)

    def _target(self, path: str, query: Mapping[str, Any] | None) -> str:
        target = quote(self._parts.path.rstrip("/") + path, safe=_KEPT) or "/"
        if query:
            target += ("&" if "?" in target else "?") + urlencode(query, doseq=True)
        return target

    def _send(self, method: str, target: str, fields: Mapping[str, str], content: bytes | None) -> Response:
        connection = self._connection()
        try:
            connection.request(method, target, content, dict(fields))
            answer = connection.getresponse()
            body = answer.read()
            return Response(answer.status, answer.reason, Headers(tuple(answer.getheaders())), body)
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        host, port = str(self._parts.hostname), self._parts.port
        if self._parts.scheme == "https":
            return HTTPSConnection(host, port, timeout=self._timeout, context=self._context)
        return HTTPConnection(host, port, timeout=self._timeout)

    def __repr__(self) -> str:
        """Show where it sends to."""
        return f"HttpClient({self.base_url!r})"


def _parts(base_url: object) -> SplitResult:
    """Return the parts of a URL, if it is one that can be sent to."""
    hint = ""
    if isinstance(base_url, str):
        try:
            parts = urlsplit(base_url)
            port = parts.port  # looked at only now, and 99999 is none
        except ValueError as error:
            hint = f" ({error})"
        else:
            if parts.scheme in {"http", "https"} and parts.hostname and port != 0:
                return parts
    msg = f"{base_url!r} is not a URL to send to{hint}: valid are http:// and https:// with a host"
    raise ScriptingError(msg)


def _joined(*headers: Mapping[str, Any]) -> dict[str, str]:
    """Return all *headers*; of those with one name, in whatever case, the last."""
    named = {name.lower(): (name, str(value)) for each in headers for name, value in each.items()}
    return dict(named.values())


def _content(json: Any, text: str | None, body: bytes | None) -> tuple[str | None, bytes | None]:
    """Return the content type and the bytes of whichever form of body was given."""
    given = [
        name
        for name, is_given in (("json", json is not NOTHING), ("text", text is not None), ("body", body is not None))
        if is_given
    ]
    if len(given) > 1:
        msg = f"a request has one body: give one of json=, text= and body=, not {' and '.join(given)}"
        raise ScriptingError(msg)
    if json is not NOTHING:
        return "application/json", jsonlib.dumps(json).encode()
    if text is not None:
        return "text/plain; charset=utf-8", text.encode()
    return ("application/octet-stream" if body is not None else None), body
