"""What a field answers when nobody said what: values that speak, the same for the same seed and place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pytest_integrations.core.seed import Seed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["UNSET", "Defaults"]

UNSET: Any = object()
"""Stands for a value that nobody gave."""

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_YEAR = 365 * 24 * 60 * 60


class Defaults:
    """Makes up values of scalars, enums and abstract types.

    *coordinate* is where the schema has the field (`"User.name"`), *key* which object it belongs to (`"7"`): two
    objects of one type and key have the same values.
    """

    def __init__(self, seed: int, list_length: int) -> None:
        """Make up what follows from *seed*, and lists of *list_length* things."""
        self._seed = Seed(seed, "graphql")
        self.list_length: int = list_length

    def scalar(self, kind: str, coordinate: str, key: str) -> Any:
        """Return a value of the scalar called *kind*; of one that is not known a text."""
        if coordinate in _NEVER_ENDING:
            return False
        make = _SCALARS.get(kind.lower())
        if make is None:
            return f"{coordinate} {key or '1'}"
        return make(self._seed.draw(kind, coordinate, key), coordinate, key or "1")

    def chosen(self, coordinate: str, key: str, names: Sequence[str]) -> str:
        """Return one of *names*: of an enum's values, or of the types that an abstract one may be."""
        return names[int(self._seed.draw("choice", coordinate, key) * len(names))]


_NEVER_ENDING = {"PageInfo.hasNextPage", "PageInfo.hasPreviousPage"}
"""Where true would let a client turn pages for ever."""


def _moment(draw: float) -> datetime:
    return _EPOCH + timedelta(seconds=int(draw * _YEAR))


def _slug(coordinate: str, key: str) -> str:
    return f"{coordinate}.{key}".lower().replace(" ", "-")


def _integer(draw: float, _coordinate: str, _key: str) -> int:
    return int(draw * 1000) + 1


_SCALARS: dict[str, Callable[[float, str, str], Any]] = {
    "int": _integer,
    "float": lambda draw, _where, _key: round(draw * 1000, 2),
    "boolean": lambda draw, _where, _key: draw < 0.5,
    "id": lambda _draw, _where, key: key,
    "bigint": lambda draw, _where, _key: str(2**53 + int(draw * 1000)),
    "long": _integer,
    "decimal": lambda draw, _where, _key: f"{draw * 1000:.2f}",
    "datetime": lambda draw, _where, _key: f"{_moment(draw):%Y-%m-%dT%H:%M:%SZ}",
    "timestamp": lambda draw, _where, _key: int(_moment(draw).timestamp()),
    "date": lambda draw, _where, _key: f"{_moment(draw):%Y-%m-%d}",
    "time": lambda draw, _where, _key: f"{_moment(draw):%H:%M:%S}Z",
    "duration": lambda draw, _where, _key: f"PT{int(draw * 3600)}S",
    "uuid": lambda draw, _where, _key: str(UUID(int=int(draw * 2**64) << 64 | int(draw * 2**64), version=4)),
    "json": lambda _draw, where, key: {where: key},
    "jsonobject": lambda _draw, where, key: {where: key},
    "map": lambda _draw, where, key: {where: key},
    "url": lambda _draw, where, key: f"https://example.com/{_slug(where, key)}",
    "uri": lambda _draw, where, key: f"https://example.com/{_slug(where, key)}",
    "email": lambda _draw, where, key: f"{_slug(where, key)}@example.com",
    "emailaddress": lambda _draw, where, key: f"{_slug(where, key)}@example.com",
    "void": lambda _draw, _where, _key: None,
}
_SCALARS |= {f"aws{name}": _SCALARS[name] for name in ("datetime", "date", "time", "timestamp", "json", "url", "email")}
