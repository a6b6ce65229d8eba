"""What differs between the releases of RabbitMQ, where clients can tell."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_integrations.core.settings import among

__all__ = ["VERSIONS", "Version", "version_called"]


@dataclass(frozen=True, slots=True)
class Version:
    """One line of releases."""

    name: str
    release: str
    """The version number that clients are told."""
    trusts_x_death: bool
    """Whether the `x-death` of a message that a client publishes again counts as the broker's own; since 4.0 not."""
    turns_deaths_round: bool
    """Whether each death turns the order of those before it round, as it did before 3.13; circles are found by it."""
    tells_last_death: bool
    """Whether a dead letter has `x-last-death-*` as well, since 3.13."""
    quorum_limit: int | None
    """How often a quorum queue that says nothing of it gives a message back; since 4.0 that has an end."""
    counts_acquired: bool
    """Whether a quorum queue tells `x-acquired-count` as well, since 4.3."""


VERSIONS = {
    version.name: version
    for version in (
        Version("3.12", "3.12.14", True, True, False, None, False),
        Version("3.13", "3.13.7", True, False, True, None, False),
        Version("4.1", "4.1.4", False, False, True, 20, False),
        Version("4.3", "4.3.0", False, False, True, 20, True),
    )
}


def version_called(name: str) -> Version:
    """Return the version called *name*; any other than those known is an error."""
    among("version", name, VERSIONS)
    return VERSIONS[name]
