"""One request and its answer, as a cassette has them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pytest_integrations.core.reply import Reply

from .upstream import end_to_end

if TYPE_CHECKING:
    from pytest_integrations.core.call import HttpCall

    from .redaction import Redaction

__all__ = ["Interaction"]

_LAYOUTS: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":"), "ensure_ascii": False},
    "spaced": {"ensure_ascii": False},
    "compact ascii": {"separators": (",", ":")},
    "spaced ascii": {},
    "indented": {"indent": 2, "ensure_ascii": False},
}
"""How servers write JSON; what is written in none of these ways is kept as text, so that it comes back to the byte."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """A request, and what it was answered, both as JSON has them and without secrets."""

    request: dict[str, Any]
    response: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, call: HttpCall, reply: Reply | None, redaction: Redaction) -> Interaction:
        """Take down *call* and *reply*."""
        sent = _message(list(end_to_end(call.headers.items(), {"host", "content-length"})), call.body, redaction)
        request = {"method": call.method, "target": redaction.target(_origin_form(call)), **sent}
        response: dict[str, Any] = {}
        if reply is not None:
            response = {"status": reply.status, **_message(list(reply.headers), reply.body, redaction)}
        return cls(redaction.everywhere(request), redaction.everywhere(response))

    @classmethod
    def read(cls, content: dict[str, Any]) -> Interaction:
        """Read what `written` has written; raises ValueError, LookupError or TypeError where it is something else."""
        read = cls(content["request"], content["response"])
        read.reply()
        _body(read.request)
        return read

    def written(self) -> dict[str, Any]:
        """Return it as it stands in the file."""
        return {"request": self.request, "response": self.response}

    # -- what it is for

    @property
    def method(self) -> str:
        """The method."""
        return str(self.request["method"])

    @property
    def target(self) -> str:
        """The path and the query."""
        return str(self.request["target"])

    @property
    def path(self) -> str:
        """The path alone."""
        return self.target.partition("?")[0]

    def is_for(self, other: Interaction) -> bool:
        """Tell whether *other* asks for the same: method, path, and the query in any order."""
        return (self.method, self.path, self._query) == (other.method, other.path, other._query)

    @property
    def _query(self) -> list[tuple[str, str]]:
        return sorted(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def has_body_of(self, other: Interaction) -> bool:
        """Tell whether both have the same body; JSON is compared by what it says."""
        return bool(_meaning(self.request) == _meaning(other.request))

    def reply(self) -> Reply:
        """Return the answer."""
        fields = []
        for name, value in self.response["headers"].items():
            fields += [(name, each) for each in (value if isinstance(value, list) else [value])]
        return replace(Reply.of(int(self.response["status"]), headers=fields), body=_body(self.response))


def _origin_form(call: HttpCall) -> str:
    _, mark, query = call.target.partition("?")
    return f"{call.raw_path.decode('latin-1')}{mark}{query}"


def _message(fields: list[tuple[str, str]], body: bytes, redaction: Redaction) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    for name, value in fields:
        known = next((key for key in headers if key.lower() == name.lower()), None)
        clean = redaction.header(name, value)
        if known is None:
            headers[name] = clean
        else:
            before = headers[known]
            headers[known] = [*(before if isinstance(before, list) else [before]), clean]
    kind = next((value for name, value in fields if name.lower() == "content-type"), "")
    return {"headers": headers, **_kept(body, kind.partition(";")[0].strip().lower(), redaction)}


def _kept(body: bytes, kind: str, redaction: Redaction) -> dict[str, Any]:
    """Return *body* as it is kept: as JSON if it comes back to the byte, else as text, else in base 64."""
    if not body:
        return {}
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}
    try:
        value = json.loads(text) if text[0] in '{["' or kind.endswith("json") else None
    except ValueError:
        value = None
    clean = redaction.value(value)
    if clean is None:
        return {"text": redaction.text(text, kind)}
    layout = next((name for name, words in _LAYOUTS.items() if json.dumps(value, **words) == text), None)
    if layout is None and clean == value:
        return {"text": text}
    return {"json": clean, "layout": layout or "compact"}


def _body(message: dict[str, Any]) -> bytes:
    if "json" in message:
        return json.dumps(message["json"], **_LAYOUTS[message["layout"]]).encode()
    if "base64" in message:
        return base64.b64decode(message["base64"], validate=True)
    return str(message.get("text", "")).encode()


def _meaning(message: dict[str, Any]) -> Any:
    if "json" in message:
        return message["json"]
    text = message.get("text", message.get("base64", ""))
    try:
        return json.loads(text)
    except ValueError:
        return text
