"""What to say about a call that no route answers: the routes that come nearest, and what each has otherwise."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING

from pytest_integrations.core.reply import Reply

if TYPE_CHECKING:
    from pytest_integrations.backends.http_objects import RecordedCall

    from .route import Route
    from .table import RouteTable

__all__ = ["near_misses", "problem_json"]

_SHOWN = 3


def near_misses(fake: str, call: RecordedCall, table: RouteTable) -> str:
    """Return a paragraph that names *call*, what came nearest to answering it, and the way out."""
    path = call.target.partition("?")[0]
    lines = [f"{fake}: nothing answers {call.method} {call.target}"]
    if not table.routes:
        lines.append(f"  it has no routes yet; write: {fake}.{_verb(call.method)}({path!r}).reply(200)")
        return "\n".join(lines)
    candidates = [route for route, _ in table.candidates(call)]
    ranked = candidates or sorted(table.routes, key=lambda route: _likeness(call.method, path, route), reverse=True)
    lines.append("  nearest:")
    for route in ranked[:_SHOWN]:
        reasons = _reasons(call, path, route, fits=bool(candidates))
        lines += [f"    {route.operation}: {'; '.join(reasons)}"]
    if len(table.routes) > _SHOWN:
        lines.append(f"    ... of {len(table.routes)} routes")
    return "\n".join(lines)


def problem_json(status: int, title: str, detail: str) -> Reply:
    """Return an `application/problem+json` reply (RFC 9457); its statuses are ones that clients do not retry."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}, indent=2)
    return Reply.of(status, body=body.encode(), headers={"Content-Type": "application/problem+json"})


def _verb(method: str) -> str:
    known = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
    return method.lower() if method in known else f"route({method!r}, "


def _likeness(method: str, path: str, route: Route) -> float:
    return difflib.SequenceMatcher(None, path, route.template).ratio() + 0.2 * (method == route.method)


def _reasons(call: RecordedCall, path: str, route: Route, *, fits: bool) -> list[str]:
    if fits:
        return route.conditions.misses(call) or ["fits"]
    reasons = [] if route.method in {call.method, "ANY"} else [f"method is {call.method}, expected {route.method}"]
    if path == route.template or not reasons:
        reasons += [f"path is {path!r}"] if path != route.template else []
    elif path != route.template:
        reasons.append(f"path is {path!r}")
    return reasons
