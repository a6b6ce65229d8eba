"""GraphQL over HTTP, the request: from a recorded call to the parameters of its operations, or to a refusal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .negotiation import EVENTS, JSON, MIXED, accepted
from .refusal import HttpRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .call import RecordedOperation
    from .limits import Limits
    from .negotiation import Accepted
    from .uploads import Upload

__all__ = ["Asked", "asked"]

_FORM = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks for."""

    parameters: tuple[Mapping[str, Any], ...]
    """`query`, `operationName`, `variables`, `extensions`, `documentId` of each operation."""
    is_batch: bool
    accepted: Accepted
    is_get: bool = False
    uploads: Mapping[str, Upload] = field(default_factory=dict)


def asked(call: RecordedOperation, limits: Limits) -> Asked:
    """Return what *call* asks for; raises `HttpRefusal`."""
    headers = call.headers
    accepts = accepted(headers.get("accept"))
    if accepts.media is None and all(accepts.parameters(each) is None for each in (MIXED, EVENTS)):
        why = f"Accept: {headers.get('accept')} names none of application/graphql-response+json and application/json"
        raise HttpRefusal(406, why)
    if call.method == "GET":
        return Asked((_from_query(call.query),), is_batch=False, accepted=accepts, is_get=True)
    if call.method != "POST":
        raise HttpRefusal(405, f"GraphQL is asked by GET and POST, not by {call.method}", {"Allow": "GET, POST"})
    kind, _, words = headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind == _FORM:
        return _from_form(call, accepts, limits)
    if kind != JSON:
        named = f"not {kind}" if kind else "and it must be named by Content-Type"
        raise HttpRefusal(415, f"the body of a POST is application/json, {named}")
    charset = _charset(words)
    if charset not in {"utf-8", "utf8"}:
        raise HttpRefusal(415, f"the body of a POST is in UTF-8, not in {charset}")
    return _from_json(_parsed(call.body, limits), accepts, limits)


def _from_query(query: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the parameters of a GET."""
    parameters: dict[str, Any] = dict(query)
    for name in ("variables", "extensions"):
        if parameters.get(name):
            try:
                parameters[name] = json.loads(parameters[name])
            except (ValueError, RecursionError) as error:
                raise HttpRefusal(400, f"{name} is not JSON: {error}") from error
        else:
            parameters.pop(name, None)
    return parameters


def _from_json(content: Any, accepts: Accepted, limits: Limits, uploads: Mapping[str, Upload] | None = None) -> Asked:
    if isinstance(content, list):
        if not limits.batch:
            raise HttpRefusal(400, "Batching is not enabled.")
        if len(content) > limits.batch:
            raise HttpRefusal(400, f"a batch of {len(content)} operations is longer than {limits.batch}")
        if not content:
            raise HttpRefusal(400, "a batch needs at least one operation")
    operations = content if isinstance(content, list) else [content]
    if not all(isinstance(each, dict) for each in operations):
        raise HttpRefusal(400, "the body of a POST is a JSON object with a query, or a list of such")
    return Asked(tuple(operations), isinstance(content, list), accepts, uploads=uploads or {})


def _from_form(call: RecordedOperation, accepts: Accepted, limits: Limits) -> Asked:
    from .uploads import operations_of

    content, uploads = operations_of(call, lambda data: _parsed(data, limits))
    return _from_json(content, accepts, limits, uploads)


def _charset(words: str) -> str:
    for word in words.split(";"):
        name, _, value = word.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"


def _parsed(body: bytes, limits: Limits) -> Any:
    """Return what a *body* of JSON says, if it is not nested too deeply."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HttpRefusal(400, f"the body is not JSON: {error}") from error
    if body.count(b"[") + body.count(b"{") > limits.depth and _depth(content) > limits.depth:
        raise HttpRefusal(400, f"the body is nested more than {limits.depth} levels deep")
    return content


def _depth(content: Any) -> int:
    """Return how many levels *content* has, without recursion."""
    depth, level = 0, [content]
    while level:
        depth += 1
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        level = inner
    return depth
