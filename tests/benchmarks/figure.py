"""What is measured, as a row of a table."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["ROUNDS", "Figure"]

ROUNDS = 9


@dataclass(frozen=True)
class Figure:
    """One figure: what it is, its value, and the bar that it must not pass, if there is one."""

    name: str
    value: float
    bar: float = math.inf
    at_least: bool = False
    unit: str = "x"

    @property
    def holds(self) -> bool:
        """Whether the figure is on the right side of its bar."""
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def row(self) -> str:
        """Return the figure as a row of a Markdown table."""
        if math.isinf(self.bar):
            return f"| {self.name} | {self.value:.2f} {self.unit} | – | – |"
        sign = "≥" if self.at_least else "≤"
        verdict = "yes" if self.holds else "**no**"
        return f"| {self.name} | {self.value:.2f} {self.unit} | {sign} {self.bar:g} {self.unit} | {verdict} |"
