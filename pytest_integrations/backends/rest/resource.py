"""A small store of things with ids, behind the routes that REST clients expect."""

from __future__ import annotations

import json
from copy import deepcopy
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.reply import Reply

from .misses import problem_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from werkzeug.wrappers import Request

    from .fake import FakeRest

__all__ = ["Resource"]


class Resource:
    """What `fake_rest.resource("users")` keeps; reading `items` or calling `add` and `clear` changes it from the test.

        GET    /users        200 with all items
        POST   /users        201, Location and ETag; 409 if the id is taken; 400 if the body is no JSON object
        GET    /users/<id>   200 and ETag; 304 if If-None-Match names it; 404
        PUT    /users/<id>   200, or 201 if it is new; 412 if If-Match or If-None-Match does not hold
        PATCH  /users/<id>   200, merged as RFC 7396 says; 404, 412
        DELETE /users/<id>   204; 404, 412

    Ids are numbers from 1 on where the client gives none. ETags are strong and follow the content (RFC 9110 section
    8.8.3).
    """

    def __init__(self, fake: FakeRest, path: str, id_key: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Serve *items* of *fake* under *path*, each under its *id_key*."""
        self.path: str = f"/{path.strip('/')}"
        if "<" in path:
            msg = f"resource {path!r} has a placeholder: one store has one path, such as 'orgs/7/users'"
            raise ScriptingError(msg)
        self.id_key = id_key
        self._items: dict[str, dict[str, Any]] = {}
        self._last_id = 0
        for item in items:
            self.add(item)
        fake.get(self.path).calls(self._list, inline=True)
        fake.post(self.path).calls(self._create, inline=True)
        one = f"{self.path}/<id>"
        fake.get(one).calls(self._read, inline=True)
        fake.put(one).calls(self._replace, inline=True)
        fake.patch(one).calls(self._merge, inline=True)
        fake.delete(one).calls(self._delete, inline=True)

    # -- used by the test

    @property
    def items(self) -> list[dict[str, Any]]:
        """What is in the store now, in the order of creation; copies."""
        return [deepcopy(item) for item in list(self._items.values())]

    def add(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Put *item* into the store and return it, with its id; an id that is taken is a `ScriptingError`."""
        stored = deepcopy(dict(item))
        if stored.get(self.id_key) is None:
            stored[self.id_key] = self._next_id()
        key = str(stored[self.id_key])
        if key in self._items:
            msg = f"{self.path}: there is an item with {self.id_key}={stored[self.id_key]!r} already"
            raise ScriptingError(msg)
        self._items[key] = stored
        return deepcopy(stored)

    def clear(self) -> None:
        """Empty the store; ids go on."""
        self._items.clear()

    def __contains__(self, key: object) -> bool:
        """Tell whether there is an item with this id."""
        return str(key) in self._items

    def __getitem__(self, key: object) -> dict[str, Any]:
        """Return a copy of the item with this id."""
        return deepcopy(self._items[str(key)])

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self._items)

    def _next_id(self) -> int:
        self._last_id += 1
        while str(self._last_id) in self._items:
            self._last_id += 1
        return self._last_id

    # -- used by clients

    def _list(self) -> Reply:
        return Reply.of(json=self.items)

    def _create(self, request: Request) -> Reply:
        item = _object(request)
        if item is None:
            return _bad_body()
        key = str(item.get(self.id_key, ""))
        if key in self._items:
            return problem_json(409, "Conflict", f"{self.path} has an item with {self.id_key} {key} already")
        return self._shown(self.add(item), 201)

    def _read(self, request: Request, id: str) -> Reply:  # noqa: A002 -- the placeholder's name
        item = self._items.get(id)
        if item is None:
            return self._missing(id)
        if request.if_none_match.contains_weak(_tag(item)):
            return Reply(304, (("ETag", f'"{_tag(item)}"'),))
        return self._shown(item, 200)

    def _replace(self, request: Request, id: str) -> Reply:  # noqa: A002 -- as above
        item = _object(request)
        if item is None:
            return _bad_body()
        old = self._items.get(id)
        if not _holds(request, old):
            return self._lost_update(id)
        self._items[id] = {**item, self.id_key: _id(id, item.get(self.id_key)) if old is None else old[self.id_key]}
        return self._shown(self._items[id], 200 if old is not None else 201)

    def _merge(self, request: Request, id: str) -> Reply:  # noqa: A002 -- as above
        patch = _object(request)
        if patch is None:
            return _bad_body()
        old = self._items.get(id)
        if old is None:
            return self._missing(id)
        if not _holds(request, old):
            return self._lost_update(id)
        self._items[id] = {**_merged(old, patch), self.id_key: old[self.id_key]}
        return self._shown(self._items[id], 200)

    def _delete(self, request: Request, id: str) -> Reply:  # noqa: A002 -- as above
        old = self._items.get(id)
        if old is None:
            return self._missing(id)
        if not _holds(request, old):
            return self._lost_update(id)
        del self._items[id]
        return Reply(204)

    def _shown(self, item: dict[str, Any], status: int) -> Reply:
        headers = [("ETag", f'"{_tag(item)}"')]
        if status == 201:
            headers.append(("Location", quote(f"{self.path}/{item[self.id_key]}")))
        return Reply.of(status, json=item, headers=headers)

    def _missing(self, key: str) -> Reply:
        return problem_json(404, "Not found", f"{self.path} has no item with {self.id_key} {key}")

    def _lost_update(self, key: str) -> Reply:
        return problem_json(412, "Precondition failed", f"{self.path}/{key} has changed: its ETag is another one")

    def __repr__(self) -> str:
        """Show the path and how much there is."""
        return f"<Resource {self.path}: {len(self)} items>"


def _tag(item: Mapping[str, Any]) -> str:
    return blake2b(json.dumps(item, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()


def _object(request: Request) -> dict[str, Any] | None:
    """Return the request's JSON object, or None if that is not what it has."""
    try:
        body = json.loads(request.get_data())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _bad_body() -> Reply:
    return problem_json(400, "Bad request", "the body must be a JSON object")


def _holds(request: Request, item: Mapping[str, Any] | None) -> bool:
    """Tell whether If-Match and If-None-Match, if there are any, hold for *item* (RFC 9110 section 13.1)."""
    if "If-Match" in request.headers and not (item is not None and request.if_match.contains(_tag(item))):
        return False
    return item is None or not request.if_none_match.contains_weak(_tag(item))


def _id(asked: str, given: object) -> object:
    """Return the id of a new item that was *asked* for by its path: as *given* if that is it, as a number if it is."""
    if str(given) == asked:
        return given
    return int(asked) if asked.isascii() and asked.isdigit() and str(int(asked)) == asked else asked


def _merged(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return *target* with *patch* applied: null removes, objects merge, all else replaces (RFC 7396)."""
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            old = result.get(key)
            result[key] = _merged(old if isinstance(old, dict) else {}, value)
        else:
            result[key] = value
    return result
