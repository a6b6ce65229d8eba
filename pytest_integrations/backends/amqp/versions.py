"""What differs between the releases of RabbitMQ, where clients can tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    counts_failures: bool
    """Whether a quorum queue's limit is for failed deliveries only, since 4.3: those that a client rejects, or whose
    channel ends, but not those that it nacks. How often a message went out at all is in `x-acquired-count` then."""


_OLD = Version(
    name="3.12",
    release="3.12.14",
    trusts_x_death=True,
    turns_deaths_round=True,
    tells_last_death=False,
    quorum_limit=None,
    counts_failures=False,
)
_CONTAINERS = replace(_OLD, name="3.13", release="3.13.7", turns_deaths_round=False, tells_last_death=True)
_DISTRUSTING = replace(_CONTAINERS, name="4.1", release="4.1.4", trusts_x_death=False, quorum_limit=20)
_COUNTING = replace(_DISTRUSTING, name="4.3", release="4.3.0", counts_failures=True)

VERSIONS = {version.name: version for version in (_OLD, _CONTAINERS, _DISTRUSTING, _COUNTING)}


def version_called(name: str) -> Version:
    """Return the version called *name*; any other than those known is an error."""
    among("version", name, VERSIONS)
    return VERSIONS[name]
