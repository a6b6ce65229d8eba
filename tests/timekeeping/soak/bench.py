"""The bench of the soak: scenarios with their one right outcome, repeated, and a machine that is busy meanwhile."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pytest_integrations import FakeRest
from pytest_integrations.timekeeping import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[[FakeRest, VirtualClock], object]

__all__ = ["SCENARIOS", "Scenario", "busy_machine", "get_gaps", "scenario", "times_of"]

_HOG = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"


@dataclass(frozen=True)
class Scenario:
    """What is done in virtual time, and what comes of it every time."""

    run: Run
    expected: object
    by_default: int = 5
    """How often it is run where no soak is asked for."""

    def outcome(self, clock: VirtualClock | None = None) -> object:
        """Run it once, on a fake of its own, and a clock of its own unless one is given."""
        with clock or VirtualClock() as current, FakeRest("fake_rest") as fake:
            fake.get("/").reply(text="ok")
            try:
                return self.run(fake, current)
            except Exception as error:  # noqa: BLE001 -- an outcome like another, and a wrong one
                return repr(error)

    def wrong_outcomes(self, times: int) -> list[object]:
        """Run it so often; return what came of it where that was wrong."""
        outcomes = [self.outcome() for _ in range(times)]
        return [outcome for outcome in outcomes if outcome != self.expected]


SCENARIOS: dict[str, Scenario] = {}


def scenario(expected: object, *, by_default: int = 5) -> Callable[[Run], Run]:
    """Enter a function in the list, with the outcome that it must have."""

    def enter(run: Run) -> Run:
        SCENARIOS[run.__name__] = Scenario(run, expected, by_default)
        return run

    return enter


def times_of(fake: FakeRest) -> list[float]:
    """Return the second at which each call began."""
    return [call.started for call in fake.calls]


def get_gaps(fake: FakeRest) -> list[float]:
    """Return the seconds from each call to the next."""
    return [round(after - before, 6) for before, after in pairwise(times_of(fake))]


@contextmanager
def busy_machine(hogs: int) -> Iterator[None]:
    """Keep all processors busy with so many processes; they end with this one, whatever happens to it."""
    with ExitStack() as stack:
        for _ in range(hogs):
            child: subprocess.Popen[Any] = stack.enter_context(subprocess.Popen([sys.executable, "-c", _HOG]))
            stack.callback(child.kill)
        yield
