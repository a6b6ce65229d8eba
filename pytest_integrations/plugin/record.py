"""What the run knows of the fakes of the test that is running, whoever started them.

Fixtures start fakes, and so do tests that write `with FakeRest() as payments:` by themselves (Hypothesis, unittest).
Each fake announces itself; the witness of the run gives it the profile and the seed of the test, and keeps it until
the test has been reported. A servicer that a test runs by itself is no fake, and its calls stand in the same picture.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakSet

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.core.ledger import Ledger, Problem
    from pytest_integrations.core.script import Rule
    from pytest_integrations.core.seed import Seed

    from .part import Beginning, Part

__all__ = ["RECORD", "Record", "Witness"]

T = TypeVar("T", bound="Source")

RECORD = pytest.StashKey["Record"]()
"""Where an item keeps the record of its present run."""

_FAKES_AT_MOST = 500
"""A property-based test starts one fake an example; beyond this many the oldest are forgotten."""


class Source(Protocol):
    """What writes calls in a ledger: a fake, or a servicer."""

    @property
    def name(self) -> str:
        """The name in its calls."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Where they are written."""
        ...


class Record:
    """The fakes of one run of one test."""

    def __init__(self, item: pytest.Item, profile: str | None) -> None:
        """Begin without any, for *item* as it is run with *profile*."""
        self.item: pytest.Item = item
        self.profile: str | None = profile
        self.fakes: list[Fake] = []
        self.servicers: list[Source] = []
        self.forgotten: int = 0
        """How many fakes there were beyond those that are kept."""
        self.passed: bool = False
        """Whether the test itself has passed, so that what is found later is not hidden by its failure."""
        self.is_virtual: bool = False
        """Whether a fake of the test started while a virtual clock was in force, so that times are nominal."""
        self.shown: str = ""
        """The evidence as it was last shown; a failure in the teardown need not repeat it."""
        self._since: dict[int, Beginning] = {}

    @property
    def seed(self) -> Seed:
        """The seed of the test: the same faults in any order, on any worker, and on a rerun."""
        from pytest_integrations.core.seed import Seed

        from .options import key_of, run_seed

        return Seed(run_seed(self.item.config), key_of(self.item))

    def add(self, fake: Fake) -> None:
        """Take in a *fake* that has started, or that goes on from earlier tests."""
        self._add(fake, self.fakes)

    def add_servicer(self, servicer: Source) -> None:
        """Take in a *servicer* that the test runs."""
        self._add(servicer, self.servicers)

    def _add(self, source: T, known: list[T]) -> None:
        from .part import Beginning

        ledger = source.ledger
        self._since.setdefault(id(ledger), Beginning.of(ledger))
        if any(source is other for other in known):
            return
        known.append(source)
        if len(known) > _FAKES_AT_MOST:
            self._forget(known.pop(0))

    def _forget(self, source: Source) -> None:
        self.forgotten += 1
        if all(other.ledger is not source.ledger for other in self.sources):
            del self._since[id(source.ledger)]

    @property
    def sources(self) -> list[Source]:
        """All that writes calls."""
        return [*self.fakes, *self.servicers]

    @contextmanager
    def narrowed(self) -> Iterator[None]:
        """Take what comes in the `with` block for all there is: the evidence of a part of the test is its own."""
        from .part import Beginning

        kept = dict(self._since)
        self._since = {id(source.ledger): Beginning.of(source.ledger) for source in self.sources}
        try:
            yield
        finally:
            self._since = self._since | kept

    @property
    def parts(self) -> list[Part]:
        """The test's part of each ledger, in the order of their opening."""
        from .part import Part

        by_ledger: dict[int, list[Source]] = {}
        for source in self.sources:
            by_ledger.setdefault(id(source.ledger), []).append(source)
        return [Part(sources[0].ledger, tuple(sources), self._since[key]) for key, sources in by_ledger.items()]

    @property
    def problems(self) -> list[Problem]:
        """What fails the test by itself, whether or not anybody was told."""
        return [problem for part in self.parts for problem in part.problems]

    def tell(self) -> None:
        """Count the problems as told, so that the end of a `with` block in a fixture does not raise them again."""
        for part in self.parts:
            part.ledger.untold()

    def verify(self) -> None:
        """Raise the problems that nobody was told of yet, several as one error."""
        __tracebackhide__ = True
        problems = [problem for part in self.parts for problem in part.ledger.untold()]
        if len(problems) == 1:
            raise problems[0].error()
        if problems:
            from dataclasses import replace

            worst = next((problem for problem in problems if problem.cause is not None), problems[0])
            lines = [f"{len(problems)} calls that the fakes could not answer:", *(each.text for each in problems)]
            raise replace(worst, text="\n".join(lines)).error()

    def count_into(self, properties: list[tuple[str, object]]) -> None:
        """Add the figures for a JUnit report, if there are any."""
        if self.fakes:
            from .evidence import count

            others = [entry for entry in properties if not entry[0].startswith("integrations_")]
            properties[:] = [*others, *count(self)]  # a rerun replaces the figures of the run before

    def conclude(self) -> None:
        """Fail the test that has come to its end, if its fakes ask for it, and warn of what it did not test."""
        __tracebackhide__ = True
        if not self.fakes:
            return
        self.verify()
        from .warn import warn

        warn(self)
        self.passed = True

    def never_fired(self) -> list[Rule]:
        """Return what the test scripted and never met; of like rules on like fakes one that fired speaks for all."""
        if self.forgotten:
            return []
        scripts = [script for fake in self.fakes for script in fake.scripts]
        rules = [rule for script in scripts for rule in script.rules]
        fired = {(rule.fake, repr(rule)) for rule in rules if rule.fired}
        waiting = [rule for rule in rules if rule.must_fire and (rule.fake, repr(rule)) not in fired]
        waiting += [rule for script in scripts for rule in script.kept_out() if rule.origin == "test"]
        return list({(rule.fake, repr(rule)): rule for rule in waiting}.values())


class Witness:
    """Hears of every fake that starts in this process, and knows which test is running."""

    def __init__(self) -> None:
        """Begin between two tests."""
        self._record: Record | None = None
        self._lasting: list[Fake] = []
        self._without_seed: WeakSet[Fake] = WeakSet()

    def begin(self, item: pytest.Item, profile: str | None) -> None:
        """Open the record of *item*, which is about to run; fakes of earlier tests that still run are in it."""
        self._record = item.stash[RECORD] = Record(item, profile)
        for fake in filter(_is_running, self._lasting):
            fake.ledger.untold()
            self._fake_started(fake)

    def end(self) -> None:
        """Close the record; it stays with its item until the report is made."""
        if self._record is not None:
            self._lasting = [*filter(_is_running, self._record.fakes)]
            self._record = None

    def started(self, source: Any) -> None:
        """Take in a fake, and let it misbehave as the profile of the running test says; or a servicer."""
        from pytest_integrations.backends.fake import Fake

        if isinstance(source, Fake):
            self._fake_started(source)
        elif self._record is not None:
            self._record.add_servicer(source)

    def _fake_started(self, fake: Fake) -> None:
        record = self._record
        if record is None:
            self._lasting.append(fake)
            return
        from pytest_integrations.core.clock import IN_FORCE

        record.add(fake)
        record.is_virtual = record.is_virtual or IN_FORCE.exact
        self._hand_seed(fake, record)
        fake.clear_profile()
        if record.profile is not None:
            from .registries import registries

            registries(record.item.config).profiles.get(record.profile).apply(fake)

    def _hand_seed(self, fake: Fake, record: Record) -> None:
        """Give the seed of the test to a fake that was made without one."""
        from pytest_integrations.core.seed import Seed

        if fake.seed == Seed() or fake in self._without_seed:
            self._without_seed.add(fake)
            fake.seed = record.seed


def _is_running(fake: Fake) -> bool:
    return fake.is_running
