"""What the cases of a file are played on: its fakes, and the client under test."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError, near_names
from pytest_integrations.core.reply import Reply

from .http_client import HttpClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.backends.rest import FakeRest

__all__ = ["ClientPlan", "FakePlan", "RoutePlan", "Step", "filled", "load", "placeholders"]

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w-]*)\.([A-Za-z_]\w*)\}")
_ENVIRONMENT, _FILE = "env", "file"
RESERVED = (_ENVIRONMENT, _FILE)
"""What placeholders are of besides the fakes."""
_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """One route of a REST fake: `GET /stock/<sku>`, the conditions, and its answers."""

    method: str
    path: str
    where: Mapping[str, Any] = field(default_factory=dict)
    replies: tuple[Mapping[str, Any], ...] = ()
    """The arguments of `Reply.of`, for each answer in turn."""

    def declare(self, fake: FakeRest, fill: Callable[[Any], Any]) -> None:
        """Let *fake* have the route."""
        route = fake.route(self.method, self.path, **fill(self.where))
        replies = fill(self.replies)
        if len(replies) == 1:
            route.reply(**replies[0])
        else:
            route.replies(*(Reply.of(**reply) for reply in replies))


@dataclass(frozen=True, slots=True)
class Step:
    """A call of a method of a fake, or of what such a call returned."""

    call: str
    arguments: Sequence[Any] | Mapping[str, Any] = ()
    then: tuple[Step, ...] = ()

    def take(self, target: Any, fill: Callable[[Any], Any], key: str = "setup") -> None:
        """Call the method of *target*, and go on with what it returns; what cannot be is told with the *key*."""
        function = target
        for name in self.call.split("."):
            function = getattr(function, name, None)
        if not callable(function):
            known = [name for name in dir(target) if not name.startswith("_")]
            near = near_names(self.call, known)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            msg = f"{key}: {target!r} has no method {self.call!r}.{guess}"
            raise ScriptingError(msg)
        arguments = fill(self.arguments)
        try:
            value = function(**arguments) if isinstance(arguments, Mapping) else function(*arguments)
        except TypeError as error:
            msg = f"{key}: {self.call}: {error}"
            raise ScriptingError(msg) from error
        for step in self.then:
            step.take(value, fill, key)


@dataclass(frozen=True, slots=True)
class FakePlan:
    """One fake: its name, its kind, and what it is told before a case."""

    name: str
    kind: str = "rest"
    settings: Mapping[str, Any] = field(default_factory=dict)
    routes: tuple[RoutePlan, ...] = ()
    queues: tuple[Mapping[str, Any], ...] = ()
    setup: tuple[Step, ...] = ()

    def with_more(self, other: FakePlan) -> FakePlan:
        """Return the plan with what *other*, of the same fake, adds to it."""
        return replace(
            self,
            settings={**self.settings, **other.settings},
            routes=(*self.routes, *other.routes),
            queues=(*self.queues, *other.queues),
            setup=(*self.setup, *other.setup),
        )

    def start(self, make: Callable[..., Any], fill: Callable[[Any], Any]) -> None:
        """Start the fake by *make(kind, name, **settings)*, and tell it all of it; *fill* fills placeholders."""
        try:
            fake = make(self.kind, self.name, **fill(self.settings))
        except TypeError as error:
            msg = f"fakes.{self.name}.settings: {error}"
            raise ScriptingError(msg) from error
        self.prepare(fake, fill)

    def prepare(self, fake: Any, fill: Callable[[Any], Any]) -> None:
        """Tell a running *fake* all of it."""
        for route in self.routes:
            route.declare(fake, fill)
        for queue in self.queues:
            Step("topic" if self.kind == "kafka" else "queue", queue).take(fake, fill, "queues")
        for step in self.setup:
            step.take(fake, fill)


@dataclass(frozen=True, slots=True)
class ClientPlan:
    """The client under test; one of *url*, *call*, *make* and *fixture* says which."""

    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0
    call: Any = None
    make: Any = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    fixture: str | None = None

    def client(self, fill: Callable[[Any], Any], fixture: Callable[[str], Any]) -> Any:
        """Return the client; *fill* puts values for placeholders, *fixture* returns that of a name."""
        if self.url is not None:
            return HttpClient(fill(self.url), headers=fill(self.headers), timeout=self.timeout)
        if self.call is not None:
            return self.call
        if self.make is not None:
            return self.make(**fill(self.arguments))
        return fixture(str(self.fixture))


def filled(value: Any, fakes: Mapping[str, Fake], file: Path) -> Any:
    """Return *value* with `{stock.url}` replaced by the attribute `url` of the fake `stock`, in all texts in it.

    `{env.SHOP_URL}` is a variable of the environment, `{file.folder}` where the *file* lies. A text that is nothing but
    a placeholder becomes the attribute; what names no fake stays as it is.
    """
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        if whole is not None:
            return _attribute(whole, fakes, file)
        return _PLACEHOLDER.sub(lambda found: str(_attribute(found, fakes, file)), value)
    if isinstance(value, Mapping):
        return {name: filled(each, fakes, file) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(filled(each, fakes, file) for each in value)
    return value


def placeholders(value: Any) -> Iterator[str]:
    """Yield the names of the fakes that the placeholders in *value* are of."""
    if isinstance(value, str):
        yield from (name for name, _ in _PLACEHOLDER.findall(value) if name not in RESERVED)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from placeholders(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from placeholders(each)


def _attribute(found: re.Match[str], fakes: Mapping[str, Fake], file: Path) -> Any:
    name, attribute = found.groups()
    if (name, attribute) == (_FILE, "folder"):
        return str(file.parent)
    if name == _ENVIRONMENT:
        if attribute not in os.environ:
            msg = f"{found[0]}: there is no variable {attribute} in the environment; set it, such as {attribute}=..."
            raise ScriptingError(msg)
        return os.environ[attribute]
    if name not in fakes:
        return found[0]  # it is a text of the user's own: those that must be of a fake were checked when they were read
    value = getattr(fakes[name], attribute, _MISSING)
    if value is _MISSING or callable(value):
        msg = f"{found[0]}: {fakes[name]!r} has no {attribute!r}; {name}.url is where it listens"
        raise ScriptingError(msg)
    return value


def load(name: str) -> Any:
    """Return what `"package.module:name"` names."""
    module, colon, attribute = name.partition(":")
    if not colon or not module or not attribute:
        msg = f"{name!r} names nothing: valid is 'package.module:name'"
        raise ScriptingError(msg)
    try:
        found: Any = import_module(module)
    except ImportError as error:
        is_itself = isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]
        hint = "; the setting `pythonpath` of pytest says in which folders modules are looked for" if is_itself else ""
        msg = f"{name!r}: {error}{hint}"
        raise ScriptingError(msg) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            near = near_names(part, dir(found))
            guess = f" Did you mean {near[0]!r}?" if near else ""
            msg = f"{name!r}: {getattr(found, '__name__', found)} has no {part!r}.{guess}"
            raise ScriptingError(msg)
        found = getattr(found, part)
    return found
