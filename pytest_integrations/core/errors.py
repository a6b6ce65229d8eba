"""Everything this package raises, in one tree.

IntegrationsError
├── ScriptingError          a line of the test asks for something that cannot be (also a ValueError)
│   ├── UnknownName         a fault, profile, fake … that nobody registered (also a LookupError)
│   └── CannotPerform       a wire was asked for an effect that it does not have
├── ProfileError            a fault profile that cannot be read
├── NotIntercepted          a connection to another machine that no test has spoken of (also a ConnectionRefusedError)
└── FakeStopped             a fake was used after it was stopped

AssertionError
├── ResilienceError         the client under test broke a rule; carries its evidence
│   └── NothingToCheck      no call could have broken the rule: passing would prove nothing
├── UnexpectedCall          a call that nothing answers, or that breaks what is agreed, reached a fake
└── HandlerFailed           a callable of the test raised while it answered a call

UserWarning
└── IntegrationsWarning     nothing is wrong, but less was tested than it seems
    ├── FaultNeverFired     a test scripted a fault and passed without meeting it
    └── ProfilesSkipped     a test could not be repeated for each of several profiles
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CannotPerform",
    "FakeStopped",
    "FaultNeverFired",
    "HandlerFailed",
    "IntegrationsError",
    "IntegrationsWarning",
    "NotIntercepted",
    "NothingToCheck",
    "ProfileError",
    "ProfilesSkipped",
    "ResilienceError",
    "ScriptingError",
    "UnexpectedCall",
    "UnknownName",
    "near_names",
]


class IntegrationsError(Exception):
    """Something is wrong with how the fakes are used, not with the code under test."""


class ScriptingError(IntegrationsError, ValueError):
    """A line of the test asks for something that cannot be; the message names the value and the valid ones."""


class UnknownName(ScriptingError, LookupError):
    """A name that nobody registered; the message lists the near and the known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        """Say which *kind* of thing has no such *name*, what is near it and what is *known*."""
        known = sorted(known)
        near = near_names(name, known)
        guess = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        listed = ", ".join(known) or "none"
        super().__init__(f"unknown {kind} {name!r}.{guess} Known: {listed}.{' ' + hint if hint else ''}")
        self.kind: str = kind
        self.name: str = name
        self.known: list[str] = known
        self.near: list[str] = near


class CannotPerform(ScriptingError):
    """A wire was asked for an effect that it does not have."""


class ProfileError(IntegrationsError):
    """A fault profile that cannot be read; the message names the file, the key and the way out."""


class NotIntercepted(IntegrationsError, ConnectionRefusedError):
    """A connection to another machine that no test has spoken of; clients take it for one that was refused."""


class FakeStopped(IntegrationsError):
    """A fake was used after it was stopped."""


class ResilienceError(AssertionError):
    """The client under test broke a rule of resilience; the message carries the evidence."""


class NothingToCheck(ResilienceError):
    """No call could have broken the rule, so that passing would prove nothing."""


class UnexpectedCall(AssertionError):
    """A call that nothing answers, or that breaks what is agreed, reached a fake."""


class HandlerFailed(AssertionError):
    """A callable of the test raised while it answered a call."""


class IntegrationsWarning(UserWarning):
    """Nothing is wrong, but less was tested than it seems."""


class FaultNeverFired(IntegrationsWarning):
    """A test scripted a fault and passed without meeting it."""


class ProfilesSkipped(IntegrationsWarning):
    """A test could not be repeated for each of several fault profiles, and ran with the first of them."""


# What a user meets is named as he imports it, and a test summary has more room for the message.
for _kind in (
    IntegrationsError,
    ScriptingError,
    UnknownName,
    CannotPerform,
    ProfileError,
    NotIntercepted,
    FakeStopped,
    ResilienceError,
    NothingToCheck,
    UnexpectedCall,
    HandlerFailed,
    FaultNeverFired,
    ProfilesSkipped,
):
    _kind.__module__ = "pytest_integrations"


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three of the *known* names that look like *name*, nearest first.

    >>> near_names("flakey", ["flaky", "slow", "outage"])
    ['flaky']
    """
    return difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
