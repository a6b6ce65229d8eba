"""The faults of a case: where they are injected, for how long, and whether they happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError, near_names
from pytest_integrations.core.fault import Fault
from pytest_integrations.profiles import ProfileRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.core.call import Call
    from pytest_integrations.core.script import Rule

__all__ = ["Injection", "injected"]


@dataclass(frozen=True, slots=True)
class Injection:
    """What `inject(*faults, **when)` is called with, and on what.

    Without a *place*, which is a fake or a part of one, it is the fake whose name matches the pattern *fake*; None is
    for the only one.
    """

    faults: tuple[Fault, ...]
    when: Mapping[str, Any] = field(default_factory=dict)
    place: Any = None
    fake: str | None = None
    operation: str = "*"
    on: Mapping[str, Any] | None = None
    """The arguments of the fake's `on(...)`, if it is for a part of its operations."""

    @classmethod
    def all_of(cls, value: Any) -> tuple[Injection, ...]:
        """Return the faults that a case writes as *value*.

        A fault, a `rule(...)` of profiles, several of them, or a mapping of fakes (or routes, queues) to them.
        """
        if isinstance(value, Mapping):
            return tuple(each for place, faults in value.items() for each in cls._at(place, faults))
        return tuple(cls._at(None, value))

    @classmethod
    def _at(cls, place: Any, value: Any) -> Iterator[Injection]:
        if place is not None and not callable(getattr(place, "inject", None)):
            msg = f"faults: {place!r} is nothing to inject into: valid are fakes, and their routes, methods and queues"
            raise ScriptingError(msg)
        values: Iterable[Any] = (value,)
        if isinstance(value, Iterable) and not isinstance(value, Fault | ProfileRule | Injection):
            values = value
        for each in values:
            if isinstance(each, ProfileRule):
                fake = None if each.fake == "*" else each.fake
                yield cls(each.faults, each.when, place, fake, each.operation)
            elif isinstance(each, Fault):
                yield cls((each,), place=place)
            elif isinstance(each, Injection):
                yield each
            else:
                msg = (
                    f"faults: {each!r} is not a fault: valid are those of pytest_integrations.faults, such as "
                    "status(503), and rule(status(503), times=2) of pytest_integrations.profiles"
                )
                raise ScriptingError(msg)

    def inject(self, fakes: Sequence[Fake]) -> list[tuple[Any, Rule]]:
        """Inject the faults, and return the rules with what heals them."""
        places = [self.place] if self.place is not None else self._find(fakes)
        if self.on is not None:
            places = [self._part(place, self.on) for place in places]
        when = dict(self.when)
        if self.operation != "*":
            when["where"] = _operation(self.operation)
        return [(getattr(place, "fake", place), place.inject(*self.faults, **when)) for place in places]

    def _find(self, fakes: Sequence[Fake]) -> list[Fake]:
        names = [fake.name for fake in fakes]
        known = f"the fakes here are {', '.join(names)}" if names else "there is no fake here"
        if self.fake is None and len(fakes) != 1:
            msg = f"faults: {self.faults[0]!r} is for which fake? Say so, as in faults={{fake: [...]}}; {known}"
            raise ScriptingError(msg)
        found = [fake for fake in fakes if self.fake is None or fnmatchcase(fake.name, self.fake)]
        if not found:
            near = near_names(str(self.fake), names)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            msg = f"faults: no fake is called {self.fake!r}: {known}.{guess}"
            raise ScriptingError(msg)
        return found

    def _part(self, place: Any, on: Mapping[str, Any]) -> Any:
        choose = getattr(place, "on", None)
        if choose is None:
            msg = f"faults: on={on!r}: {place!r} has no parts; name an operation instead, such as 'GET /stock/*'"
            raise ScriptingError(msg)
        try:
            return choose(**on)
        except TypeError as error:
            msg = f"faults: on={on!r}: {error}"
            raise ScriptingError(msg) from error


@contextmanager
def injected(injections: Iterable[Injection], fakes: Sequence[Fake]) -> Iterator[list[Rule]]:
    """Let the faults be there for the length of a `with` block; the list has their rules."""
    rules: list[Rule] = []
    with ExitStack() as healing:
        for each in injections:
            for fake, rule in each.inject(fakes):
                healing.callback(_heal, fake, rule)
                rules.append(rule)
        yield rules


def _heal(fake: Any, rule: Rule) -> None:
    if fake.is_running:
        fake.heal(rule)


def _operation(pattern: str) -> Callable[[Call], bool]:
    return lambda call: fnmatchcase(call.operation, pattern)
