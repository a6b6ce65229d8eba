"""Secrets, taken out of what is written down: by the names that they go by, and wherever their values turn up again."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["REDACTED", "Redaction"]

REDACTED = "REDACTED"

_NAMES = {
    "apikey", "auth", "authorization", "cookie", "key", "passphrase", "passwd", "password", "proxyauthorization", "pwd",
    "secret", "setcookie", "sig", "signature", "token", "xamzcredential", "xamzsignature",
}  # fmt: skip
_ENDINGS = ("accesskey", "apikey", "credential", "credentials", "password", "privatekey", "secret", "secretkey",
            "sessionid", "signature", "token")  # fmt: skip
_PAGES = re.compile(r"(next|page|continuation|sync|cursor).*token")
"""Tokens that only say where a list goes on."""

_PART = re.compile(
    r'(content-disposition:[^\r\n]*?\bname="([^"\r\n]*)"[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n)(.*?)(?=\r\n--)',
    re.IGNORECASE | re.DOTALL,
)
"""One field of a form in parts: its head, in that its name, and its value."""

_LONG_ENOUGH = 8
"""Shorter values are not looked for elsewhere: they would be found by chance."""


class Redaction:
    """Takes the secrets out of one exchange, a request and its answer; make a new one for each."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        """Take out what goes by one of the usual names, or by one of *more*."""
        self._more = {_plain(name) for name in more}
        self._values: set[str] = set()

    def is_secret(self, name: str) -> bool:
        """Tell whether what goes by *name* (of a header field, a query parameter, a key) is a secret.

        >>> [Redaction().is_secret(name) for name in ("X-Api-Key", "access_token", "nextPageToken", "monkey")]
        [True, True, False, False]
        """
        plain = _plain(name)
        if plain in self._more or plain in _NAMES:
            return True
        return plain.endswith(_ENDINGS) and not _PAGES.fullmatch(plain)

    # -- by name

    def header(self, name: str, value: str) -> str:
        """Return the *value* of a header field, without its secret; a cookie keeps its name, a scheme stays."""
        if not self.is_secret(name):
            return value
        if _plain(name) == "cookie":
            return "; ".join(self._cookie(pair.strip()) for pair in value.split(";"))
        if _plain(name) == "setcookie":
            pair, semicolon, rest = value.partition(";")
            return f"{self._cookie(pair)}{semicolon}{rest}"
        scheme, space, secret = value.partition(" ")
        return f"{scheme} {self._taken(secret)}" if space else self._taken(value)

    def _cookie(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        return f"{name}{equals}{self._taken(value)}" if equals else pair

    def target(self, target: str) -> str:
        """Return a request's *target* without the secrets in its query."""
        path, mark, query = target.partition("?")
        pieces = []
        for pair in query.split("&"):
            name, equals, value = pair.partition("=")
            is_secret = equals and self.is_secret(unquote(name))
            pieces.append(f"{name}={self._taken(unquote(value))}" if is_secret else pair)
        return f"{path}{mark}{'&'.join(pieces)}"

    def text(self, text: str, kind: str) -> str:
        """Return the *text* of a body of this media type without the secrets that it has by name."""
        if kind == "application/x-www-form-urlencoded":
            pairs = parse_qsl(text, keep_blank_values=True)
            if any(self.is_secret(name) for name, _ in pairs):
                return urlencode([(name, self._taken(v) if self.is_secret(name) else v) for name, v in pairs])
            return text
        if kind == "multipart/form-data":
            return _PART.sub(
                lambda part: f"{part[1]}{self._taken(part[3])}" if self.is_secret(part[2]) else part[0], text
            )
        return text

    def value(self, value: Any) -> Any:
        """Return a JSON *value* without what stands under the names of secrets."""
        if isinstance(value, dict):
            return {
                name: self._taken(each) if self.is_secret(name) and _is_telling(each) else self.value(each)
                for name, each in value.items()
            }
        return [self.value(each) for each in value] if isinstance(value, list) else value

    def _taken(self, secret: Any) -> str:
        text = secret if isinstance(secret, str) else json.dumps(secret)
        if len(text) >= _LONG_ENOUGH and text != REDACTED:
            self._values.add(text)
        return REDACTED

    # -- by value

    def everywhere(self, value: Any) -> Any:
        """Return a JSON *value* in which none of the secrets that were taken out turns up again."""
        if isinstance(value, str):
            for secret in sorted(self._values, key=len, reverse=True):
                value = value.replace(secret, REDACTED)
            return value
        if isinstance(value, dict):
            return {self.everywhere(name): self.everywhere(each) for name, each in value.items()}
        return [self.everywhere(each) for each in value] if isinstance(value, list) else value


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_telling(value: Any) -> bool:
    """Tell whether *value* can be a secret itself, rather than hold some, or say that there is none."""
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
