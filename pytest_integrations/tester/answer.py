"""What a client returned, if it is a response, whatever library's it is."""

from __future__ import annotations

import json
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Answer"]

_EXCERPT = 200


class Answer:
    """A response of `requests`, httpx, urllib, werkzeug, or of our own `HttpClient`, read in one way."""

    def __init__(self, status: int, response: Any) -> None:
        """Read the *response* that has this *status*; its body when it is first asked for."""
        self.status: int = status
        self._response = response
        self._text: str | None = None

    @classmethod
    def of(cls, value: Any) -> Answer | None:
        """Return *value* as an answer; None if it is no response of HTTP."""
        for name in ("status_code", "status"):
            status = getattr(value, name, None)
            if isinstance(status, int) and not isinstance(status, bool) and hasattr(value, "headers"):
                return cls(status, value)
        return None

    @property
    def headers(self) -> Mapping[str, str]:
        """Its header fields, as its library has them: looked up in any case."""
        fields: Mapping[str, str] = self._response.headers
        return fields

    @property
    def text(self) -> str:
        """Its body as text."""
        if self._text is None:
            self._text = _text(self._response)
        return self._text

    def json(self) -> Any:
        """Return its body, parsed as JSON; raises `json.JSONDecodeError` where it is not."""
        return json.loads(self.text)

    def __str__(self) -> str:
        """Show the status and the beginning of the body, for a message."""
        text = " ".join(self.text.split())
        return f"{self.status} {text[:_EXCERPT]}{'…' if len(text) > _EXCERPT else ''}".rstrip()


def _text(response: Any) -> str:
    for name in ("text", "content", "data", "body"):
        value = getattr(response, name, None)
        if isinstance(value, str):
            return value
        if isinstance(value, bytes | bytearray):
            return value.decode("utf-8", "replace")
    read = getattr(response, "read", None)
    if callable(read) and not iscoroutinefunction(read):  # of urllib; its body is read once, and kept by the caller
        content = read()
        if isinstance(content, bytes):
            return content.decode("utf-8", "replace")
    msg = f"the body of {response!r} cannot be read here: let the client return what is in it"
    raise ScriptingError(msg)
