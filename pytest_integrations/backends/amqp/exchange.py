"""Exchanges: which of their bindings a message fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["TYPES", "Binding", "Exchange", "fits_headers", "fits_topic"]

TYPES = ("direct", "fanout", "topic", "headers")


@dataclass(frozen=True, slots=True)
class Binding:
    """What leads from an exchange to a queue or to another exchange."""

    kind: Literal["queue", "exchange"]
    destination: str
    key: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Exchange:
    """One exchange."""

    def __init__(
        self,
        name: str,
        type: str,  # noqa: A002 -- as AMQP calls it
        *,
        durable: bool = True,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        """Make an exchange of one of the four *type*s; `alternate-exchange` is the one argument that matters."""
        self.name: str = name
        self.type: str = type
        self.durable: bool = durable
        self.auto_delete: bool = auto_delete
        self.internal: bool = internal
        self.arguments: dict[str, Any] = dict(arguments or {})
        self.bindings: list[Binding] = []

    @property
    def alternate(self) -> str | None:
        """The exchange that gets what fits no binding."""
        name = self.arguments.get("alternate-exchange")
        return name if isinstance(name, str) else None

    def matches(self, keys: tuple[str, ...], headers: Mapping[str, Any]) -> Iterator[Binding]:
        """Yield the bindings that a message with these *keys* and *headers* fits."""
        for binding in self.bindings:
            if self._fits(binding, keys, headers):
                yield binding

    def _fits(self, binding: Binding, keys: tuple[str, ...], headers: Mapping[str, Any]) -> bool:
        if self.type == "fanout":
            return True
        if self.type == "direct":
            return binding.key in keys
        if self.type == "topic":
            return any(fits_topic(binding.key, key) for key in keys)
        return fits_headers(binding.arguments, headers)


def fits_topic(pattern: str, key: str) -> bool:
    """Tell whether *key* fits *pattern*, where `*` is one word and `#` any number of them.

    >>> fits_topic("orders.*.paid", "orders.eu.paid"), fits_topic("orders.#", "orders"), fits_topic("#.eu", "orders")
    (True, True, False)
    """
    reached = {0}  # how many words of the pattern may be behind us
    words = pattern.split(".") if pattern else []

    def skipped(places: set[int]) -> set[int]:
        """Add the places that are reached by letting a `#` be nothing."""
        for place in range(len(words)):
            if place in places and words[place] == "#":
                places.add(place + 1)
        return places

    skipped(reached)
    for word in key.split(".") if key else []:
        step = set()
        for place in reached:
            if place < len(words):
                if words[place] == "#":
                    step.add(place)
                elif words[place] in {"*", word}:
                    step.add(place + 1)
        reached = skipped(step)
    return len(words) in reached


def fits_headers(wanted: Mapping[str, Any], headers: Mapping[str, Any]) -> bool:
    """Tell whether *headers* fit what a binding has *wanted*; `x-match` says whether all or any of them count."""
    match = str(wanted.get("x-match", "all"))
    with_x = match.endswith("-with-x")
    asked = [(name, value) for name, value in wanted.items() if name != "x-match" and (with_x or name[:2] != "x-")]
    found = [name in headers and (value is None or _same(headers[name], value)) for name, value in asked]
    return any(found) if match.startswith("any") else all(found)


def _same(left: Any, right: Any) -> bool:
    """Tell whether two values are of one type and equal: in RabbitMQ 1 is not true."""
    return type(left) is type(right) and bool(left == right)
