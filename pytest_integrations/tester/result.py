"""What came of the cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .health import Health
    from .place import Place

__all__ = ["CaseFacts", "CaseResult", "CaseResults", "Status"]

Status = Literal["passed", "failed", "error"]
"""`failed`: what came back, or how the client went about it, is not as expected; `error`: it raised something else."""

_EXCERPT = 200


class CaseFacts(TypedDict):
    """A result as plain data, for reports."""

    name: str
    point: str
    status: Status
    seconds: float
    clock: Literal["real", "virtual"]
    request: str
    response: str
    error: str
    calls: int
    faulted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What came of one case."""

    name: str
    point: str
    """The integration point that it is about: the method and path that it asks for, or the method of the client."""
    status: Status
    duration: float
    """Seconds of the clock in force, from the client's being called to its return."""
    request: str
    response: Any = None
    """What the client returned."""
    error: Exception | None = None
    """What is wrong, or what the client raised against all expectation; None if the case passed."""
    raised: Exception | None = None
    """What the client raised, expected or not."""
    calls: int = 0
    """How many calls reached the fakes."""
    faulted: int = 0
    """On how many of them a fault was played."""
    never_fired: tuple[str, ...] = ()
    """The faults of the case that it passed without meeting."""
    place: Place | None = None
    """Where the case is written."""
    is_virtual: bool = False
    """Whether the duration is one of virtual time."""

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return self.status == "passed"

    def check(self) -> None:
        """Raise what is wrong, if anything is, from where the case is written."""
        __tracebackhide__ = True
        if self.error is not None and self.place is not None:
            self.place.raise_here(self.error)
        if self.error is not None:
            raise self.error

    def facts(self) -> CaseFacts:
        """Return it as plain data, long texts shortened."""
        came = repr(self.raised) if self.raised is not None else repr(self.response)
        return {
            "name": self.name,
            "point": self.point,
            "status": self.status,
            "seconds": self.duration,
            "clock": "virtual" if self.is_virtual else "real",
            "request": self.request,
            "response": _short(came),
            "error": _short(_said(self.error)),
            "calls": self.calls,
            "faulted": self.faulted,
        }

    def __str__(self) -> str:
        """Tell it in a line."""
        said = f"  {_short(_said(self.error), 100)}" if self.error is not None else ""
        return f"{self.status:<6}  {self.duration:.3f} s  {self.name}: {self.request or self.point}{said}"


class CaseResults(Sequence[CaseResult]):
    """The results of a run, in the order of the cases."""

    def __init__(self, results: Iterable[CaseResult]) -> None:
        """Keep *results*."""
        self._results = tuple(results)

    @property
    def passed(self) -> CaseResults:
        """Those that passed."""
        return CaseResults(each for each in self if each.passed)

    @property
    def broken(self) -> CaseResults:
        """Those that did not: `failed` and `error`."""
        return CaseResults(each for each in self if not each.passed)

    def health(self) -> Health:
        """Return how each integration point fared; printed, it is a table."""
        from .health import Health

        return Health.of(self)

    def check(self) -> None:
        """Raise what is wrong in any of the cases, if anything is: one error, or a group of them."""
        __tracebackhide__ = True
        broken = self.broken
        if len(broken) == 1:
            broken[0].check()
        errors = []
        for each in broken:
            if each.error is not None:
                each.error.add_note(f"in case {each.name!r}{f', {each.place}' if each.place else ''}")
                errors.append(each.error)
        if errors:
            names = ", ".join(repr(each.name) for each in broken)
            msg = f"{len(errors)} of {len(self)} cases did not pass: {names}"
            raise ExceptionGroup(msg, errors)

    @overload
    def __getitem__(self, index: int) -> CaseResult: ...
    @overload
    def __getitem__(self, index: slice) -> CaseResults: ...
    def __getitem__(self, index: int | slice) -> CaseResult | CaseResults:
        """Return one result, or several."""
        return CaseResults(self._results[index]) if isinstance(index, slice) else self._results[index]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._results)

    def __repr__(self) -> str:
        """Show one result a line."""
        rows = "".join(f"\n  {each}" for each in self)
        return f"<CaseResults{rows}>"


def _said(error: BaseException | None) -> str:
    if error is None:
        return ""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_said(each) for each in error.exceptions)
    first = str(error).partition("\n")[0]
    return first if isinstance(error, AssertionError) else f"{type(error).__name__}: {first}"


def _short(text: str, most: int = _EXCERPT) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
