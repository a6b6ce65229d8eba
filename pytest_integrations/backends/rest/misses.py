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
    path = call.path
    lines = [f"{fake}: nothing answers {call.method} {call.target}"]
    if not table.routes:
        lines.append(f"  it has no routes yet; write: {fake}.{_declaration(call.method, path)}.reply(200)")
        return "\n".join(lines)
    fitting = table.templates_of(path)
    ranked = sorted(table.routes, key=lambda route: _likeness(call.method, path, route, fitting), reverse=True)
    lines.append("  nearest:")
    lines += [f"    {route.operation}: {'; '.join(_reasons(call, path, route, fitting))}" for route in ranked[:_SHOWN]]
    if len(table.routes) > _SHOWN:
        lines.append(f"    ... of {len(table.routes)} routes")
    return "\n".join(lines)


def problem_json(status: int, title: str, detail: str) -> Reply:
    """Return an `application/problem+json` reply (RFC 9457); its statuses are ones that clients do not retry."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}, indent=2)
    return Reply.of(status, body=body.encode(), headers={"Content-Type": "application/problem+json"})


def _declaration(method: str, path: str) -> str:
    """Return how to declare the route that is missing; a GET route answers HEAD as well."""
    verb = {"HEAD": "get"}.get(method, method.lower())
    if verb in {"get", "post", "put", "patch", "delete"}:
        return f"{verb}({path!r})"
    return f"route({method!r}, {path!r})"


def _likeness(method: str, path: str, route: Route, fitting: set[str]) -> float:
    likeness = difflib.SequenceMatcher(None, path, route.template).ratio()
    return likeness + 2 * (route.template in fitting) + 0.2 * _is_method(method, route)


def _is_method(method: str, route: Route) -> bool:
    return route.method in {method, "ANY"} or (method == "HEAD" and route.method == "GET")


def _reasons(call: RecordedCall, path: str, route: Route, fitting: set[str]) -> list[str]:
    """Return in words what *route* asks for and *call* has otherwise."""
    reasons = [] if _is_method(call.method, route) else [f"method is {call.method}, expected {route.method}"]
    if route.template not in fitting:
        return [*reasons, f"path is {path!r}"]
    return reasons + route.conditions.misses(call)
