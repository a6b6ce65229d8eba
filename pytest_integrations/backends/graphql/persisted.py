"""Documents that the server has already: stored by the test, or by clients (automatic persisted queries)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .engine import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Persisted", "identity"]

_MAX_REGISTERED = 1000


def identity(document: str) -> str:
    """Return the id of a *document*: the hexadecimal SHA-256 of its text in UTF-8."""
    return sha256(document.encode("utf-8", "surrogatepass")).hexdigest()


class Persisted:
    """The stored documents of one fake, by id."""

    def __init__(self) -> None:
        """Begin with none."""
        self._stored: dict[str, str] = {}
        self._registered: dict[str, str] = {}
        """Those that clients stored; the oldest go when there are too many."""

    def store(self, document: str, id: str | None = None) -> str:  # noqa: A002 -- as it is called
        """Store *document* under *id*, or under its hash, and return that."""
        id = identity(document) if id is None else id  # noqa: A001 -- as above
        self._stored[id] = document
        return id

    def resolved(self, parameters: Mapping[str, Any], *, automatic: bool) -> Mapping[str, Any] | Rejected:
        """Return *parameters* with the document that they name, or that no such document is there.

        *automatic*: whether clients may store documents by sending them with their hash.
        """
        if isinstance(parameters.get("documentId"), str) and not parameters.get("query"):
            named = parameters["documentId"]
            document = self._stored.get(named) or self._stored.get(named.removeprefix("sha256:"))
            if document is None:
                why = f"no document is stored as {named!r}; stored are: {', '.join(map(repr, self._stored)) or 'none'}"
                return _rejected(why, "PERSISTED_DOCUMENT_NOT_FOUND", is_protocol=False)
            return {**parameters, "query": document}
        extensions = parameters.get("extensions")
        asked = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
        return parameters if asked is None else self._automatic(parameters, asked, automatic=automatic)

    def _automatic(self, parameters: Mapping[str, Any], asked: Any, *, automatic: bool) -> Mapping[str, Any] | Rejected:
        if not automatic:
            return _rejected("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
        given = asked.get("sha256Hash") if isinstance(asked, dict) else None
        if not isinstance(given, str) or asked.get("version") != 1:
            return _rejected("Unsupported persisted query version", "BAD_REQUEST", is_protocol=False)
        document = parameters.get("query")
        if not document:
            known = self._registered.get(given) or self._stored.get(given)
            if known is None:
                return _rejected("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
            return {**parameters, "query": known}
        if isinstance(document, str) and identity(document) != given:
            return _rejected("provided sha does not match query", "BAD_REQUEST", is_protocol=False)
        self._registered.pop(given, None)
        if len(self._registered) >= _MAX_REGISTERED:
            self._registered.pop(next(iter(self._registered)))
        self._registered[given] = document
        return parameters


def _rejected(message: str, code: str, *, is_protocol: bool = True) -> Rejected:
    error = {"message": message, "extensions": {"code": code}}
    return Rejected((error,), "persisted", is_protocol=is_protocol)
