"""What a fault profile is: a named script that any fake can be run with."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import CannotPerform, ScriptingError
from pytest_integrations.core.when import When

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.core.call import Call
    from pytest_integrations.core.fault import Fault

__all__ = ["Profile", "ProfileRule", "rule"]


@dataclass(frozen=True, slots=True)
class ProfileRule:
    """One `inject` of a profile: *faults*, the words of *when*, and the fakes and operations that it is for.

    *fake* and *operation* are patterns as of file names: `"payments*"`, `"POST *"`.
    """

    faults: tuple[Fault, ...]
    when: Mapping[str, Any] = field(default_factory=dict)
    fake: str = "*"
    operation: str = "*"

    def __post_init__(self) -> None:
        """Check the words of when, so that a wrong one fails where the profile is written."""
        When.of(dict(self.when))
        early = next((fault for fault in self.faults if fault.scope in {"connection", "listener"}), None)
        if early is not None and self.operation != "*":
            msg = f"{early!r} happens before there is a request: it cannot be for operation {self.operation!r} only"
            raise ScriptingError(msg)

    def apply(self, profile: str, fake: Fake) -> None:
        """Add the rule to *fake*, if it is for it and its wire can perform it."""
        if not fnmatchcase(fake.name, self.fake):
            return
        where = {} if self.operation == "*" else {"where": _operation(self.operation)}
        try:
            fake.inject_from(profile, self.faults, {**self.when, **where})
        except CannotPerform:
            return  # a profile is for every protocol; what one cannot suffer, it does not


@dataclass(frozen=True, slots=True)
class Profile:
    """A named way for neighbours to be bad, for whole runs: `pytest --fault-profile NAME`.

    Of its *rules* the first that acts takes the call. They leave alone the calls that a test has scripted itself.
    """

    name: str
    description: str
    rules: tuple[ProfileRule, ...] = ()

    def apply(self, fake: Fake) -> None:
        """Let *fake*, which runs, misbehave like this, in addition to what it does already."""
        for each in self.rules:
            each.apply(self.name, fake)


def rule(*faults: Fault, **when: Any) -> ProfileRule:
    """Return a rule as `fake.inject(*faults, **when)` would script it, for all fakes and operations."""
    return ProfileRule(faults, when)


def _operation(pattern: str) -> Callable[[Call], bool]:
    return lambda call: fnmatchcase(call.operation, pattern)
