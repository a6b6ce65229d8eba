"""One case, from its faults to its result."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_integrations.assertions.client_calls import ClientCalls
from pytest_integrations.assertions.hang import no_hang
from pytest_integrations.assertions.tolerance import tolerance_of
from pytest_integrations.core.errors import NothingToCheck, ResilienceError

from .client import Client
from .injections import injected
from .resilience import Evidence
from .result import CaseResult
from .scene import scene

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.core.script import Rule

    from .case import Case

__all__ = ["play"]

_PATIENCE = 300.0
_GRACE = 10.0
"""Seconds beyond twice what a client may take, so that one that is merely slow is told how slow it is."""


def play(case: Case, client: Any, fakes: Sequence[Fake]) -> CaseResult:
    """Let *client* do what *case* asks, and return what came of it; *fakes* are what it may reach."""
    __tracebackhide__ = True
    fakes, ledger = scene(case, client, fakes)
    function = Client.of(case, client)
    since, since_event = ledger.latest, ledger.latest_event
    recorder = ClientCalls(ledger)
    with injected(case.faults, fakes) as rules:
        came = _call(case, function, recorder)
        calls = ledger.calls.where(lambda call: call.seq > since)
    messages = ledger.messages.where(lambda message: message.events[-1].seq > since_event)
    evidence = Evidence(calls=calls, messages=messages, demand=recorder, error=came.raised)
    errors = [came.refused] if came.refused is not None else [*_judge(case, came, evidence)]
    errors += [problem.error() for problem in ledger.untold()]
    error = _one(errors)
    return CaseResult(
        name=case.name,
        point=case.request.point(function.__name__),
        status="passed" if error is None else "error" if error is came.raised else "failed",
        duration=came.seconds,
        request=str(case.request),
        response=came.value,
        error=error,
        raised=came.raised,
        calls=len(calls),
        faulted=sum(call.fault is not None for call in calls),
        never_fired=tuple(_never_fired(rules)),
        place=case.place,
        is_virtual=bool(getattr(ledger.clock, "exact", False)),
    )


@dataclass
class _Came:
    """What came of the client's call."""

    value: Any = None
    raised: Exception | None = None
    refused: Exception | None = None
    """An assertion that failed in the client, or that it did not come back."""
    seconds: float = 0.0


def _call(case: Case, function: Client, recorder: ClientCalls) -> _Came:
    """Call the client, and interrupt it if it does not come back."""
    came = _Came()
    ledger = recorder.ledger
    began = ledger.now()
    try:
        with suppress(NothingToCheck), no_hang(ledger.calls, limit=_patience(case)):
            _record(case, function, recorder, came)
    except ResilienceError as hung:
        came.refused = ResilienceError(str(hung).replace("the block", "the client", 1))
    if came.refused is not None:
        came.seconds = round(ledger.now() - began, 6)
    return came


def _record(case: Case, function: Client, recorder: ClientCalls, came: _Came) -> None:
    for number in range(case.repeat):
        if number and case.every:
            recorder.ledger.clock.sleep(case.every)
        try:
            made = recorder(function, *case.request.arguments, **case.request.options)
        except AssertionError as error:  # of the client itself: an `assert` in it
            came.refused = error
            return
        came.value, came.seconds = made.value, round(made.latency, 6)
        came.raised = made.error if isinstance(made.error, Exception) else None


def _patience(case: Case) -> float:
    """Return after how many seconds a client is taken for one that never comes back."""
    once = _PATIENCE if case.within is None else 2 * case.within + _GRACE
    return case.repeat * (once + case.every)


def _judge(case: Case, came: _Came, evidence: Evidence) -> Iterator[Exception]:
    """Yield an error for everything that is not as expected."""
    __tracebackhide__ = True
    if came.raised is not None and not case.expect.is_raised_by(came.raised):
        came.raised.add_note(f"The case {case.name!r} expected {case.expect}.")
        yield came.raised.with_traceback(_outside(came.raised.__traceback__))
    elif came.raised is None:
        try:
            misses = case.expect.misses(came.value)
        except AssertionError as error:  # of a function that is to hold
            yield error
        else:
            yield from (AssertionError(line) for line in misses)
    if case.within is not None and came.seconds > tolerance_of(evidence.calls.ledger).latest(case.within):
        yield AssertionError(f"the client took {came.seconds:.3f} s; {case.within:g} s is the limit")
    for expected in case.received:
        yield from (AssertionError(line) for line in expected.misses(evidence.calls))
    for each in case.resilience:
        try:
            each.judge(evidence)
        except AssertionError as error:
            yield error


def _one(errors: list[Exception]) -> Exception | None:
    """Return the one error, or one that tells several; what the client raised is always the error."""
    if len(errors) < 2:
        return next(iter(errors), None)
    first, *others = errors
    if not isinstance(first, AssertionError):
        for each in others:
            first.add_note(f"And {_first_line(each)}")
        return first
    kind = ResilienceError if all(isinstance(each, ResilienceError) for each in errors) else AssertionError
    told = [f"{number}. {each}" for number, each in enumerate(errors, 1)]
    return kind("\n\n".join(["; ".join(map(_first_line, errors)), *told]))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _outside(trace: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that begins with the client's code, not with ours."""
    ours = f"{__package__}.", "pytest_integrations.assertions."
    while trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith(ours):
        trace = trace.tb_next
    return trace


def _never_fired(rules: list[Rule]) -> Iterator[str]:
    yield from (f"{rule.fake}: {rule!r}" for rule in rules if rule.must_fire and not rule.fired)
