"""Named scripts for whole runs: `pytest --fault-profile NAME`, or `apply("flaky", fake)` without pytest.

profile    what a profile is
builtin    those that come with the package, one by one
toml       those of the user, from `[tool.pytest_integrations.profiles.NAME]` of pyproject.toml
tables     how faults are read from the tables of a file
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.registry import Registry

from .profile import Profile, ProfileRule, rule

if TYPE_CHECKING:
    from pytest_integrations.backends.fake import Fake

__all__ = ["BUILT_IN", "Profile", "ProfileRule", "apply", "rule"]

BUILT_IN = {
    name: f"pytest_integrations.profiles.builtin:{name.upper().replace('-', '_')}"
    for name in (
        "calm",
        "slow",
        "flaky",
        "lossy",
        "rate-limited",
        "outage",
        "brownout",
        "hostile",
        "queue-full",
        "poison",
        "redelivery",
        "lossy-queue",
    )
}
"""The profiles that come with the package; they are loaded when they are asked for."""


def apply(profile: Profile | str, fake: Fake) -> None:
    """Let a running *fake* misbehave as *profile*, or the one of that name that comes with the package, says.

    ```python
    from pytest_integrations import FakeRest, profiles

    with FakeRest() as payments:
        profiles.apply("flaky", payments)
    ```
    """
    if isinstance(profile, str):
        profile = Registry[Profile]("fault profile", BUILT_IN).get(profile)
    profile.apply(fake)
