"""One case, from its faults to its result."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_integrations.assertions.client_calls import ClientCalls
from pytest_integrations.assertions.hang import no_hang
from pytest_integrations.core.errors import NothingToCheck, ResilienceError

from .client import AsyncClient, Client
from .injections import injected
from .judging import Came, judged
from .resilience import Evidence
from .result import CaseResult
from .scene import scene

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.core.ledger import Calls, Ledger
    from pytest_integrations.core.script import Rule

    from .case import Case

__all__ = ["play", "play_async"]

_PATIENCE = 300.0
_GRACE = 10.0
"""Seconds beyond twice what a client may take, so that one that is merely slow is told how slow it is."""


def play(case: Case, client: Any, fakes: Iterable[Fake]) -> CaseResult:
    """Let *client* do what *case* asks, and return what came of it; *fakes* are what it may reach."""
    __tracebackhide__ = True
    function, act = Client.of(case, client), _Act(case, *scene(case, client, fakes))
    with act.played():
        for number in range(case.repeat):
            if number and case.every:
                act.recorder.ledger.clock.sleep(case.every)
            act.came.take(act.recorder(function, *case.request.arguments, **case.request.options))
    return act.result(function.__name__)


async def play_async(case: Case, client: Any, fakes: Iterable[Fake]) -> CaseResult:
    """Do the same in the event loop that runs, where an asynchronous *client* may be at home."""
    __tracebackhide__ = True
    function, act = AsyncClient.of(case, client), _Act(case, *scene(case, client, fakes))
    with act.played():
        for number in range(case.repeat):
            if number and case.every:
                await _pause(case.every)
            act.came.take(await act.recorder.awaited(function, *case.request.arguments, **case.request.options))
    return act.result(function.__name__)


async def _pause(seconds: float) -> None:
    from asyncio import sleep

    await sleep(seconds)


@dataclass
class _Act:
    """One playing of a case."""

    case: Case
    fakes: Sequence[Fake]
    ledger: Ledger
    came: Came = field(default_factory=Came)
    rules: list[Rule] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Note where the ledger stands."""
        self.since, self.since_event = self.ledger.latest, self.ledger.latest_event
        self.recorder = ClientCalls(self.ledger)

    @contextmanager
    def played(self) -> Iterator[None]:
        """Let the faults be there while the client is called, and interrupt it if it does not come back."""
        began = self.ledger.now()
        with injected(self.case.faults, self.fakes) as self.rules:
            try:
                with suppress(NothingToCheck), no_hang(self.ledger.calls, limit=_patience(self.case)):
                    try:
                        yield
                    except AssertionError as error:  # of the client itself: an `assert` in it
                        self.came.refused = error
            except ResilienceError as hung:
                self.came.refused = ResilienceError(str(hung).replace("the block", "the client", 1))
            if self.came.refused is not None:
                self.came.seconds = round(self.ledger.now() - began, 6)
            self.ledger.settle()

    @property
    def calls(self) -> Calls:
        """The calls that reached the fakes meanwhile."""
        return self.ledger.calls.where(lambda call: call.seq > self.since)

    def result(self, name: str) -> CaseResult:
        """Judge what came of it; *name* is what the client is called."""
        case, came, calls = self.case, self.came, self.calls
        messages = self.ledger.messages.where(lambda message: message.events[-1].seq > self.since_event)
        evidence = Evidence(calls=calls, messages=messages, demand=self.recorder, error=came.raised)
        error = judged(case, came, evidence)
        return CaseResult(
            name=case.name,
            point=case.request.point(name),
            status="passed" if error is None else "error" if error is came.raised else "failed",
            duration=came.seconds,
            request=str(case.request),
            response=came.value,
            error=error,
            raised=came.raised,
            calls=len(calls),
            faulted=sum(call.fault is not None for call in calls),
            never_fired=tuple(f"{rule.fake}: {rule!r}" for rule in self.rules if rule.must_fire and not rule.fired),
            place=case.place,
            is_virtual=bool(getattr(self.ledger.clock, "exact", False)),
        )


def _patience(case: Case) -> float:
    """Return after how many seconds a client is taken for one that never comes back."""
    once = _PATIENCE if case.within is None else 2 * case.within + _GRACE
    return case.repeat * (once + case.every)
