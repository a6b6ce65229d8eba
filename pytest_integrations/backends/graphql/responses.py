"""GraphQL over HTTP, the response: the status and the bytes of results."""

from __future__ import annotations

import json
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from pytest_integrations.core.reply import Reply

from .negotiation import JSON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .documents import Phase

__all__ = ["StatusPolicy", "encoded", "refused", "replied", "status_of"]

StatusPolicy = Literal["audit", "draft", "always-200"]


def replied(content: Any, status: int, media: str, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """Return the reply with this *content*, a result or a list of such."""
    return Reply(status, (("Content-Type", f"{media}; charset=utf-8"), *headers), encoded(content))


def encoded(content: Any) -> bytes:
    """Return *content* as JSON in UTF-8; what a scalar may be given as and JSON has not is its text."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_text)
    return text.encode("utf-8", "surrogatepass")


def _text(value: Any) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    msg = f"{value!r} cannot be sent as JSON: give text, a number, a list or a dict for this scalar"
    raise TypeError(msg)


def refused(status: int, why: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Return the reply to a request that is not GraphQL over HTTP: errors and no data."""
    return replied({"errors": [{"message": why}]}, status, JSON, tuple((headers or {}).items()))


def status_of(policy: StatusPolicy, media: str, result: Mapping[str, Any], phase: Phase | None) -> int:
    """Return the status for *result*, which came to nothing in this *phase*, if in one.

    `"audit"`: what the published test suite for servers asks for: an ill-formed request is a 400; else what has no data
    is a 400 as `application/graphql-response+json`, and a 200 as `application/json`. `"draft"`: the text of August
    2026: 422 for an ill-formed request; as `application/graphql-response+json` also for one that is not valid, 400 for
    a document that cannot be parsed, and 294 for data with errors; as `application/json` 200 for these.
    `"always-200"`: what many servers do.
    """
    if policy == "always-200":
        return 200
    if phase == "parameters":
        return 422 if policy == "draft" else 400
    if media == JSON:
        return 200
    if policy == "draft" and "data" not in result:
        return 400 if phase == "parse" else 422
    if policy == "draft":
        return 294 if result.get("errors") else 200
    return 200 if "data" in result else 400
