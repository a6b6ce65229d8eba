"""What a case asks of the client's behaviour: assertions by their names, on the calls of the case alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.assertions.client_calls import ClientCalls
    from pytest_integrations.core.delivery import Messages
    from pytest_integrations.core.ledger import Calls

__all__ = ["Evidence", "Requirement", "names"]

_PREFIX = "assert_"
_PLACES = ("fake", "operation")
_FILLED = ("demand", "error")
"""Parameters of assertions that the tester knows by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What there is of one case to judge: what crossed the wire, and what the client did on its side."""

    calls: Calls
    messages: Messages
    demand: ClientCalls
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """One assertion with its settings, on the calls to the fakes and operations that match these patterns."""

    name: str
    check: Callable[..., object]
    settings: Mapping[str, Any] = field(default_factory=dict)
    fake: str = "*"
    operation: str = "*"

    @classmethod
    def all_of(cls, value: Any) -> tuple[Requirement, ...]:
        """Return the requirements that a case writes as *value*.

        A mapping of the assertions' names to their settings, functions of the calls, or several of both.
        """
        if isinstance(value, Mapping):
            return tuple(each for name, settings in value.items() for each in cls._named(name, settings))
        if callable(value):
            return (cls._function(value),)
        if isinstance(value, Iterable) and not isinstance(value, str):
            return tuple(found for each in value for found in cls.all_of(each))
        msg = (
            f"resilience={value!r} asks for nothing: valid are names and settings, such as {{'attempts': "
            "{'exactly': 3}}, and functions of the calls, such as partial(assert_attempts, exactly=3)"
        )
        raise ScriptingError(msg)

    @classmethod
    def _named(cls, name: str, settings: Any) -> Iterator[Requirement]:
        several = isinstance(settings, list) and bool(settings) and all(isinstance(each, Mapping) for each in settings)
        for each in settings if several else [settings]:
            yield cls.named(name, each)

    @classmethod
    def named(cls, name: str, settings: Any = True) -> Requirement:  # noqa: FBT002 -- as it is written in a table
        """Return the assertion called *name*, with or without `assert_`.

        *settings* are its arguments by name, with `fake` and `operation` for a part of the calls; True is none of
        them, and any other value is the first one.
        """
        check = _find(name)
        parameters = [*inspect.signature(check).parameters]
        if not parameters or parameters[0] not in {"calls", "messages"}:
            msg = f"resilience: {name!r} does not ask about the calls of one case; give a function in its place"
            raise ScriptingError(msg)
        if settings is True:
            settings = {}
        elif not isinstance(settings, Mapping):
            settings = {parameters[1]: settings} if len(parameters) > 1 else {"": settings}
        own = {key: value for key, value in settings.items() if key not in _PLACES}
        for key in own:
            if key not in parameters[1:]:
                valid = ", ".join([*parameters[1:], *_PLACES])
                msg = f"resilience: {name} takes no {key!r}: valid are {valid}"
                raise ScriptingError(msg)
        needed = inspect.signature(check).parameters.values()
        missing = [each.name for each in needed if each.default is each.empty and each.name not in {*own, *_FILLED}]
        if missing[1:]:
            msg = f"resilience: {name} needs {', '.join(missing[1:])}"
            raise ScriptingError(msg)
        places = {key: str(value) for key, value in settings.items() if key in _PLACES}
        return cls(name.removeprefix(_PREFIX), check, own, **places)

    @classmethod
    def _function(cls, check: Callable[..., object]) -> Requirement:
        inner = check.func if isinstance(check, partial) else check
        name = getattr(inner, "__name__", None) or repr(inner)
        return cls(str(name).removeprefix(_PREFIX), check)

    def judge(self, evidence: Evidence) -> None:
        """Raise what the assertion raises about the calls, or messages, that it is for."""
        __tracebackhide__ = True
        try:
            parameters = [*inspect.signature(self.check).parameters]
        except ValueError:  # of some built-in functions it is not known
            parameters = []
        known: dict[str, Any] = {"demand": evidence.demand} if "demand" in parameters else {}
        if "declared" in self.settings:  # what the caller is to see, which is then compared with what it saw
            known["error"] = evidence.error
        filled = {name: value for name, value in known.items() if name not in {*self.settings, *_given(self.check)}}
        about = self._messages(evidence) if parameters[:1] == ["messages"] else self._calls(evidence)
        self.check(about, **filled, **self.settings)

    def _calls(self, evidence: Evidence) -> Calls:
        return evidence.calls.where(
            lambda call: fnmatchcase(call.fake, self.fake) and fnmatchcase(call.operation, self.operation)
        )

    def _messages(self, evidence: Evidence) -> Messages:
        return evidence.messages.where(
            lambda message: fnmatchcase(message.fake, self.fake) and fnmatchcase(message.published_to, self.operation)
        )


def _given(check: Callable[..., object]) -> Mapping[str, Any]:
    return check.keywords if isinstance(check, partial) else {}


def names() -> tuple[str, ...]:
    """Return the names that a case may ask for."""
    from pytest_integrations import assertions

    return tuple(name.removeprefix(_PREFIX) for name in assertions.__all__ if name.startswith(_PREFIX))


def _find(name: Any) -> Callable[..., object]:
    from pytest_integrations import assertions

    known = names()
    short = str(name).removeprefix(_PREFIX)
    if short not in known:
        kind = "assertion"
        raise UnknownName(kind, str(name), known)
    check: Callable[..., object] = getattr(assertions, _PREFIX + short)
    return check
