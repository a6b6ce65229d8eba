"""The fakes, the client and the markers of a file of cases, read and checked."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.core.reply import Reply
from pytest_integrations.profiles.tables import Tables

from .stage import RESERVED, ClientPlan, FakePlan, RoutePlan, Step, load, placeholders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.registry import Registry

__all__ = ["Mark", "StageReader"]

_FAKE = ("kind", "settings", "routes", "queues", "setup")
_ROUTE = ("route", "where", "reply", "replies")
_WHERE = ("query", "headers", "json")
_REPLY = ("status", "json", "text", "headers")
_STEP = ("call", "arguments", "then")
_WAYS = ("url", "call", "make", "fixture")
_CLIENT = (*_WAYS, "headers", "timeout", "arguments")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_MARK = re.compile(r"[A-Za-z]\w*")
_OPERATION = re.compile(r"([A-Z]+) (/\S*)")
_ITEMS_AT_MOST = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """A marker of pytest by its name, with what stands in its brackets."""

    name: str
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


class StageReader(Tables):
    """Reads what the cases of a file are played on."""

    def __init__(self, file: str, faults: Registry[type[Fault]], kinds: Registry[type[Fake]]) -> None:
        """Read what stands in *file*; it may name these *faults* and *kinds* of fakes."""
        super().__init__(file, faults, ScriptingError)
        self._kinds = kinds

    # -- fakes

    def fakes(self, value: object, key: str, known: Mapping[str, FakePlan] | None = None) -> tuple[FakePlan, ...]:
        """Return the fakes of a table; one that is *known* already keeps its kind."""
        known = known or {}
        return tuple(
            self._fake(name, each, f"{key}.{name}", known.get(name)) for name, each in self.table(value, key).items()
        )

    def _fake(self, name: str, value: object, key: str, known: FakePlan | None) -> FakePlan:
        if not _NAME.fullmatch(name) or name in RESERVED:
            own = " and ".join(map(repr, RESERVED))
            self.fail(key, f"{name!r} is no name for a fake: valid are letters, digits, '-' and '_', but not {own}")
        table = self.table(value, key)
        self.only(table, _FAKE, key)
        kind = self.text(table.get("kind", "rest" if known is None else known.kind), f"{key}.kind")
        if kind not in self._kinds:
            self.fail(f"{key}.kind", str(UnknownName("kind of fake", kind, self._kinds)))
        if known is not None and kind != known.kind:
            self.fail(f"{key}.kind", f"{name} is of kind {known.kind!r} in this file; a case cannot change that")
        if kind != "rest" and "routes" in table:
            self.fail(f"{key}.routes", f"only fakes of kind 'rest' have routes; for {kind!r} use queues or setup")
        return FakePlan(
            name,
            kind,
            self.table(table.get("settings", {}), f"{key}.settings"),
            self._each(table, "routes", key, self._route),
            self._each(table, "queues", key, self.table),
            self._each(table, "setup", key, self._step),
        )

    def _route(self, value: object, key: str) -> RoutePlan:
        table = self.table(value, key)
        self.only(table, _ROUTE, key)
        written = self.text(table.get("route", ""), f"{key}.route")
        operation = _OPERATION.fullmatch(written)
        if operation is None:
            self.fail(f"{key}.route", f"{written!r} is no route: valid is a method and a path, 'GET /stock/<sku>'")
        where = self.table(table.get("where", {}), f"{key}.where")
        self.only(where, _WHERE, f"{key}.where")
        if "reply" in table and "replies" in table:
            self.fail(key, "has reply and replies: give one of them")
        answers = self.array(table["replies"], f"{key}.replies") if "replies" in table else [table.get("reply", {})]
        if not answers:
            self.fail(f"{key}.replies", "expected at least one answer, such as replies = [503, { json = {} }]")
        replies = tuple(self._reply(each, f"{key}.{'replies' if 'replies' in table else 'reply'}") for each in answers)
        return RoutePlan(operation[1], operation[2], where, replies)

    def _reply(self, value: object, key: str) -> Mapping[str, Any]:
        is_status = isinstance(value, int) and not isinstance(value, bool)
        table = self.table({"status": value} if is_status else value, key)
        self.only(table, _REPLY, key)
        try:
            Reply.of(**table)
        except (ScriptingError, TypeError) as error:
            self.fail(key, str(error), error)
        return table

    def _step(self, value: object, key: str) -> Step:
        table = self.table(value, key)
        self.only(table, _STEP, key)
        if "call" not in table:
            self.fail(key, 'names no method of the fake, such as call = "resource"')
        arguments = table.get("arguments", [])
        if not isinstance(arguments, list | dict):
            self.fail(f"{key}.arguments", f"expected a table, or an array of them in their order; found {arguments!r}")
        then = table.get("then", [])
        then = [then] if isinstance(then, dict) else then
        return Step(
            self.text(table["call"], f"{key}.call"),
            arguments,
            tuple(self._step(each, f"{key}.then") for each in self.array(then, f"{key}.then")),
        )

    # -- the client

    def client(self, value: object, key: str, fakes: Mapping[str, FakePlan]) -> ClientPlan:
        """Return the client of a table; its placeholders are those of *fakes*."""
        table = self.table(value, key)
        self.only(table, _CLIENT, key)
        ways = [way for way in _WAYS if way in table]
        if len(ways) != 1:
            got = " and ".join(ways) or "none of them"
            self.fail(key, f"says what is tested by one of {', '.join(_WAYS)}; found {got}")
        for name, way in (("headers", "url"), ("timeout", "url"), ("arguments", "make")):
            if name in table and way not in table:
                self.fail(f"{key}.{name}", f"goes with {key}.{way} only")
        named = self.text(table[ways[0]], f"{key}.{ways[0]}")
        headers = self.table(table.get("headers", {}), f"{key}.headers")
        self._only_known(table, key, fakes)
        timeout = table.get("timeout", 30.0)
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
            self.fail(f"{key}.timeout", f"{timeout!r} is not a number of seconds above 0")
        arguments = self.table(table.get("arguments", {}), f"{key}.arguments")
        make = self._loaded(named, f"{key}.make") if ways == ["make"] else None
        if make is not None:
            self._must_take(make, arguments, f"{key}.arguments")
        return ClientPlan(
            url=named if ways == ["url"] else None,
            headers={name: str(each) for name, each in headers.items()},
            timeout=timeout,
            call=self._loaded(named, f"{key}.call") if ways == ["call"] else None,
            make=make,
            arguments=arguments,
            fixture=named if ways == ["fixture"] else None,
        )

    def _loaded(self, name: str, key: str) -> Any:
        try:
            found = load(name)
        except ScriptingError as error:
            self.fail(key, str(error), error)
        if not callable(found):
            self.fail(key, f"{name!r} is {found!r}, which cannot be called")
        return found

    def _must_take(self, make: Callable[..., object], arguments: Mapping[str, Any], key: str) -> None:
        """Refuse *arguments* that *make* cannot be called with, as far as it can be known."""
        try:
            signature = inspect.signature(make)
        except ValueError:  # of some classes in C
            return
        try:
            signature.bind(**arguments)
        except TypeError as error:
            self.fail(key, f"{error}; it takes {signature}", error)

    def _only_known(self, value: object, key: str, fakes: Mapping[str, FakePlan]) -> None:
        for name in placeholders(value):
            if name not in fakes:
                self.fail(key, str(UnknownName("fake", name, fakes)))

    def intercept(self, value: object, key: str, fakes: Mapping[str, FakePlan]) -> Mapping[str, str]:
        """Return the URLs whose connections go to a fake, with its name."""
        table = self.table(value, key)
        for url, name in table.items():
            if self.text(name, f"{key}.{url}") not in fakes:
                self.fail(f"{key}.{url}", str(UnknownName("fake", name, fakes)))
        return table

    # -- markers

    def marks(self, value: object, key: str) -> tuple[Mark, ...]:
        """Return the markers of an array: their names, or tables of a name and what stands in its brackets."""
        return tuple(self._mark(each, f"{key}[{number}]") for number, each in enumerate(self.array(value, key)))

    def _mark(self, value: object, key: str) -> Mark:
        table = {value: []} if isinstance(value, str) else value
        if not isinstance(table, dict) or len(table) != 1 or not _MARK.fullmatch(next(iter(table))):
            self.fail(key, f"{value!r} is no marker: valid are 'slow' and {{ skip = {{ reason = 'not yet' }} }}")
        name, given = next(iter(table.items()))
        if isinstance(given, dict):
            return Mark(name, (), given)
        return Mark(name, tuple(given) if isinstance(given, list) else (given,))

    # -- arrays

    def array(self, value: object, key: str) -> list[Any]:
        """Return *value* if it is an array."""
        if not isinstance(value, list):
            self.fail(key, f"expected an array, found {value!r}")
        if len(value) > _ITEMS_AT_MOST:
            self.fail(key, f"has {len(value)} entries; {_ITEMS_AT_MOST} are the most")
        return value

    def _each(self, table: Mapping[str, Any], name: str, key: str, read: Callable[[object, str], Any]) -> Any:
        values: Iterable[object] = self.array(table.get(name, []), f"{key}.{name}")
        return tuple(read(each, f"{key}.{name}[{number}]") for number, each in enumerate(values))
