"""Warnings about a test that has passed and tested less than it seems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.errors import FaultNeverFired, ProfilesSkipped

from .options import skipped_profiles

if TYPE_CHECKING:
    from .record import Record

__all__ = ["warn"]


def warn(record: Record) -> None:
    """Warn of faults that never fired, and of profiles that the test was not repeated with."""
    __tracebackhide__ = True
    item = record.item
    for rule in record.never_fired():
        why = (
            "A script before it took every call, so that it watched none: inject it first."
            if rule.keeps_watch
            else "Did the client make fewer calls, was it injected after them, or is it for another operation?"
        )
        item.warn(FaultNeverFired(f"{rule.fake}: {rule!r} never fired; the test passed without it. {why}"))
    skipped = skipped_profiles(item)
    if skipped:
        way_out = (
            "unittest tests cannot be repeated, so run pytest once per profile"
            if "unittest" in type(item).__module__
            else "let it ask for the fixture fault_profile to have it repeated"
        )
        names = ", ".join(map(repr, skipped))
        item.warn(ProfilesSkipped(f"ran with fault profile {record.profile!r} only, not with {names}: {way_out}"))
