"""What others may add to the fakes: backends, faults and profiles of their own.

Implement these in the top-level conftest.py, or in a module that an installed distribution names in the entry-point
group `pytest11` (loaded with pytest) or `pytest_integrations` (loaded when a name is looked up, and by programs that
run without pytest). Mark them with `hookimpl`, so that a run without this plugin does not mind them:

    from pytest_integrations import hookimpl

    @hookimpl
    def pytest_integrations_profiles(config):
        return {"monday": "my_package.profiles:MONDAY"}

Entries are objects, or texts `"package.module:name"` that are loaded when the name is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.profiles import Profile

__all__ = [
    "hookimpl",
    "pytest_integrations_backends",
    "pytest_integrations_faults",
    "pytest_integrations_profiles",
]

F = TypeVar("F", bound="Callable[..., object]")


def hookimpl(function: F) -> F:
    """Mark *function* as an implementation of one of our hooks; it is ignored where the plugin is switched off."""
    return pytest.hookimpl(optionalhook=True)(function)


@pytest.hookspec
def pytest_integrations_faults(config: pytest.Config | None) -> Mapping[str, type[Fault] | str]:  # type: ignore[empty-body]
    """Return faults by the names that they have in profiles.

    Called once, when the first name is looked up. Every plugin and the top-level conftest.py may implement it; of two
    that use one name the second is an error. *config* is None in a program that runs without pytest.
    """


@pytest.hookspec
def pytest_integrations_profiles(config: pytest.Config | None) -> Mapping[str, Profile | str]:  # type: ignore[empty-body]
    """Return fault profiles by the names that `--fault-profile` and the marker take; called as the others."""


@pytest.hookspec
def pytest_integrations_backends(config: pytest.Config | None) -> Mapping[str, type[Fake] | Any]:  # type: ignore[empty-body]
    """Return classes of fakes by the names that `fakes.make(kind, name)` takes; called as the others."""
