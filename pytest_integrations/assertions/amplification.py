"""How many times the load grows from the entry to a backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.ledger import Calls
from pytest_integrations.core.settings import number, whole

from .attempts import attempts
from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import counted, is_success, logical_calls, told_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .grouping import LogicalCall, Per

__all__ = ["assert_amplification"]


def assert_amplification(
    calls: Calls, *, at_most: float, entry: Calls | int | None = None, per: Per | None = None
) -> None:
    """Assert by how much retries multiply the calls that reach a backend.

    Definition: the attempts in *calls*, divided by the logical calls at the *entry*, are *at_most* so many. *entry*
    is the number of calls that the test made, or the calls of the fake at which they came in; not given, it is the
    logical calls in *calls* themselves, which sees one layer only. Three layers with 4 attempts each make 64: retry
    in one layer.

    Raises `NothingToCheck` if no attempt failed, or the entry saw no call. Source: Google SRE book, "Addressing
    Cascading Failures"; AWS Builders' Library, "Timeouts, retries and backoff with jitter".

    ```python
    import urllib.error, urllib.request
    from pytest_integrations.faults import status

    def test_one_checkout_makes_three_attempts_at_most(fake_rest):
        fake_rest.get("/stock").reply(json=[])
        fake_rest.inject(status(503), every=1)

        for attempt in range(3):  # one layer that retries; a second one around it would make 9
            try:
                urllib.request.urlopen(fake_rest.url + "/stock")
            except urllib.error.HTTPError:
                continue

        assert_amplification(fake_rest.calls, at_most=3, entry=1)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    number("at_most", at_most, least=1)  # every call that arrives is at least one
    groups = logical_calls(calls, per=per)
    entries = _entries(entry, groups, per)
    if not entries:
        nothing_to_check("no call came in at the entry", calls, groups=groups, hint="entry= is what the test calls.")
    seen = len(calls) / entries
    if seen > at_most:
        _fail(calls, groups, entry, entries, at_most)
    if all(is_success(call) for call in calls):
        hint = "Let the backend fail: fake_rest.inject(status(503), every=1)."
        nothing_to_check("no attempt failed, so that no layer had to retry", calls, groups=groups, hint=hint)


def _entries(entry: Calls | int | None, groups: Sequence[LogicalCall], per: Per | None) -> int:
    if entry is None:
        return len(groups)
    return len(logical_calls(entry, per=per)) if isinstance(entry, Calls) else whole("entry", entry)


def _fail(calls: Calls, groups: Sequence[LogicalCall], entry: Calls | int | None, entries: int, at_most: float) -> None:
    __tracebackhide__ = True
    layers = [] if entry is None or isinstance(entry, int) else [*entry]
    name = layers[0].fake if layers else "the entry"
    outer = len(layers) / entries if layers else None
    inner = len(calls) / max(1, len(groups))
    notes = [f"{calls[0].fake}: {counted(len(groups))}, {attempts(len(calls))}, {inner:.3g} each"]
    if outer is not None:
        notes.insert(0, f"{name}: {counted(entries)}, {attempts(len(layers))}, {outer:.3g} each")
    notes.append(f"{counted(entries)} at {name} became {counted(len(groups))} here.")
    fail(
        f"{attempts(len(calls))} reached {calls[0].fake} for {entries} at {name}: {len(calls) / entries:.3g} times, "
        f"{at_most:g} allowed",
        [*layers, *calls],
        groups=groups,
        notes=notes,
        footnote=told_apart(groups),
        why="Layers that retry multiply: three layers with 4 attempts each send 64 to the one that is down.",
        hint="Retry in one layer, next to the backend that fails, and let the others pass its error on.",
    )
