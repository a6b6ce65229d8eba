"""The routing table: werkzeug's, with the routes of one path and method ranked by how much they ask for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from werkzeug.routing import MapAdapter

    from pytest_integrations.backends.http_objects import RecordedCall

    from .conditions import Conditions
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
        self._adapters: dict[frozenset[str], MapAdapter] = {}
        self._remembered: dict[bytes, list[Found]] = {}
        self._lock = threading.Lock()

    def find(self, method: str, template: str, conditions: Conditions) -> Route | None:
        """Return the route that was declared with exactly these, or None."""
        same = (route for route in self._templates.get(template, ()) if route.method == method)
        return next((route for route in same if route.conditions.is_written_as(conditions)), None)

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
        known = frozenset(self._templates)
        adapter = self._adapters.get(known) or empty_map().bind("fake")
        try:
            adapter.map.add(rule(template))
        except (LookupError, ValueError, TypeError) as error:
            msg = (
                f"path {template!r} cannot be read: {error}. Placeholders are werkzeug's: "
                "<name>, <int:name>, <float:name>, <path:name>, <uuid:name>, <any(a,b):name>"
            )
            raise ScriptingError(msg) from error
        self._adapters = {known | {template}: adapter}

    def candidates(self, call: RecordedCall) -> list[Found]:
        """Return the routes for the method and path of *call*.

        The most exact path first, of one path the most demanding first, of equals the latest.
        """
        key = call.head.partition(b"\r\n")[0]
        with self._lock:
            found = self._remembered.get(key)
            if found is None:
                found = self._look_up(call.method, call.path)
                if len(self._remembered) < _MAX_REMEMBERED:
                    self._remembered[key] = found
        return found

    def templates_of(self, path: str) -> set[str]:
        """Return the templates that *path* fits, whatever the method."""
        with self._lock:
            return {template for template, _ in self._matches(path)}

    def _look_up(self, method: str, path: str) -> list[Found]:
        wanted = {method, "GET", "ANY"} if method == "HEAD" else {method, "ANY"}
        found: list[Found] = []
        for template, values in self._matches(path):
            fitting = [route for route in self._templates[template] if route.method in wanted]
            fitting.sort(key=lambda route: (route.conditions.count, self.routes.index(route)), reverse=True)
            found += [(route, dict(values)) for route in fitting]
            if any(not route.conditions.count for route in fitting):
                break  # it takes what comes, so that nothing gets past it
        return found

    def _matches(self, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Find the templates that *path* fits, the most exact first: werkzeug tells one, and is asked again without."""
        from werkzeug.exceptions import HTTPException

        if path.startswith("//"):  # which werkzeug takes for one slash
            return
        left = frozenset(self._templates)
        while left:
            try:
                template, values = self._adapter(left).match(path, "GET")
            except HTTPException:
                return
            yield template, values
            left -= {template}

    def _adapter(self, templates: frozenset[str]) -> MapAdapter:
        """Return werkzeug's map of these *templates* alone."""
        from .rules import empty_map, rule

        adapter = self._adapters.get(templates)
        if adapter is None:
            adapter = self._adapters[templates] = empty_map().bind("fake")
            for template in sorted(templates):
                adapter.map.add(rule(template))
        return adapter
