"""What is wrong with what came of a case: all of it, as one error."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_integrations.assertions.tolerance import tolerance_of
from pytest_integrations.core.errors import IntegrationsError, ResilienceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from pytest_integrations.core.client_call import ClientCall

    from .case import Case
    from .resilience import Evidence

__all__ = ["Came", "judged"]


@dataclass
class Came:
    """What came of the client's call."""

    value: Any = None
    raised: Exception | None = None
    refused: Exception | None = None
    """An assertion that failed in the client, or that it did not come back."""
    seconds: float = 0.0

    def take(self, made: ClientCall) -> None:
        """Take what came of a call that the client has come back from."""
        self.value, self.seconds = made.value, round(made.latency, 6)
        self.raised = made.error if isinstance(made.error, Exception) else None


def judged(case: Case, came: Came, evidence: Evidence) -> Exception | None:
    """Return what is wrong, as one error; what the client raised against all expectation is that error."""
    errors = [came.refused] if came.refused is not None else [*_wrong(case, came, evidence)]
    errors += [problem.error() for problem in evidence.calls.ledger.untold()]
    return _one(errors)


def _wrong(case: Case, came: Came, evidence: Evidence) -> Iterator[Exception]:
    """Yield an error for everything that is not as expected."""
    __tracebackhide__ = True
    if came.raised is not None and not case.expect.is_raised_by(came.raised):
        came.raised.add_note(f"The case {case.name!r} expected {case.expect}.")
        yield came.raised.with_traceback(_outside(came.raised.__traceback__))
    elif came.raised is None:
        yield from _told(partial(case.expect.misses, came.value))
    if case.within is not None and came.seconds > tolerance_of(evidence.calls.ledger).latest(case.within):
        yield AssertionError(f"the client took {came.seconds:.3f} s; {case.within:g} s is the limit")
    for expected in case.received:
        yield from (AssertionError(line) for line in expected.misses(evidence.calls))
    for each in case.resilience:
        yield from _told(partial(each.judge, evidence))


def _told(judge: Callable[[], list[str] | None]) -> Iterator[Exception]:
    """Yield what *judge* finds, or raises: in a function of the user's that can be anything."""
    __tracebackhide__ = True
    try:
        misses = judge()
    except IntegrationsError:
        raise
    except Exception as error:  # noqa: BLE001 -- the case has failed, and the others are to be played
        yield error
    else:
        yield from map(AssertionError, misses or ())


def _one(errors: list[Exception]) -> Exception | None:
    """Return the one error, or one that tells several; what the client raised, or a function, is always the error."""
    if len(errors) < 2:
        return next(iter(errors), None)
    first, *others = sorted(errors, key=_is_assertion)
    if not isinstance(first, AssertionError):
        for each in others:
            first.add_note(f"And {_first_line(each)}")
        return first
    kind = ResilienceError if all(isinstance(each, ResilienceError) for each in errors) else AssertionError
    told = [f"{number}. {each}" for number, each in enumerate(errors, 1)]
    return kind("\n\n".join(["; ".join(map(_first_line, errors)), *told]))


def _is_assertion(error: Exception) -> bool:
    return isinstance(error, AssertionError)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _outside(trace: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that begins with the client's code, not with ours."""
    ours = f"{__package__}.", "pytest_integrations.assertions."
    while trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith(ours):
        trace = trace.tb_next
    return trace
