"""When retries are due: the waits that a client is expected to make, as values.

    fixed(2)                                      2, 2, 2, …
    linear(1)                                     1, 2, 3, …
    exponential(base=1, factor=2, cap=10)         1, 2, 4, 8, 10, 10, …
    listed(0.1, 0.5, 2)                           0.1, 0.5, 2, 2, …

    jitter="none"               exactly v
    jitter="full"               0 to v                      (AWS: "Exponential Backoff And Jitter")
    jitter="equal"              v/2 to v
    jitter="decorrelated"       base to 3 times the wait before, at most cap
    jitter=additive(j)          v to v + j
    jitter=multiplicative(r)    v*(1-r) to v*(1+r)

A wait is numbered by the attempt that it follows: wait 1 is between the attempts 1 and 2. All times are seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.when import seconds

__all__ = ["Jitter", "Schedule", "additive", "exponential", "fixed", "linear", "listed", "multiplicative"]

JitterName = Literal["none", "full", "equal", "decorrelated"]


@dataclass(frozen=True, slots=True, repr=False)
class Jitter:
    """How chance moves a wait; made by `additive` and `multiplicative`, or named by a word."""

    kind: Literal["none", "full", "equal", "decorrelated", "additive", "multiplicative"]
    amount: float = 0.0
    capped: bool = False
    """Whether the cap holds for the sum (True) or for the wait before chance moves it."""

    def range(self, wait: float) -> tuple[float, float]:
        """Return the least and the greatest wait that chance can make of *wait*."""
        if self.kind == "full":
            return 0.0, wait
        if self.kind == "equal":
            return wait / 2, wait
        if self.kind == "additive":
            return wait, wait + self.amount
        return wait * (1 - self.amount), wait * (1 + self.amount)

    def __repr__(self) -> str:
        """Show it as it is written in a test."""
        if self.kind not in {"additive", "multiplicative"}:
            return repr(self.kind)
        capped = f", capped={self.capped}" if self.capped != (self.kind == "additive") else ""
        return f"{self.kind}({self.amount:g}{capped})"


_NAMED: dict[str, Jitter] = {
    "none": Jitter("none"),
    "full": Jitter("full"),
    "equal": Jitter("equal"),
    "decorrelated": Jitter("decorrelated", capped=True),
}


def additive(amount: float, *, capped: bool = True) -> Jitter:
    """Return the jitter that adds 0 to *amount* seconds to a wait.

    The cap of the schedule holds for the sum, as in urllib3, tenacity and stamina; *capped=False* adds after the cap.
    """
    return Jitter("additive", seconds("amount", amount), capped)


def multiplicative(ratio: float, *, capped: bool = False) -> Jitter:
    """Return the jitter that makes a wait shorter or longer by up to *ratio* of it.

    0.2 is plus or minus 20 %, as in gRPC. With *capped* the cap of the schedule holds for the outcome, else before.
    """
    if not 0 <= seconds("ratio", ratio) <= 1:
        msg = f"ratio={ratio!r} is out of range: valid are numbers from 0 to 1, where 0.2 is plus or minus 20 %"
        raise ScriptingError(msg)
    return Jitter("multiplicative", ratio, capped)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Schedule:
    """The waits between the attempts of one logical call; made by `fixed`, `linear`, `exponential` and `listed`."""

    kind: Literal["fixed", "linear", "exponential", "listed"]
    base: float = 1.0
    factor: float = 2.0
    step: float = 0.0
    waits: tuple[float, ...] = ()
    cap: float | None = None
    first: float | None = None
    jitter: Jitter = field(default_factory=lambda: _NAMED["none"])

    def nominal(self, number: int) -> float:
        """Return wait *number* (from 1 on) as the formula and the cap have it, before jitter."""
        if number == 1 and self.first is not None:
            return self.first
        return min(self._formula(number), self._most)

    def allowed(self, number: int, previous: float | None = None) -> tuple[float, float]:
        """Return the least and the greatest wait *number*; decorrelated jitter needs the *previous* one.

        >>> exponential(base=1, factor=2, cap=3, jitter="full").allowed(2)
        (0.0, 2.0)
        >>> exponential(base=1, factor=2, cap=3).allowed(5)
        (3.0, 3.0)
        """
        low, high = self._drawn(number, previous)
        is_first = number == 1 and self.first is not None
        return (min(low, self._most), min(high, self._most)) if self.jitter.capped and not is_first else (low, high)

    def is_cut(self, number: int, previous: float | None = None) -> bool:
        """Tell whether the cap cuts what wait *number* is drawn from: all draws above it make the same wait.

        >>> exponential(base=1, cap=4, jitter="decorrelated").is_cut(2, previous=2.0)
        True
        """
        return self._drawn(number, previous)[1] > self.allowed(number, previous)[1]

    def _drawn(self, number: int, previous: float | None) -> tuple[float, float]:
        """Return the range that chance has for wait *number*, before a cap that holds for the outcome."""
        if number == 1 and self.first is not None:
            return self.first, self.first
        if self.jitter.kind == "decorrelated":
            return self.base, 3 * max(self.base, self.base if previous is None else previous)
        return self.jitter.range(self._formula(number) if self.jitter.capped else self.nominal(number))

    @property
    def _most(self) -> float:
        return math.inf if self.cap is None else self.cap

    def _formula(self, number: int) -> float:
        if self.kind == "listed":
            return self.waits[min(number, len(self.waits)) - 1]
        if self.kind == "linear":
            return self.base + self.step * (number - 1)
        try:
            return self.base * self.factor ** (number - 1) if self.kind == "exponential" else self.base
        except OverflowError:
            return math.inf

    def __repr__(self) -> str:
        """Show it as it is written in a test."""
        return f"{self.kind}({', '.join([*self._own(), *self._shared()])})"

    def _own(self) -> list[str]:
        if self.kind == "listed":
            return [f"{wait:g}" for wait in self.waits]
        if self.kind == "linear":
            return [f"base={self.base:g}", *([f"step={self.step:g}"] if self.step != self.base else [])]
        return [f"{self.base:g}"] if self.kind == "fixed" else [f"base={self.base:g}", f"factor={self.factor:g}"]

    def _shared(self) -> list[str]:
        given = [f"{name}={value:g}" for name in ("cap", "first") if (value := getattr(self, name)) is not None]
        return given if self.jitter.kind == "none" else [*given, f"jitter={self.jitter!r}"]


def fixed(wait: float, *, jitter: JitterName | Jitter = "none", first: float | None = None) -> Schedule:
    """Return the schedule that waits the same number of seconds each time.

    *first* is the first wait where it is another one, such as 0 for a client that retries once at once.
    """
    return Schedule(kind="fixed", base=seconds("wait", wait), first=_optional("first", first), jitter=_jitter(jitter))


def linear(
    base: float = 1.0,
    *,
    step: float | None = None,
    cap: float | None = None,
    jitter: JitterName | Jitter = "none",
    first: float | None = None,
) -> Schedule:
    """Return the schedule *base*, *base* + *step*, *base* + 2 *step*, … with at most *cap*.

    *step* is *base* if it is not given.

    >>> linear(1, step=2, cap=4)
    linear(base=1, step=2, cap=4)
    """
    return Schedule(
        kind="linear",
        base=seconds("base", base),
        step=seconds("step", base if step is None else step),
        cap=_optional("cap", cap),
        first=_optional("first", first),
        jitter=_jitter(jitter),
    )


def exponential(
    base: float = 1.0,
    factor: float = 2.0,
    cap: float | None = None,
    *,
    jitter: JitterName | Jitter = "none",
    first: float | None = None,
) -> Schedule:
    """Return the schedule *base*, *base* * *factor*, *base* * *factor*², … with at most *cap*.

    *first* replaces the first wait alone: urllib3 retries once at once, so `exponential(1, 2, first=0)` is 0, 2, 4, …

    >>> exponential(base=0.1, cap=5, jitter=additive(1.0))
    exponential(base=0.1, factor=2, cap=5, jitter=additive(1))
    """
    if seconds("factor", factor) < 1:
        msg = f"factor={factor!r} makes waits shorter each time: valid are numbers from 1 on, 2 doubles"
        raise ScriptingError(msg)
    return Schedule(
        kind="exponential",
        base=seconds("base", base),
        factor=factor,
        cap=_optional("cap", cap),
        first=_optional("first", first),
        jitter=_jitter(jitter),
    )


def listed(*waits: float, jitter: JitterName | Jitter = "none") -> Schedule:
    """Return the schedule of just these *waits*; the last one is repeated.

    >>> [listed(0.1, 0.5).nominal(number) for number in (1, 2, 3)]
    [0.1, 0.5, 0.5]
    """
    if not waits:
        msg = "listed() needs at least one wait, such as listed(0.1, 0.5, 2)"
        raise ScriptingError(msg)
    checked = tuple(seconds("wait", wait) for wait in waits)
    return Schedule(kind="listed", base=checked[0], waits=checked, jitter=_jitter(jitter))


def _optional(name: str, value: float | None) -> float | None:
    return None if value is None else seconds(name, value)


def _jitter(jitter: JitterName | Jitter) -> Jitter:
    if isinstance(jitter, Jitter):
        return jitter
    if jitter not in _NAMED:
        valid = ", ".join([*map(repr, _NAMED), "additive(seconds)", "multiplicative(ratio)"])
        msg = f"jitter={jitter!r} is not a jitter: valid are {valid}"
        raise ScriptingError(msg)
    return _NAMED[jitter]
