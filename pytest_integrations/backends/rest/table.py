"""The routing table: werkzeug's, with the routes of one path and method ranked by how much they ask for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from werkzeug.routing import Map, MapAdapter

    from pytest_integrations.backends.http_objects import RecordedCall

    from .route import Route

__all__ = ["Found", "RouteTable"]

Found = tuple["Route", dict[str, Any]]
_MAX_REMEMBERED = 1024


class RouteTable:
    """Finds the route that answers a call.

    werkzeug parses the templates and ranks the paths; what it found for a method and target is remembered, since
    clients ask the same again and again.
    """

    def __init__(self) -> None:
        """Begin without routes."""
        self.routes: list[Route] = []
        self._templates: dict[str, list[Route]] = {}
        self._map: Map | None = None
        self._adapter: MapAdapter | None = None
        self._remembered: dict[tuple[bytes, bytes], list[Found]] = {}
        self._lock = threading.Lock()

    def find(self, method: str, template: str, conditions: str) -> Route | None:
        """Return the route that was declared with exactly these, or None."""
        same = (route for route in self._templates.get(template, ()) if route.method == method)
        return next((route for route in same if str(route.conditions) == conditions), None)

    def add(self, route: Route) -> None:
        """Add *route*; a template that werkzeug cannot read is a `ScriptingError`."""
        with self._lock:
            routes = self._templates.get(route.template)
            if routes is None:
                self._add_template(route.template)
                routes = self._templates[route.template] = []
            routes.append(route)
            self.routes.append(route)
            self._remembered.clear()

    def _add_template(self, template: str) -> None:
        from .rules import empty_map, rule

        if not template.startswith("/"):
            msg = f"path {template!r} must begin with a slash, such as {'/' + template!r}"
            raise ScriptingError(msg)
        if self._map is None:
            self._map = empty_map()
            self._adapter = self._map.bind("fake")
        try:
            self._map.add(rule(template))
        except (LookupError, ValueError, TypeError) as error:
            msg = (
                f"path {template!r} cannot be read: {error}. Placeholders are werkzeug's: "
                "<name>, <int:name>, <float:name>, <path:name>, <uuid:name>, <any(a,b):name>"
            )
            raise ScriptingError(msg) from error

    def candidates(self, call: RecordedCall) -> list[Found]:
        """Return the routes for the method and path of *call*: the most demanding first, of equals the latest."""
        key = tuple(call.head.split(b" ", 2)[:2])
        with self._lock:
            found = self._remembered.get(key)  # type: ignore[arg-type]  # a tuple of two
            if found is None:
                found = self._look_up(call.method, call.path)
                if len(self._remembered) < _MAX_REMEMBERED:
                    self._remembered[key] = found  # type: ignore[index]  # a tuple of two
        return found

    def _look_up(self, method: str, path: str) -> list[Found]:
        if self._adapter is None:
            return []
        from werkzeug.exceptions import HTTPException

        try:
            template, values = self._adapter.match(path, "GET")
        except HTTPException:
            return []
        wanted = {method, "GET"} if method == "HEAD" else {method}
        fitting = [route for route in self._templates[template] if route.method in wanted or route.method == "ANY"]
        fitting.sort(key=lambda route: (route.conditions.count, self.routes.index(route)), reverse=True)
        return [(route, dict(values)) for route in fitting]
