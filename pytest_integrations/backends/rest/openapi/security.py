"""The credentials that a request carries: whether those asked for are there, not whether they are good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.http_objects import RecordedCall

    from .document import Document, Operation

__all__ = ["security_errors"]


def security_errors(document: Document, operation: Operation, call: RecordedCall) -> Iterator[str]:
    """Yield what credentials *call* lacks, if it has none of the sets that would do."""
    schemes = document.follow(document.content.get("components", {})).get("securitySchemes", {})
    lacking = []
    for alternative in operation.security:
        missing = [
            told for name in alternative if (told := _lack(document.follow(schemes.get(name, {})), call)) is not None
        ]
        if not missing:
            return
        lacking.append(" and ".join(missing))
    if lacking:
        yield f"credentials are missing: {', or '.join(dict.fromkeys(lacking))}"


def _lack(scheme: dict[str, Any], call: RecordedCall) -> str | None:
    """Return in words what *scheme* asks for, or None if *call* has it."""
    kind, name = scheme.get("type"), str(scheme.get("name", ""))
    if kind == "apiKey":
        place = scheme.get("in", "header")
        if place == "query":
            return None if name in call.query else f"query parameter {name!r}"
        if place == "cookie":
            has = any(each.strip().startswith(f"{name}=") for each in call.headers.get("cookie", "").split(";"))
            return None if has else f"cookie {name!r}"
        return None if name in call.headers else f"header field {name!r}"
    if kind in {"http", "oauth2", "openIdConnect"}:
        word = str(scheme.get("scheme", "bearer"))
        given = call.headers.get("authorization", "")
        return None if given.lower().startswith(f"{word.lower()} ") else f"Authorization: {word.capitalize()} …"
    return None  # mutual TLS is the connection's affair
