"""Where moments stand on a line of some width: true to scale, but for idle stretches, which are drawn short."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Scale", "scale"]

_SHORT = 36.0
"""How wide an idle stretch is drawn."""
_TICKS = 5
_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A line from *start* to *end*, in seconds, from *left* on, with *idles* drawn *short* wide."""

    start: float
    end: float
    left: float
    unit: float
    """How wide one second is drawn."""
    idles: tuple[tuple[float, float], ...]
    short: float

    def at(self, moment: float) -> float:
        """Return where *moment* stands."""
        place = self.left
        time = self.start
        for begin, end in self.idles:
            if moment <= begin:
                break
            place += (begin - time) * self.unit
            if moment < end:
                return place + self.short * (moment - begin) / (end - begin)
            place, time = place + self.short, end
        return place + (moment - time) * self.unit

    @property
    def ticks(self) -> tuple[float, ...]:
        """Some round moments, none of them in an idle stretch."""
        busy = self.end - self.start - sum(end - begin for begin, end in self.idles)
        if busy <= 0:
            return (self.start,)
        power = 10 ** math.floor(math.log10(busy / _TICKS))
        step = next(power * each for each in _STEPS if power * each * _TICKS >= busy - 1e-12)
        first = math.ceil(self.start / step - 1e-9)
        found: list[float] = []
        for begin, end in self._busy():
            number = max(first, math.ceil(begin / step - 1e-9))
            while number * step <= end + 1e-9 and len(found) < _TICKS * 4:
                found.append(round(number * step, 9))
                number += 1
        return tuple(dict.fromkeys(found))

    def _busy(self) -> list[tuple[float, float]]:
        edges = [self.start, *(edge for idle in self.idles for edge in idle), self.end]
        return list(zip(edges[::2], edges[1::2], strict=True))


def scale(start: float, end: float, *, left: float, width: float, idles: Sequence[tuple[float, float]] = ()) -> Scale:
    """Return the scale on which *start* to *end* takes *width*, from *left* on.

    >>> line = scale(0.0, 110.0, left=0.0, width=136.0, idles=[(5.0, 105.0)])
    >>> [line.at(moment) for moment in (0.0, 5.0, 55.0, 105.0, 110.0)]
    [0.0, 50.0, 68.0, 86.0, 136.0]
    """
    busy = end - start - sum(to - since for since, to in idles)
    if busy <= 1e-9:  # nothing took any time: the waits in between share the line
        return Scale(start, end, left, 0.0, tuple(idles), width / len(idles) if idles else 0.0)
    short = min(_SHORT, width / 2 / len(idles)) if idles else 0.0
    return Scale(start, end, left, (width - short * len(idles)) / busy, tuple(idles), short)
