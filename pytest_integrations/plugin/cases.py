"""The cases of a table as pytest has them: subtests while they run, and their results on the test that ran them."""

from __future__ import annotations

import warnings
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.core.errors import IntegrationsWarning

from .record import RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.tester import IntegrationTester
    from pytest_integrations.tester.result import CaseFacts, CaseResults

__all__ = ["CASES", "Reachable", "keep", "record", "subtests"]

CASES = pytest.StashKey[list["CaseFacts"]]()
"""Where an item keeps the results of its cases, as plain data, from its teardown on."""

_PROPERTY = "integrations_cases"


class Reachable:
    """The fakes that the cases of a test may reach: those of the fixtures, or else those that it has started itself."""

    def __init__(self, fakes: Iterable[Fake], item: pytest.Item) -> None:
        """Look for them among *fakes* first, then in the record of *item*."""
        self._fakes = fakes
        self._item = item

    def __iter__(self) -> Iterator[Fake]:
        """Iterate over those that run at the moment."""
        made = list(self._fakes)
        known = self._item.stash.get(RECORD, None)
        return iter(made or [fake for fake in (known.fakes if known is not None else ()) if fake.is_running])


def subtests(request: pytest.FixtureRequest) -> Callable[[str], AbstractContextManager[object]] | None:
    """Return what reports a case as a subtest, by its name; None where pytest is older than 9 and has no plugin for it.

    The evidence under one that fails is that of its case alone. Without subtests the table raises in its end all that
    did not pass.
    """
    try:
        test: Callable[[str], AbstractContextManager[object]] = request.getfixturevalue("subtests").test
    except pytest.FixtureLookupError:
        return None

    @contextmanager
    def reported(name: str) -> Iterator[None]:
        __tracebackhide__ = True
        record = request.node.stash.get(RECORD, None)
        with record.narrowed() if record is not None else nullcontext(), test(name):
            yield

    return reported


def keep(item: pytest.Item, tester: IntegrationTester) -> None:
    """Put the results of *tester* on its test, and warn of a table that was never run: nothing of it was tested."""
    if tester.cases and not tester.results:
        names = ", ".join(repr(case.name) for case in tester.cases)
        warnings.warn(IntegrationsWarning(f"cases were added and never run: {names}; call run(client)"), stacklevel=2)
    record(item, tester.results)


def record(item: pytest.Item, results: CaseResults) -> None:
    """Put *results* on the test *item*: as data for reports, and as a count for JUnit."""
    if not results:
        return
    item.stash[CASES] = [each.facts() for each in results]
    others = [entry for entry in item.user_properties if entry[0] != _PROPERTY]
    statuses = [each.status for each in results]
    counts = ((status, statuses.count(status)) for status in ("passed", "failed", "error"))
    told = ", ".join(f"{count} {status}" for status, count in counts if count)
    item.user_properties[:] = [*others, (_PROPERTY, told)]  # a rerun replaces that of the run before
