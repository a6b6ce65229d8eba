"""What the run knows of the fakes of the test that is running, whoever started them.

Fixtures start fakes, and so do tests that write `with FakeRest() as payments:` by themselves (Hypothesis, unittest).
Each fake announces itself; the witness of the run gives it the profile and the seed of the test, and keeps it until
the test has been reported.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from weakref import WeakSet

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.core.call import Call
    from pytest_integrations.core.client_call import ClientCall
    from pytest_integrations.core.delivery import Messages
    from pytest_integrations.core.ledger import Ledger, Outage, Problem
    from pytest_integrations.core.script import Rule
    from pytest_integrations.core.seed import Seed
    from pytest_integrations.views.timeline import Band

__all__ = ["RECORD", "Record", "Witness"]

RECORD = pytest.StashKey["Record"]()
"""Where an item keeps the record of its present run."""

_FAKES_AT_MOST = 500
"""A property-based test starts one fake an example; beyond this many the oldest are forgotten."""


@dataclass(frozen=True)
class Part:
    """One ledger, as far as the test wrote in it."""

    ledger: Ledger
    fakes: tuple[Fake, ...]
    since: int = 0
    """The newest call when the test began; the calls after it are the test's own."""
    since_event: int = 0
    """The newest event of a message at that time."""
    since_problem: int = 0
    """How many problems there were at that time."""
    since_outage: int = 0
    """How many outages there were at that time."""

    @property
    def outages(self) -> list[Outage]:
        """The outages that began in the test."""
        return self.ledger.outages[self.since_outage :]

    @property
    def problems(self) -> list[Problem]:
        """What went wrong by itself in the test, whether or not anybody was told."""
        return self.ledger.problems[self.since_problem :]

    @property
    def clients(self) -> list[list[ClientCall]]:
        """What the test recorded on the client's side."""
        return [[call for call in client if call.first > self.since] for client in self.ledger.clients]

    @property
    def bands(self) -> list[Band]:
        """The states that the test's assertions have read out of its calls."""
        return [band for band in self.ledger.bands if band.after is None or band.after > self.since]

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls of the test, settled."""
        return tuple(call for call in self.ledger.calls if call.seq > self.since)

    @property
    def messages(self) -> Messages:
        """The messages that something happened to in the test, settled."""
        return self.ledger.messages.where(lambda message: message.events[-1].seq > self.since_event)


@dataclass(frozen=True, slots=True)
class _Beginning:
    """How much was in a ledger when the test began: the newest *call* and *event*, and how many of the others."""

    call: int
    event: int
    problems: int
    outages: int

    @classmethod
    def of(cls, ledger: Ledger) -> _Beginning:
        """Return how much is in *ledger* at the moment."""
        return cls(ledger.latest, ledger.latest_event, len(ledger.problems), len(ledger.outages))


@dataclass
class Record:
    """The fakes of one run of one test."""

    item: pytest.Item
    profile: str | None
    fakes: list[Fake] = field(default_factory=list)
    forgotten: int = 0
    passed: bool = False
    """Whether the test itself has passed, so that what is found later is not hidden by its failure."""
    is_virtual: bool = False
    """Whether a fake of the test started while a virtual clock was in force, so that times are nominal."""
    shown: str = ""
    """The evidence as it was last shown; a failure in the teardown need not repeat it."""
    _since: dict[int, _Beginning] = field(default_factory=dict)

    @property
    def seed(self) -> Seed:
        """The seed of the test: the same faults in any order, on any worker, and on a rerun."""
        from pytest_integrations.core.seed import Seed

        from .options import key_of, run_seed

        return Seed(run_seed(self.item.config), key_of(self.item))

    def add(self, fake: Fake) -> None:
        """Take in a *fake* that has started, or that goes on from earlier tests."""
        ledger = fake.ledger
        self._since.setdefault(id(ledger), _Beginning.of(ledger))
        if any(fake is known for known in self.fakes):
            return
        self.fakes.append(fake)
        if len(self.fakes) > _FAKES_AT_MOST:
            self._forget(self.fakes.pop(0))

    def _forget(self, fake: Fake) -> None:
        self.forgotten += 1
        if all(other.ledger is not fake.ledger for other in self.fakes):
            del self._since[id(fake.ledger)]

    @contextmanager
    def narrowed(self) -> Iterator[None]:
        """Take what comes in the `with` block for all there is: the evidence of a part of the test is its own."""
        kept = dict(self._since)
        self._since = {id(fake.ledger): _Beginning.of(fake.ledger) for fake in self.fakes}
        try:
            yield
        finally:
            self._since = self._since | kept

    @property
    def parts(self) -> list[Part]:
        """The test's part of each ledger, in the order of their opening."""
        by_ledger: dict[int, list[Fake]] = {}
        for fake in self.fakes:
            by_ledger.setdefault(id(fake.ledger), []).append(fake)
        parts = []
        for key, fakes in by_ledger.items():
            begun = self._since[key]
            parts.append(Part(fakes[0].ledger, tuple(fakes), begun.call, begun.event, begun.problems, begun.outages))
        return parts

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
        rules = [rule for fake in self.fakes for script in fake.scripts for rule in script.rules]
        fired = {(rule.fake, repr(rule)) for rule in rules if rule.fired}
        waiting = [rule for rule in rules if rule.must_fire and (rule.fake, repr(rule)) not in fired]
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
        for fake in self._lasting:
            fake.ledger.untold()
            self.started(fake)

    def end(self) -> None:
        """Close the record; it stays with its item until the report is made."""
        if self._record is not None:
            self._lasting = [fake for fake in self._record.fakes if fake.is_running]
            self._record = None

    def started(self, fake: Fake) -> None:
        """Take in a *fake*, and let it misbehave as the profile of the running test says."""
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
