"""The tree of errors, and guesses at names."""

from __future__ import annotations

import pytest

from pytest_integrations.core import errors


@pytest.mark.parametrize(
    ("name", "parents"),
    [
        ("IntegrationsError", (Exception,)),
        ("ScriptingError", (errors.IntegrationsError, ValueError)),
        ("UnknownName", (errors.ScriptingError, LookupError)),
        ("CannotPerform", (errors.ScriptingError,)),
        ("ProfileError", (errors.IntegrationsError,)),
        ("FakeStopped", (errors.IntegrationsError,)),
        ("ResilienceError", (AssertionError,)),
        ("NothingToCheck", (errors.ResilienceError,)),
        ("UnexpectedCall", (AssertionError,)),
        ("HandlerFailed", (AssertionError,)),
        ("IntegrationsWarning", (UserWarning,)),
        ("FaultNeverFired", (errors.IntegrationsWarning,)),
        ("ProfilesSkipped", (errors.IntegrationsWarning,)),
    ],
)
def test_each_error_can_be_caught_as_what_it_is(name: str, parents: tuple[type, ...]) -> None:
    """Misuse is one tree, what the code under test did wrong is an AssertionError, warnings are a third."""
    assert all(issubclass(getattr(errors, name), parent) for parent in parents)
    assert name in errors.__all__


@pytest.mark.parametrize(
    ("name", "near"), [("flakey", ["flaky"]), ("outge", ["outage"]), ("qqq", []), ("slow", ["slow"])]
)
def test_near_names(name: str, near: list[str]) -> None:
    """What looks like a known name is guessed, anything else is not."""
    assert errors.near_names(name, ["flaky", "slow", "outage"]) == near
