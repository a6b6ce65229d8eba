"""Answers that come late, by a fixed time or by one of the distributions that the field has names for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Delay
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import number, one_form, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta
    from random import Random

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

__all__ = ["latency"]

_P99 = 2.3263478740408408
"""How many standard deviations the 99th percentile of a normal distribution lies above its mean."""
_DRAWS = 10
"""How often WireMock draws again when a value is above the maximum, before it takes the maximum itself."""

_LENGTHS = {"uniform": (2,), "lognormal": (2, 3), "lognormal_p99": (2,), "normal": (2,)}
_MEANING = {
    "uniform": "(lower, upper)",
    "lognormal": "(median, sigma) or (median, sigma, max)",
    "lognormal_p99": "(median, p99)",
    "normal": "(mean, standard deviation)",
}


@dataclass(frozen=True, slots=True, repr=False)
class latency(Fault):  # noqa: N801 -- a word in a script
    """Let some time pass between the request and the first byte of the answer.

    Wire definition: nothing for so many seconds, then the answer as it is. Exactly one form says how many:

    - `latency(2.0)`, also `fixed=2.0`: always that, in seconds or as a timedelta;
    - `uniform=(lower, upper)`: any between the two;
    - `lognormal=(median, sigma)`: median × exp(sigma × N(0, 1)), the long tail of real services; with a third number,
      *max*, values above it are drawn again up to ten times and then cut to it, as WireMock does;
    - `lognormal_p99=(median, p99)`: the same, told by its 99th percentile;
    - `normal=(mean, stddev)`: Gauss, never below 0;
    - `latency(2.0, jitter=0.5)`: the fixed time, give or take up to so many seconds, never below 0.

    The draws come from the seed. WireMock: `fixedDelay`, `uniformRandomTimeout`, `logNormalRandomTimeout`. Toxiproxy:
    `latency` with jitter, in milliseconds.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(latency(0.05), latency(lognormal=(0.01, 0.5)))
    assert requests.get(f"{fake_rest.url}/users").elapsed.total_seconds() > 0.04
    requests.get(f"{fake_rest.url}/users")  # the second call, by a draw
    ```
    """

    fixed: float | timedelta | None = None
    uniform: Sequence[float] | None = None
    lognormal: Sequence[float] | None = None
    lognormal_p99: Sequence[float] | None = None
    normal: Sequence[float] | None = None
    jitter: float | timedelta | None = None

    def __post_init__(self) -> None:
        """Check the settings: one form, and numbers that make sense in it."""
        form = self._form()
        if self.jitter is not None:
            if form != "fixed":
                msg = (
                    f"latency: jitter={self.jitter!r} goes with a fixed time, such as latency(2.0, jitter=0.5), "
                    f"not with {form}="
                )
                raise ScriptingError(msg)
            seconds("jitter", self.jitter)
        if form == "fixed":
            seconds("fixed", self.fixed or 0.0)
            return
        values = getattr(self, form)
        if not isinstance(values, list | tuple) or len(values) not in _LENGTHS[form]:
            msg = f"latency: {form}={values!r} does not fit: valid is {_MEANING[form]}"
            raise ScriptingError(msg)
        for value in values:
            number(form, value, least=0)
        if form in {"uniform", "lognormal_p99"} and values[0] > values[1]:
            msg = f"latency: {form}={values!r} runs backwards: valid is {_MEANING[form]}, the smaller first"
            raise ScriptingError(msg)
        if form.startswith("lognormal"):
            number(f"{form}[0]", values[0], above=0)

    def _form(self) -> str:
        forms = ("fixed", "uniform", "lognormal", "lognormal_p99", "normal")
        return one_form("latency", {name: getattr(self, name) for name in forms})

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a delay."""
        yield Delay(self._draw(occasion.random))

    def _draw(self, random: Random) -> float:
        if self.uniform is not None:
            return random.uniform(*self.uniform)
        if self.lognormal is not None:
            return _lognormal(random, *self.lognormal)
        if self.lognormal_p99 is not None:
            median, p99 = self.lognormal_p99
            return _lognormal(random, median, math.log(p99 / median) / _P99)
        if self.normal is not None:
            return max(0.0, random.normalvariate(*self.normal))
        fixed = seconds("fixed", self.fixed or 0.0)
        if self.jitter is None:
            return fixed
        jitter = seconds("jitter", self.jitter)
        return max(0.0, fixed + random.uniform(-jitter, jitter))


def _lognormal(random: Random, median: float, sigma: float, most: float = math.inf) -> float:
    """Draw as WireMock does."""
    for _ in range(1 + _DRAWS):
        value = median * math.exp(random.normalvariate(0, 1) * sigma)
        if value <= most:
            return value
    return most
