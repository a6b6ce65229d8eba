"""What `--list-fault-profiles` prints."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.core.errors import IntegrationsError

from .registries import registries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.profiles import Profile, ProfileRule

__all__ = ["listing"]


def listing(config: pytest.Config) -> str:
    """Return every profile that can be named: what it is like, and what it injects."""
    try:
        profiles = registries(config).profiles
    except IntegrationsError as error:
        raise pytest.UsageError(str(error)) from error
    return "".join(f"{line}\n" for name in profiles for line in _described(name, profiles.get(name)))


def _described(name: str, profile: Profile) -> Iterator[str]:
    yield name
    yield from textwrap.wrap(profile.description, 100, initial_indent="  ", subsequent_indent="  ")
    for rule in profile.rules:
        yield f"    {_written(rule)}"


def _written(rule: ProfileRule) -> str:
    words = [*map(repr, rule.faults), *(f"{name}={value!r}" for name, value in rule.when.items())]
    place = [f"fakes {rule.fake}"] if rule.fake != "*" else []
    place += [f"operations {rule.operation}"] if rule.operation != "*" else []
    return f"inject({', '.join(words)}){' on ' if place else ''}{', '.join(place)}"
